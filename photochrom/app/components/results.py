"""What stands below the result: models side by side, a point's colors, alternatives, doubt."""

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st
from PIL import Image

from photochrom.app.components import elements
from photochrom.app.components.ab_plane import plane
from photochrom.app.display import jpeg
from photochrom.app.opened_image import Opened, Result
from photochrom.app.session import ALTERNATIVES, Fixed, Point, Seen
from photochrom.sampling import LikelyColor, entropy_image

AT_A_POINT = "Colors at a point"
_NEEDS = "A regression gives one color a pixel: choose a classifier to see what else is likely."
_EXPORTED = (
    "An exported model gives the decoded colors alone: choose the model that it was made from to "
    "see what else is likely."
)


def side_by_side(opened: Opened, made: Sequence[Result]) -> None:
    """Truth or gray, and each model, with its scores where the truth is known."""
    places = st.columns(1 + len(made))
    with places[0]:
        if opened.has_colors:
            elements.shown(opened.display.truth, "true colors")
        else:
            elements.shown(opened.display.by_lightness, "as it came: without colors of its own")
    for place, one in zip(places[1:], made, strict=True):
        with place:
            kind = one.seen.model.method
            elements.shown(one.jpeg, f"{one.name}, {kind}")
            if opened.has_colors:
                scores = opened.scores(one.seen, one.ab)
                st.caption(" · ".join(f"{score.name} {score.told}" for score in scores))
    if opened.has_colors:
        st.caption(
            "Scores of the whole image at a short side of 192 pixels against its true colors; "
            "docs/metrics.md defines them. A low ΔE is near the truth, which is not the only "
            "plausible image."
        )


def at_a_point(opened: Opened, made: Sequence[Result]) -> None:
    """The distribution at the point that was clicked; a color of it re-colors its region."""
    seen = made[0].seen
    if isinstance(seen, Fixed):
        st.info(_why(seen))
        return
    point: Point | None = st.session_state.get("point")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            "Choose a color: the region that the point belongs to takes it."
            if point
            else "Click a point of the image to see which colors it may have."
        )
        told = f"Undo ({len(seen.choices)})" if seen.choices else "Undo"
        st.button(told, on_click=seen.undo, disabled=not seen.choices, key="undo")
    if point is None:
        return
    L = opened.display.lightness_at(point.x, point.y)
    try:
        colors = seen.palette(point, L)
    except ValueError as error:
        st.error(f"{error}.")
        return
    svg = plane(seen.distribution(point), seen.model.gamut, L)
    elements.palette(svg, colors, key="palette", on_color=partial(_choose, seen, point))


def _why(seen: Fixed) -> str:
    """Why there is nothing to choose."""
    return _NEEDS if seen.model.method == "regression" else _EXPORTED


def _choose(seen: Seen, point: Point, color: LikelyColor) -> None:
    seen.choose(point, color.ab)
    st.session_state["alternative"] = 0


def alternatives(opened: Opened, made: Sequence[Result]) -> None:
    """Other plausible colorizations, each to be taken for the result."""
    seen = made[0].seen
    if isinstance(seen, Fixed):
        st.info(_why(seen))
        return
    taken = st.session_state.get("alternative", 0)
    places = st.columns(ALTERNATIVES)
    for number, (place, ab) in enumerate(zip(places, seen.alternatives(), strict=True), 1):
        with place:
            elements.shown(jpeg(opened.shown(seen, ab)), f"alternative {number}")
            st.button(
                "Taken" if taken == number else "Take it",
                key=f"alternative {number}",
                on_click=partial(_take, number),
                disabled=taken == number,
            )
    st.button("Back to the plain one", on_click=partial(_take, 0), disabled=not taken)


def _take(number: int) -> None:
    st.session_state["alternative"] = number


def doubt(opened: Opened, made: Sequence[Result]) -> None:
    """The entropy map."""
    seen = made[0].seen
    if isinstance(seen, Fixed):
        st.info(_why(seen))
        return
    bits = seen.entropy()
    width, height = opened.display.size
    gray = Image.fromarray(entropy_image(bits, (height, width))[0, 0].numpy())
    elements.shown(
        jpeg(gray),
        f"entropy of each pixel's distribution: black is certain, white 8 bits or more; mean "
        f"{bits.nanmean().item():.1f} bits",
    )


VIEWS: dict[str, Callable[[Opened, Sequence[Result]], None]] = {
    "Side by side": side_by_side,
    AT_A_POINT: at_a_point,
    "Alternatives": alternatives,
    "Entropy": doubt,
}
