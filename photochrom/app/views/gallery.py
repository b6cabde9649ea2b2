"""The page of what was kept: newest first, and one of them opened with how it was made."""

import json
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Any, TypeVar, get_args

import streamlit as st

from photochrom.app.components import elements
from photochrom.app.components.controls import DECODERS
from photochrom.app.gallery_access import SharedGallery, View
from photochrom.app.gallery_saving import told
from photochrom.app.opened_image import safe_stem
from photochrom.app.server_state import given
from photochrom.storage.gallery import Entry, What

T = TypeVar("T")
_ENTRY, _BEFORE = "entry", "before"  # of the page's address, so that it leads to what is shown
_MOST_TOLD = 200  # characters of a setting
_EMPTY = "Nothing is kept yet: **Keep in the gallery** on the page Colorize keeps an image here."


def show() -> None:
    """The page."""
    gallery = given().gallery
    if gallery is None:
        st.info("No gallery was given: photochrom app --gallery FOLDER shows one.")
    elif _ENTRY in st.query_params:
        _opened(gallery, st.query_params[_ENTRY])
    else:
        _browsed(gallery, st.query_params.get(_BEFORE))


def _browsed(gallery: SharedGallery, before: str | None) -> None:
    """A page of small results, and the way to older ones."""
    with st.spinner("Reading the gallery …"):
        leaf = _or_told(lambda: gallery.leaf(before))
        if leaf is None:
            return
        shown = _or_told(lambda: [(one, gallery.thumbnail(one)) for one in leaf.entries])
    if shown:
        images = [elements.Tile(jpeg, _when(one), _model(one)) for one, jpeg in shown]
        elements.tiles(images, key="tiles", on_tile=lambda number: _open(leaf.entries[number].name))
    elif not leaf.entries:
        st.info("There is nothing older." if before else _EMPTY)
    with st.container(horizontal=True):
        if before:
            st.button("Newest", on_click=_lead, args=(_BEFORE, None))
        if leaf.goes_on:
            st.button("Older", on_click=_lead, args=(_BEFORE, leaf.entries[-1].name))


def _opened(gallery: SharedGallery, name: str) -> None:
    """Before and after, settings, and both files."""
    st.button("Back to all", on_click=_lead, args=(_ENTRY, None))
    entry = _or_told(lambda: gallery.entry(name))
    if entry is None:
        return
    image_side, told_side = st.columns([3, 1], gap="medium")
    with told_side:
        elements.facts(_facts(entry))
        _downloads(gallery, entry)
    with image_side:
        whats: tuple[What, ...] = get_args(What)
        with st.spinner("Opening …"):
            found = {what: _or_told(partial(gallery.view, name, what), what) for what in whats}
        _compared({what: view for what, view in found.items() if view})


def _compared(views: dict[What, View]) -> None:
    """Image and result over each other; alone if the other one is damaged."""
    labels: dict[What, str] = {"picture": "as it came", "result": "in color"}
    if len(views) < len(labels):
        for what, view in views.items():
            elements.shown(view.jpeg, labels[what])
        return
    before, after = ((label, views[what].jpeg) for what, label in labels.items())
    elements.compare(before, after, views["result"].size, key="kept compare")


def _downloads(gallery: SharedGallery, entry: Entry) -> None:
    stem = safe_stem(str(entry.settings.get("original") or ""))
    ends: dict[What, str] = {"result": "-color", "picture": ""}
    for what, end in ends.items():
        st.download_button(
            f"Download the {what} ({_size(entry.bytes[what])})",
            partial(gallery.file, entry.name, what),
            f"{stem}{end}{entry.suffixes[what]}",
            "application/octet-stream",  # whatever the suffix says: never to be run as a page
            on_click="ignore",
            width="stretch",
        )
    settings = json.dumps(asdict(entry), indent=2, ensure_ascii=False)
    st.download_button(
        "Download the settings", settings, f"{stem}.json", on_click="ignore", width="stretch"
    )


def _facts(entry: Entry) -> dict[str, str]:
    """What is known of an entry, and applies: settings may be of any writer, and any JSON."""
    told = entry.settings
    decoder, choices, pages = (told.get(key) for key in ("decoder", "choices", "pages"))
    lines: dict[str, Any] = {
        "File": told.get("original"),
        "Size": f"{told['width']} × {told['height']}" if {"width", "height"} <= set(told) else None,
        "Pages": None if pages == 1 else pages,
        "Kept": _when(entry),
        "Model": told.get("model"),
        "Decoder": DECODERS.get(decoder, decoder) if isinstance(decoder, str) else None,
        "Temperature": told.get("temperature"),
        "Alternative": told.get("alternative"),
        "Colors chosen": len(choices) if isinstance(choices, list) else None,
        "Quality": told.get("quality"),
        "Version": entry.photochrom,
    }
    return {
        name: str(value)[:_MOST_TOLD] for name, value in lines.items() if value not in (None, "")
    }


def _when(entry: Entry) -> str:
    """Of its name, which can be relied upon: 20261122T0428… is 2026-11-22 04:28 UTC."""
    name = entry.name
    return f"{name[:4]}-{name[4:6]}-{name[6:8]} {name[9:11]}:{name[11:13]} UTC"


def _model(entry: Entry) -> str:
    return str(entry.settings.get("model") or "")[:_MOST_TOLD]


def _size(count: int) -> str:
    """Of a file: `2.1 MB`, or `34 kB`."""
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{max(1, round(count / 1e3))} kB"


def _or_told(ask: Callable[[], T], what: str = "") -> T | None:
    """What the gallery gives, or one line on why it does not."""
    try:
        return ask()
    except (ValueError, OSError) as error:
        st.error(f"{what}: {told(error, given())}.".removeprefix(": "))
        return None


def _open(name: str) -> None:
    _lead(_ENTRY, name)


def _lead(key: str, name: str | None) -> None:
    """Change the page's address."""
    if name is None:
        st.query_params.pop(key, None)
    else:
        st.query_params[key] = name
