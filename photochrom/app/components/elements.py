"""Parts of the pages that Streamlit has not: each a few lines of JavaScript, without a network."""

import base64
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import streamlit as st

from photochrom.app.session import Point
from photochrom.sampling import LikelyColor

_FOLDER = Path(__file__).parents[2] / "assets" / "app"
Act = Callable[[], None]


def compare(
    before: tuple[str, bytes],
    after: tuple[str, bytes],
    size: tuple[int, int],
    *,
    key: str,
    mark: Point | None = None,
    on_point: Callable[[Point], None] | None = None,
) -> None:
    """Two images, told by label and JPEG, over each other; `on_point` gets what is picked.

    Without it no point can be picked.
    """

    def picked() -> None:
        if on_point and (point := st.session_state[key].point) is not None:
            on_point(Point(*map(float, point)))

    data = {
        "left": before[0],
        "right": after[0],
        "before": _url(before[1]),
        "after": _url(after[1]),
        "width": size[0],
        "height": size[1],
        "mark": [mark.x, mark.y] if mark else None,
        "picks": on_point is not None,
    }
    part("compare")(key=key, data=data, on_point_change=picked)


def palette(
    plane: str, colors: Sequence[LikelyColor], *, key: str, on_color: Callable[[LikelyColor], None]
) -> None:
    """The ab plane as SVG, and buttons of likely colors; `on_color` gets the chosen one."""

    def chosen() -> None:
        number = st.session_state[key].color
        if number is not None and 0 <= int(number) < len(colors):
            on_color(colors[int(number)])

    told = [{"css": f"rgb{color.rgb}", "told": f"{color.probability:.0%}"} for color in colors]
    part("palette")(key=key, data={"plane": plane, "colors": told}, on_color_change=chosen)


class Tile(NamedTuple):
    """A small image to be opened; `None` stands for one that cannot be shown."""

    jpeg: bytes | None
    told: str
    more: str


def tiles(images: Sequence[Tile], *, key: str, on_tile: Callable[[int], None]) -> None:
    """Small images with two lines each, as text; `on_tile` gets the number of the chosen one."""

    def chosen() -> None:
        number = st.session_state[key].tile
        if number is not None and 0 <= int(number) < len(images):
            on_tile(int(number))

    data = [
        {"image": _url(one.jpeg) if one.jpeg else None, "told": one.told, "more": one.more}
        for one in images
    ]
    part("tiles")(key=key, data=data, on_tile_change=chosen)


def facts(lines: Mapping[str, str]) -> None:
    """Names and values, as text: nothing in it is taken for Markdown or HTML."""
    part("facts")(key="facts", data=list(lines.items()))


def report(page: str, title: str) -> None:
    """A page of HTML, shut in."""
    part("report")(key="report", data={"page": page, "title": title})


def shown(image: bytes, caption: str) -> None:
    """An image as wide as there is room."""
    st.image(image, caption=caption, width="stretch")


@cache
def part(name: str) -> Any:
    """A part by the name of its files: registered once, shown by a call."""
    html, css, js = (_FOLDER / f"{name}.{kind}" for kind in ("html", "css", "js"))
    return st.components.v2.component(
        f"photochrom_{name}",
        html=html.read_text("utf-8") if html.exists() else "<div></div>",
        css=css.read_text("utf-8") if css.exists() else None,
        js=js.read_text("utf-8"),
    )


def _url(data: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(data).decode()}"
