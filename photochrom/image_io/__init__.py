"""Read and write image files: where images come from, what is in them, and what goes back."""

from photochrom.image_io.decode import (
    MAX_PIXELS as MAX_PIXELS,
    Fit as Fit,
    decode_rgb as decode_rgb,
    packed_colors as packed_colors,
    png_bytes as png_bytes,
    read_rgb as read_rgb,
    readable_formats as readable_formats,
    register_plugins as register_plugins,
    sample as sample,
    save_png as save_png,
    unidentified as unidentified,
)
from photochrom.image_io.page import Page as Page
from photochrom.image_io.read import (
    OriginalFile as OriginalFile,
    decode_original as decode_original,
    of_rgb as of_rgb,
)
from photochrom.image_io.source_image import (
    MAX_BYTES as MAX_BYTES,
    ImageError as ImageError,
    Skipped as Skipped,
    SourceImage as SourceImage,
    TooLargeError as TooLargeError,
    digest as digest,
    printable as printable,
    summary as summary,
)
from photochrom.image_io.sources import (
    SUFFIXES as SUFFIXES,
    Found as Found,
    find as find,
    iterate as iterate,
    total as total,
)
from photochrom.image_io.write import (
    FORMATS as FORMATS,
    Format as Format,
    Written as Written,
    encode_original as encode_original,
    format_named as format_named,
    suffix_of as suffix_of,
    writable as writable,
)
