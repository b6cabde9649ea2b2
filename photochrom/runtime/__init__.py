"""This process: its memory and its threads."""
