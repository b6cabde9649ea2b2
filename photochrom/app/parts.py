"""Parts of the pages that Streamlit has not: each a few lines of JavaScript, without a network."""

import base64
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from photochrom.app.seen import Point
from photochrom.choices import LikelyColor

_FOLDER = Path(__file__).parents[1] / "assets" / "app"
Act = Callable[[], None]


def compare(
    before: tuple[str, bytes],
    after: tuple[str, bytes],
    size: tuple[int, int],
    *,
    key: str,
    mark: Point | None,
    on_point: Callable[[Point], None],
) -> None:
    """Two pictures, told by label and JPEG, over each other; `on_point` gets what is picked."""

    def picked() -> None:
        if (point := st.session_state[key].point) is not None:
            on_point(Point(*map(float, point)))

    data = {
        "left": before[0],
        "right": after[0],
        "before": _url(before[1]),
        "after": _url(after[1]),
        "width": size[0],
        "height": size[1],
        "mark": [mark.x, mark.y] if mark else None,
    }
    part("compare")(key=key, data=data, on_point_change=picked)


def palette(
    plane: str, colors: Sequence[LikelyColor], *, key: str, on_color: Callable[[LikelyColor], None]
) -> None:
    """The ab plane as SVG, and buttons of likely colours; `on_color` gets the chosen one."""

    def chosen() -> None:
        number = st.session_state[key].color
        if number is not None and 0 <= int(number) < len(colors):
            on_color(colors[int(number)])

    told = [{"css": f"rgb{color.rgb}", "told": f"{color.probability:.0%}"} for color in colors]
    part("palette")(key=key, data={"plane": plane, "colors": told}, on_color_change=chosen)


def report(page: str, title: str) -> None:
    """A page of HTML, shut in."""
    part("report")(key="report", data={"page": page, "title": title})


def shown(image: bytes, caption: str) -> None:
    """A picture as wide as there is room."""
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
