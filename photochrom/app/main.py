"""What Streamlit runs for every answer: the pages, by name."""

import streamlit as st

from photochrom.app import colorize_page


def main() -> None:
    """Show the page that is asked for."""
    st.set_page_config("photochrom", layout="wide")
    pages = [
        st.Page(colorize_page.show, title="Colorize", default=True),
    ]
    st.navigation(pages, position="top").run()


main()
