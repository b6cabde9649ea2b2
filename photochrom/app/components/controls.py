"""What is asked of the colorizer: the images, the models, and how colors are decoded."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

import streamlit as st

from photochrom.app.batch import Dropped
from photochrom.app.server_state import Given
from photochrom.app.session import Look
from photochrom.config import Decoder
from photochrom.models import Colorizer, OnnxColorizer

SAMPLES = Path(__file__).parents[2] / "assets" / "samples"
_FIRST = "snow_peaks"
_NONE = "none"
_EXPORTED = (
    "Exported models ({}) decode inside their file: no temperature, decoder, palette or "
    "alternatives can be chosen for them."
)
DECODERS = {"annealed": "annealed mean", "mode": "mode", "mean": "mean"}
Method = Literal["classification", "regression"]


@dataclass(frozen=True)
class Asked:
    """The answers of one session."""

    key: str
    """Of the image that is shown: another image has another."""
    shown: Dropped
    dropped: tuple[Dropped, ...]
    model: str
    other: str | None
    """A second model, beside the first."""
    look: Look


def controls(given: Given) -> Asked:
    """Show them, and read them."""
    key, shown, dropped = _images(given)
    model, other = _models(given)
    return Asked(key, shown, dropped, model, other, _look(given, model, other))


def _images(given: Given) -> tuple[str, Dropped, tuple[Dropped, ...]]:
    files = st.file_uploader(
        "ImageSets",
        accept_multiple_files=True,
        key="images",
        max_upload_size=given.config.max_megabytes,
    )
    if st.toggle("Use the camera") and (taken := st.camera_input("Camera")):
        files = [*files, taken]
    dropped = tuple(Dropped(file.name, file.getvalue()) for file in files)
    if len(files) > 1:
        place = st.selectbox(
            "Shown", range(len(files)), format_func=lambda one: f"{one + 1}: {files[one].name}"
        )
    else:
        place = 0
    if files:
        return files[place].file_id, dropped[place], dropped
    names = sorted(path.stem for path in SAMPLES.glob("*.jpg"))
    sample = st.selectbox(
        "or a sample", names, names.index(_FIRST), format_func=_spoken, key="sample"
    )
    data = (SAMPLES / f"{sample}.jpg").read_bytes()
    return f"sample {sample}", Dropped(f"{sample}.jpg", data), ()


def _models(given: Given) -> tuple[str, str | None]:
    names = list(given.shelf)
    model = st.selectbox(
        "Model", names, _first(given, "classification", names[0]), key="model", help=_help(given)
    )
    others = [_NONE, *(name for name in names if name != model)]
    second = _first(given, "regression", _NONE)
    place = others.index(names[second]) if names[second] in others else 0
    other = st.selectbox("Beside it", others, place, key="other")
    return model, None if other == _NONE else other


def _first(given: Given, method: Method, otherwise: str) -> int:
    """Which of the shelf's models is the first of that method."""
    names = list(given.shelf)
    for place, name in enumerate(names):
        if given.model(name).method == method:
            return place
    return names.index(otherwise) if otherwise in names else 0


def _help(given: Given) -> str:
    told = (f"{name}: {given.model(name).method}" for name in given.shelf)
    return "; ".join(told)


def _look(given: Given, model: str, other: str | None) -> Look:
    names = [name for name in (model, other) if name]
    own = [one for one in map(given.model, names) if isinstance(one, Colorizer)]
    exported = [name for name in names if isinstance(given.model(name), OnnxColorizer)]
    classifiers = [one for one in own if one.method == "classification"]
    if exported:
        st.caption(_EXPORTED.format(", ".join(exported)))
        if not classifiers:
            return Look()
    temperature = st.slider(
        "Temperature",
        0.05,
        1.0,
        (classifiers or own)[0].temperature,
        0.01,
        key="temperature",
        disabled=not classifiers or st.session_state.get("decoder", "annealed") != "annealed",
        help="Of the annealed mean: low is vivid and patchy, 1 is the mean, smooth and pale.",
    )
    decoder = st.selectbox(
        "Decoder",
        get_args(Decoder),
        format_func=DECODERS.__getitem__,
        key="decoder",
        disabled=not classifiers,
    )
    return Look(temperature, cast(Decoder, decoder))


def _spoken(name: str) -> str:
    return name.replace("_", " ")
