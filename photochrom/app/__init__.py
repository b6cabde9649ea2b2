"""The colorizer in a browser, by Streamlit: `launch` starts it, `main` is what Streamlit runs.

What is worked out is in `display`, `seen`, `image`, `batch`, `dropped` and `plane`, which know
nothing of Streamlit; the pages only show it.
"""
