"""The pages of the app: `views`, since Streamlit takes a folder `pages` for pages of its own."""
