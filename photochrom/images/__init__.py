"""Any source of pictures → sRGB arrays: the one place that knows where pictures come from."""

from photochrom.images.decode import (
    GREY_REACH as GREY_REACH,
    MAX_PIXELS as MAX_PIXELS,
    Fit as Fit,
    decode as decode,
    formats as formats,
    packed_colors as packed_colors,
    png_bytes as png_bytes,
    read as read,
    register_plugins as register_plugins,
    sample as sample,
    save_png as save_png,
    unidentified as unidentified,
)
from photochrom.images.picture import (
    MAX_BYTES as MAX_BYTES,
    Picture as Picture,
    PictureError as PictureError,
    Skipped as Skipped,
    TooLargeError as TooLargeError,
    digest as digest,
    printable as printable,
    summary as summary,
)
from photochrom.images.sources import (
    SUFFIXES as SUFFIXES,
    Found as Found,
    find as find,
    iterate as iterate,
    total as total,
)
