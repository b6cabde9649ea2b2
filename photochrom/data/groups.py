"""Where each image is from, as a table says: to be balanced by, or told apart by."""

import csv
from collections.abc import Sequence
from pathlib import PurePosixPath

from photochrom import storage
from photochrom.errors import DataError
from photochrom.image_io import SourceImage

_MOST_BYTES = 1_000_000_000  # of a table: ten million lines or so


def read_sources(table: str, images: Sequence[SourceImage]) -> list[str]:
    """The column `source` of a table for each image, by its name in the column `key`.

    The table is a .tsv or .csv at a path or URL. A key is the whole name or that without its
    suffix. `ValueError` if the table cannot be read, lacks a column, or has no line for one of
    the images.
    """
    try:
        data = storage.read_whole(table, _MOST_BYTES)
        if data is None:
            raise DataError(f"more than {_MOST_BYTES} bytes")
        text = data.decode("utf-8")
    except (OSError, ValueError) as error:
        raise DataError(
            f"{table}: expected a table with the columns key and source ({error})"
        ) from None
    lines = csv.DictReader(text.splitlines(), delimiter="," if table.endswith(".csv") else "\t")
    lacking = {"key", "source"} - set(lines.fieldnames or ())
    if lacking:
        raise DataError(f"{table}: expected the columns key and source, got no {min(lacking)}")
    known = {line["key"]: line["source"] for line in lines}
    found = [known.get(image.name, known.get(_stem(image.name))) for image in images]
    if None in found:
        raise DataError(
            f"{table}: expected a line for each of {len(images)} images, got none for "
            f"{found.count(None)}: the first is {images[found.index(None)].name}"
        )
    return [source for source in found if source is not None]


def _stem(name: str) -> str:
    return str(PurePosixPath(name).with_suffix(""))
