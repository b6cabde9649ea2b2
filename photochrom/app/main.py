"""What Streamlit runs for every answer: the pages, by name."""

import streamlit as st

from photochrom.app.server_state import given
from photochrom.app.views import colorize, gallery, prior, study

_STYLE = (
    "<style>.stMainBlockContainer { padding-top: 4rem; padding-bottom: 2rem; max-width: 1500px }"
    "</style>"
)


def main() -> None:
    """Show the page that is asked for."""
    st.set_page_config("photochrom", layout="wide")
    st.html(_STYLE)
    pages = [
        st.Page(colorize.show, title="Colorize", url_path="colorize", default=True),
        st.Page(prior.show, title="Prior", url_path="prior"),
        st.Page(study.show, title="Study", url_path="study"),
    ]
    if given().gallery:
        pages.insert(1, st.Page(gallery.show, title="Gallery", url_path="gallery"))
    st.navigation(pages, position="top").run()


main()
