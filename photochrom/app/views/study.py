"""The page of studies: the report of a finished one, to be browsed."""

import contextlib

import streamlit as st

from photochrom import storage
from photochrom.app.components import elements
from photochrom.app.server_state import given
from photochrom.errors import ConfigError

_REPORTS = ("report/", "")
_SCORES = "scores.json"
_MOST_BYTES = 200_000_000


def show() -> None:
    """The page."""
    all_sessions = given()
    folder = None
    if all_sessions.studies:
        folder = st.selectbox("Study", all_sessions.studies, format_func=_name)
    if all_sessions.config.at_home:
        place = st.text_input(
            "The folder of a finished study, or its URL", placeholder="runs/study"
        )
        folder = place or folder
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
    elements.report(page, f"Report of {_name(folder)}")


def _name(folder: str) -> str:
    return folder.rstrip("/").rpartition("/")[2]


def report_in(folder: str) -> str:
    """The report page of a study or an evaluation; `ValueError` where there is none."""
    for below in _REPORTS:
        page = f"{folder.rstrip('/')}/{below}index.html"
        if not storage.exists(f"{folder.rstrip('/')}/{below}{_SCORES}"):
            continue
        with contextlib.suppress(FileNotFoundError):
            data = storage.read_whole(page, _MOST_BYTES)
            if data is None:
                raise ConfigError(f"{page}: expected a report of at most {_MOST_BYTES} bytes")
            return data.decode("utf-8")
    raise ConfigError(f"{folder}: expected the folder of a finished study, found no report in it")
