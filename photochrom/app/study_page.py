"""The page of studies: the report of a finished one, to be browsed."""

from pathlib import Path

import streamlit as st

from photochrom.app import parts
from photochrom.app.given import given

_PAGES = ("report/index.html", "index.html")
_SCORES = "scores.json"
_MOST_BYTES = 200_000_000


def show() -> None:
    """The page."""
    all_sessions = given()
    folder = None
    if all_sessions.studies:
        folder = st.selectbox("Study", all_sessions.studies, format_func=lambda one: one.name)
    if all_sessions.config.at_home:
        place = st.text_input("The folder of a finished study", placeholder="runs/study")
        folder = Path(place) if place else folder
    if folder is None:
        st.info(
            "Name the folder of a finished study, or of a report."
            if all_sessions.config.at_home
            else "No study was given: photochrom app --studies FOLDER shows one."
        )
        return
    try:
        page = report_in(folder)
    except (ValueError, OSError) as error:
        st.error(f"{error}.")
        return
    parts.report(page, f"Report of {folder.name}")


def report_in(folder: Path) -> str:
    """The report page of a study or an evaluation; `ValueError` where there is none."""
    for name in _PAGES:
        page = folder / name
        if page.is_file() and (page.parent / _SCORES).is_file():
            if page.stat().st_size > _MOST_BYTES:
                raise ValueError(f"{page}: expected a report of at most {_MOST_BYTES} bytes")
            return page.read_text(encoding="utf-8")
    raise ValueError(f"{folder}: expected the folder of a finished study, found no report in it")
