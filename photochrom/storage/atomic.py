"""Files that are whole or absent.

Everything photochrom writes goes through `write_whole`: beside the target first, then renamed
over it, so that a full disk or a killed process never leaves half a file under its name.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from photochrom import storage
from photochrom.errors import FormatError

_LONGEST_NAME = 255  # bytes, on the file systems that people have


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Where to write what becomes `path` if all goes well, and goes away if it does not.

    `OSError` names `path` and leaves no new file.
    """
    partial = path.with_name(_partial(path.name))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        os.replace(partial, path)
    except OSError as error:
        reason = f"could not be written ({error.strerror or error})"
        mend = "make room, or name another output"
        raise OSError(error.errno, f"{path}: {reason}: {mend}") from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()


def _partial(name: str) -> str:
    """`x.png.partial`, or, where that is no name any more, a shorter one."""
    longer = f"{name}.partial"
    if len(os.fsencode(longer)) <= _LONGEST_NAME:
        return longer
    return f"{hashlib.sha256(os.fsencode(name)).hexdigest()}.partial"


def write_whole(path: Path, data: bytes) -> None:
    """Write `data` to `path` in one step, creating its folder; `OSError` leaves no new file."""
    with replacing(path) as partial, open(partial, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def write_anywhere(place: str, data: bytes) -> None:
    """`write_whole`, at a local path or a URL."""
    local = place.removeprefix("file://")
    if storage.is_url(local):
        storage.put(place, data)
    else:
        write_whole(Path(local), data)


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, whole or not at all.

    A byte of a file's name that is no UTF-8 becomes `\\udcXX`, as `os.fsencode` takes it back.
    """
    text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    write_whole(path, text.encode(errors="backslashreplace"))


def read_json(path: Path, what: str) -> dict[str, Any]:
    """The JSON object in `path`; `ValueError` names `what` was expected there."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise FormatError(f"{path}: expected {what}, found no such file") from None
    return parse_json(data, str(path), what)


def parse_json(data: bytes, place: str, what: str) -> dict[str, Any]:
    """The JSON object in the bytes of `place`; `ValueError` names `what` was expected there."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise FormatError(
            f"{place}: expected {what}, got text that is not JSON ({error})"
        ) from None
    if not isinstance(value, dict):
        raise FormatError(f"{place}: expected {what}, got a JSON {type(value).__name__}")
    return value


def refuse_existing(path: Path, *, overwrite: bool) -> None:
    """Raise `FileExistsError` if `path` is there and may not be replaced."""
    if path.exists() and not overwrite:
        raise FileExistsError(
            f"{path}: expected a new output, found one that exists: name another or add --overwrite"
        )
