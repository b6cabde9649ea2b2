"""Originals: a picture file's pages as they are, their lightness, and the same file in colour."""

from photochrom.originals.page import Page as Page
from photochrom.originals.read import OriginalFile as OriginalFile, of_rgb as of_rgb, read as read
from photochrom.originals.write import (
    FORMATS as FORMATS,
    Format as Format,
    Written as Written,
    format_named as format_named,
    suffix_of as suffix_of,
    writable as writable,
    write as write,
)
