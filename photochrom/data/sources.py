"""Where each picture is from, as a table says: to be balanced by, or told apart by."""

import csv
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from photochrom.images import Picture


def read_sources(table: Path, pictures: Sequence[Picture]) -> list[str]:
    """The column `source` of a .tsv or .csv for each picture, by its name in the column `key`.

    A key is the whole name or that without its suffix. `ValueError` if the table cannot be
    read, lacks a column, or has no line for one of the pictures.
    """
    try:
        text = table.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(
            f"{table}: expected a table with the columns key and source ({error})"
        ) from None
    lines = csv.DictReader(text.splitlines(), delimiter="," if table.suffix == ".csv" else "\t")
    lacking = {"key", "source"} - set(lines.fieldnames or ())
    if lacking:
        raise ValueError(f"{table}: expected the columns key and source, got no {min(lacking)}")
    known = {line["key"]: line["source"] for line in lines}
    found = [known.get(picture.name, known.get(_stem(picture.name))) for picture in pictures]
    if None in found:
        raise ValueError(
            f"{table}: expected a line for each of {len(pictures)} pictures, got none for "
            f"{found.count(None)}: the first is {pictures[found.index(None)].name}"
        )
    return [source for source in found if source is not None]


def _stem(name: str) -> str:
    return str(PurePosixPath(name).with_suffix(""))
