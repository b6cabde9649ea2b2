"""The page that colorizes: the result large, and below it what else the model knows."""

import streamlit as st

from photochrom.app import gallery_saving
from photochrom.app.batch import Dropped, Zip
from photochrom.app.components import elements, results
from photochrom.app.components.controls import Asked, controls
from photochrom.app.opened_image import Opened, Result
from photochrom.app.server_state import Given, given
from photochrom.app.session import Fixed, Look, Point, Seen
from photochrom.image_io import ImageError

_GRAY, _TRUTH = "gray", "true colors"


def show() -> None:
    """The page."""
    all_sessions = given()
    image_side, control_side = st.columns([3, 1], gap="medium")
    with control_side:
        asked = controls(all_sessions)
    with image_side:
        opened = _opened(asked, all_sessions)
        if opened:
            with st.spinner("Colorizing …"):
                for name in filter(None, (asked.model, asked.other)):
                    if name not in opened.seen:
                        all_sessions.work(opened.see, name, all_sessions.model(name))
            seen = opened.seen[asked.model]
            with control_side:
                _downloads(opened, seen, asked, all_sessions)
            made = _result(opened, asked)
    if opened:
        _below(opened, made)


def _opened(asked: Asked, all_sessions: Given) -> Opened | None:
    """The image that is shown: opened once, and alone in this session's memory."""
    held = st.session_state.get("opened")
    if held and held[0] == asked.key:
        opened: Opened = held[1]
        return opened
    for name in ("opened", "point", "alternative", "zip"):
        st.session_state.pop(name, None)
    try:
        with st.spinner("Opening …"):
            opened = all_sessions.work(
                Opened,
                asked.shown.data,
                asked.shown.name,
                most_pixels=all_sessions.config.most_pixels,
                works=all_sessions.works(),
            )
    except ImageError as error:
        st.error(f"{asked.shown.name}: {error}.")
        return None
    st.session_state["opened"] = (asked.key, opened)
    return opened


def _result(opened: Opened, asked: Asked) -> list[Result]:
    """Show the result; what each model made, the first one first."""
    made = [opened.result(asked.model, _look_of(asked, opened.seen[asked.model]))]
    if asked.other:
        made.append(opened.result(asked.other, asked.look))
    _compared(opened, *made)
    for note in opened.notes:
        st.caption(note)
    return made


def _below(opened: Opened, made: list[Result]) -> None:
    """What is asked for beside the result; only that is worked out."""
    first = next(iter(results.VIEWS))
    chosen = st.pills("More", list(results.VIEWS), default=first, key="view")
    if chosen:
        results.VIEWS[chosen](opened, made)


def _look_of(asked: Asked, seen: Seen | Fixed) -> Look:
    """As it was asked for, after a callback changed what only it knows."""
    chosen = st.session_state.get("alternative", 0) if seen.classifies else 0
    return Look(asked.look.temperature, asked.look.decoder, chosen)


def _compared(opened: Opened, made: Result, *others: Result) -> None:
    """The divider, between the result and what was chosen to stand before it."""
    images = {_GRAY: opened.display.by_lightness}
    if opened.has_colors:
        images[_TRUTH] = opened.display.truth
    images |= {other.name: other.jpeg for other in others}
    with st.container(horizontal=True, vertical_alignment="center"):
        before = st.segmented_control("Before", list(images), default=_GRAY, key="before")
    before = before if before in images else _GRAY
    elements.compare(
        (before, images[before]),
        (made.name, made.jpeg),
        opened.display.size,
        key="compare",
        mark=st.session_state.get("point"),
        on_point=_picked,
    )
    st.caption(f"{opened.name}, {opened.width} × {opened.height}: drag the divider, click a point.")


def _picked(point: Point) -> None:
    st.session_state["point"] = point
    st.session_state["view"] = results.AT_A_POINT


def _downloads(opened: Opened, seen: Seen | Fixed, asked: Asked, all_sessions: Given) -> None:
    look = _look_of(asked, seen)

    def whole() -> bytes:
        return all_sessions.work(opened.download, seen, look).data

    st.download_button(
        "Download", whole, opened.download_name, on_click="ignore", width="stretch", type="primary"
    )
    gallery_saving.keep_button(opened, asked.model, seen, look, all_sessions)
    if len(asked.dropped) > 1:
        _zip(asked.dropped, asked, look, all_sessions)
        gallery_saving.keep_all_button(asked.dropped, asked.model, look, all_sessions)


def _zip(files: tuple[Dropped, ...], asked: Asked, look: Look, all_sessions: Given) -> None:
    """All images by the first model, without choices of one of them."""
    of = (tuple(hash(file.data) for file in files), asked.model, look.temperature, look.decoder)
    if st.button(f"Colorize all {len(files)}", width="stretch"):
        archive, bar = Zip(), st.progress(0.0, "Colorizing …")
        plain, model = Look(look.temperature, look.decoder), all_sessions.model(asked.model)
        made = archive.fill(files, model, plain, most_pixels=all_sessions.config.most_pixels)
        for number in range(len(files)):
            name = all_sessions.work(next, made)
            bar.progress((number + 1) / len(files), f"{number + 1} of {len(files)}: {name}")
        next(made, None)  # closes the zip
        bar.empty()
        st.session_state["zip"] = (of, archive.data, archive.failed)
    held = st.session_state.get("zip")
    if not held or held[0] != of:
        return
    for failed in held[2]:
        st.error(f"{failed.name}: {failed.reason}.")
    if len(held[2]) < len(files):
        st.download_button(
            "Download all", held[1], "photochrom.zip", on_click="ignore", width="stretch"
        )
