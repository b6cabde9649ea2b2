"""The page of color priors: how often each color occurs, and how two priors differ."""

import streamlit as st

from photochrom.app.batch import Dropped
from photochrom.app.server_state import Given, given
from photochrom.app.uploads import AnyPrior, prior_at, prior_of
from photochrom.prior import (
    PriorFile,
    alike,
    describe,
    distance,
    load_any,
    plot_difference,
    plot_prior,
)

_SHIPPED = "photographs"
_OTHER, _NOTHING = "another file", "nothing"
Named = tuple[str, AnyPrior]


def show() -> None:
    """The page."""
    all_sessions = given()
    shown_side, asked_side = st.columns([3, 1], gap="medium")
    with asked_side:
        one = _asked("prior", all_sessions)
        choices = [_NOTHING, _OTHER] if one and one[0] == _SHIPPED else [_SHIPPED, _OTHER, _NOTHING]
        wanted = st.selectbox("Compare with", choices)
        other = _compared_with(wanted, all_sessions)
    with shown_side:
        if one:
            _told(*one)
        if one and other:
            _difference(one, other)


def _asked(key: str, all_sessions: Given) -> Named | None:
    """The prior that is shown: kept, so that nothing is counted twice."""
    files = st.file_uploader(
        "A prior file (.h5), or images whose colors are counted",
        accept_multiple_files=True,
        key=f"{key} files",
        max_upload_size=all_sessions.config.max_megabytes,
    )
    place = ""
    if all_sessions.config.at_home:
        place = st.text_input("or the path or URL of a prior file or of images", key=f"{key} path")
    if not files and not place:
        return _shipped() if key == "prior" else None
    name = files[0].name if len(files) == 1 else place or f"{len(files)} files"
    held = st.session_state.get(f"{key} held")
    asked_for = (tuple(file.file_id for file in files), place)
    if held and held[0] == asked_for:
        return name, held[1]
    dropped = [Dropped(file.name, file.getvalue()) for file in files]
    bar = st.progress(0.0, "Counting colors …")

    def on_done(done: int, total: int) -> None:
        bar.progress(min(1.0, done / total), f"Counting colors: {done} of {total} images")

    try:
        with all_sessions.counting:
            most = all_sessions.config.most_pixels
            found = prior_of(dropped, most, on_done) if dropped else prior_at(place, on_done)
    except (ValueError, OSError) as error:
        st.error(f"{error}.")
        return None
    finally:
        bar.empty()
    st.session_state[f"{key} held"] = (asked_for, found)
    return name, found


def _compared_with(wanted: str, all_sessions: Given) -> Named | None:
    if wanted == _SHIPPED:
        return _shipped()
    return _asked("other prior", all_sessions) if wanted == _OTHER else None


@st.cache_resource(show_spinner=False)
def _shipped() -> Named:
    return _SHIPPED, load_any(_SHIPPED)


def _told(name: str, prior: AnyPrior) -> None:
    st.subheader(name)
    if not isinstance(prior, PriorFile):
        st.info("Probabilities alone: there are no counts to tell of.")
        return
    st.image(plot_prior(prior), width="stretch")
    st.table(describe(prior))
    st.download_button(
        "Download the prior", prior.encoded, "prior.h5", on_click="ignore", key="download prior"
    )


def _difference(one: Named, other: Named) -> None:
    """How far they are from each other, in numbers and on the plane."""
    st.subheader(f"{one[0]} and {other[0]}")
    try:
        first, second = alike(one[1], other[1])
    except ValueError as error:
        st.error(f"{error}.")
        return
    apart = distance(first.p, second.p, first.gamut.bins.double().numpy())
    l1, shannon, mover = st.columns(3)
    l1.metric("L1", f"{apart.l1:.4f}", help="Σ |p - q|, from 0 to 2.")
    shannon.metric("Jensen–Shannon, bits", f"{apart.jensen_shannon:.4f}")
    mover.metric("earth mover's, ab", f"{apart.earth_mover:.2f}")
    st.image(plot_difference(first, second, (one[0], other[0])), width="stretch")
