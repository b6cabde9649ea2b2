"""The page that shows raters a photograph beside its colorization, and what the page embeds.

`index.html` is one file without references: images are data URIs, each embedded once. The page
assigns methods, order and sides to each rater by the study's seed and the rater's code;
`study.json` states what it contains. Every rater sees the same images; methods differ.
"""

import base64
import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from photochrom.errors import ParameterError
from photochrom.human_study.answers import FORMAT as ANSWERS_FORMAT, VERSION
from photochrom.human_study.embedded import Sources, absurd
from photochrom.storage.atomic import write_json, write_whole

FORMAT = "photochrom human study"
DISPLAY_MS = 1000
"""How long a pair is visible: Zhang et al. 2016, section 3.1."""
_PRACTICE = 4  # pairs with feedback, at least; as many of each method
_RESERVED = 6  # at most a sixth of the images, if there are too few, is kept from counted pairs
_SECONDS = 3.5  # a pair with its answer takes

Images = Mapping[str, UInt8[np.ndarray, "_ _ 3"]]


def write_human_study(
    truth: Images,
    methods: Mapping[str, Images],
    folder: Path,
    *,
    seed: int = 0,
    trials: int = 80,
    attention: int = 8,
) -> Path:
    """Write a two-alternative forced-choice study as one page, `index.html`, and `study.json`.

    A rater sees each image in at most one counted pair. Practice pairs and attention checks use
    images that no counted pair uses; where there are too few images for all, these share up to a
    sixth of them, and there are fewer counted pairs.

    Args:
        truth: The photographs, 8-bit RGB, by name.
        methods: For each method its colorizations, by the names of `truth` and of the same shapes.
        folder: Where to write; created if missing.
        seed: Seeds the choice of images and, with a rater's code, each rater's order.
        trials: Counted pairs per rater, at most: there are no more than images left.
        attention: Pairs per rater in which the colorization is obviously fake.

    Returns:
        The path of `index.html`.

    Raises:
        ValueError: If there are fewer than 2 images, or no method, or an image lacks a colorization
            of its own shape.
    """
    _check(truth, methods, trials, attention)
    study = _study(truth, methods, seed, trials, attention)
    page = folder / "index.html"
    page.unlink(missing_ok=True)  # an older page must not stay beside the new description
    write_json(folder / "study.json", _description(study))
    write_whole(page, _rendered(study).encode())
    return page


def _check(truth: Images, methods: Mapping[str, Images], trials: int, attention: int) -> None:
    if len(truth) < 2:
        raise ParameterError(
            f"expected 2 images or more for a human study, got {len(truth)}: add some"
        )
    if not methods:
        raise ParameterError("expected at least one method for a human study, got none: name one")
    if trials < 1:
        raise ParameterError(f"trials must be 1 or more, got {trials}")
    if attention < 0:
        raise ParameterError(f"attention must be 0 or more, got {attention}")
    for method, made in methods.items():
        for name, image in truth.items():
            _check_pair(method, name, image, made.get(name))


def _check_pair(
    method: str,
    name: str,
    truth: UInt8[np.ndarray, "_ _ 3"],
    made: UInt8[np.ndarray, "_ _ 3"] | None,
) -> None:
    if made is None:
        raise ParameterError(f"{method}: expected a colorization of {name}, found none: add it")
    if made.shape != truth.shape:
        (height, width), (rows, columns) = truth.shape[:2], made.shape[:2]
        raise ParameterError(
            f"{method}: expected {name} as {height}×{width}, got {rows}×{columns}: resize it"
        )


def _study(
    truth: Images, methods: Mapping[str, Images], seed: int, trials: int, attention: int
) -> dict[str, Any]:
    """Choose the images, and build what the page embeds."""
    names, labels = sorted(truth), list(methods)
    order = [names[place] for place in np.random.default_rng(seed).permutation(len(names))]
    practice = len(labels) * math.ceil(_PRACTICE / len(labels))
    wanted = practice + attention
    reserved = min(wanted, max(len(names) - trials, len(names) // _RESERVED, 1))
    kept = [order[place % reserved] for place in range(wanted)]
    counted = order[reserved : reserved + trials]
    sources = Sources()
    study = {
        "format": FORMAT,
        "answers_format": ANSWERS_FORMAT,
        "version": VERSION,
        "seed": seed,
        "display_ms": DISPLAY_MS,
        "side": max(max(truth[name].shape[:2]) for name in (*kept, *counted)),
        "methods": [_text(label) for label in labels],
        "trials": len(counted),
        "practice": [
            _practice_pair(name, labels[place % len(labels)], truth, methods, sources)
            for place, name in enumerate(kept[:practice])
        ],
        "attention": [_attention_pair(name, truth, sources) for name in kept[practice:]],
        "images": [_counted(name, truth, methods, sources) for name in counted],
    }
    study["sources"] = list(sources.places)
    return study | {"id": _digest(study)}


def _practice_pair(
    name: str, method: str, truth: Images, methods: Mapping[str, Images], sources: Sources
) -> dict[str, Any]:
    return {
        "image": _text(name),
        "method": _text(method),
        "truth": sources.add(truth[name]),
        "fake": sources.add(methods[method][name]),
    }


def _attention_pair(name: str, truth: Images, sources: Sources) -> dict[str, Any]:
    return {
        "image": _text(name),
        "truth": sources.add(truth[name]),
        "fake": sources.add(absurd(truth[name])),
    }


def _counted(
    name: str, truth: Images, methods: Mapping[str, Images], sources: Sources
) -> dict[str, Any]:
    return {
        "name": _text(name),
        "truth": sources.add(truth[name]),
        "made": [sources.add(made[name]) for made in methods.values()],
    }


def _text(name: str) -> str:
    """Return a name without bytes that are not UTF-8, which a browser could not write back."""
    return name.encode(errors="backslashreplace").decode()


def _digest(study: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(study, sort_keys=True).encode()).hexdigest()[:16]


def _description(study: Mapping[str, Any]) -> dict[str, Any]:
    """Return the study without its pixels: what `study.json` holds."""
    kept = ("format", "version", "id", "seed", "display_ms", "methods", "trials")
    return {key: study[key] for key in kept} | {
        "images": [one["name"] for one in study["images"]],
        "practice": [{key: one[key] for key in ("image", "method")} for one in study["practice"]],
        "attention": [one["image"] for one in study["attention"]],
        "assignment": "per rater: images shuffled, each in one pair; as many pairs of each method "
        "within one; the photograph left as often as right within one for each method; checks "
        "spread evenly. Seeded by 'seed/id/rater': FNV-1a, then mulberry32, as in index.html",
    }


def _rendered(study: Mapping[str, Any]) -> str:
    environment = Environment(
        loader=PackageLoader("photochrom", "assets"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style, script = (_asset(environment, name) for name in ("page.css", "page.js"))
    pairs = study["trials"] + len(study["attention"])
    return environment.get_template("human_study.html.j2").render(
        study=study,
        style=Markup(style),
        script=Markup(script),
        style_hash=_csp_hash(style),
        script_hash=_csp_hash(script),
        practice=len(study["practice"]),
        pairs=pairs,
        minutes=max(1, round((pairs + len(study["practice"])) * _SECONDS / 60)),
    )


def _asset(environment: Environment, name: str) -> str:
    """Return a file that is no template, with the line ends that a browser hashes."""
    assert environment.loader is not None
    source = environment.loader.get_source(environment, f"human_study/{name}")[0]
    return source.replace("\r\n", "\n")


def _csp_hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
