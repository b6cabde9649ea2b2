"""Parts that the pages are built from."""
