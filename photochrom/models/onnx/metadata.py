"""The bytes of an exported model: a graph, and behind it metadata that tell its checksum.

Metadata are the last fields of the file (`ModelProto.metadata_props` of onnx.proto). So those of a
file at a URL are read first, and then the graph, unless one of that checksum is in the cache.
"""

import math
import re
from collections.abc import Mapping

from photochrom import storage
from photochrom.errors import ModelError
from photochrom.models.io.cache import fetched

ENDING = ".onnx"
ONNX_FORMAT, ONNX_VERSION = "photochrom onnx", "1"
_MOST = 2**31  # bytes: protobuf ends there, too
_END = 2**16  # bytes in which metadata are looked for
_PROPERTY, _KEY, _VALUE = b"r", b"\n", b"\x12"  # fields 14 of the model, 1 and 2 of a property
_FIRST = b"r\x19\n\x06format\x12\x0f" + ONNX_FORMAT.encode()
# What says in which file a tensor lies (`TensorProto.external_data`): the key "location". Tag and
# length before it are numbers that may be written longer than they need be.
_ELSEWHERE = re.compile(rb"(?:\n|\x8a\x80*\x00)(?:\x08|\x88\x80*\x00)location")


def is_exported(place: str) -> bool:
    """Whether a place is to be read as an ONNX file: by its ending, unless a folder has that name.

    At a URL the ending alone tells: to ask what lies there would take a request more.
    """
    return place.endswith(ENDING) and (storage.is_url(place) or not storage.is_folder(place))


def read_exported(place: str) -> bytes:
    """The file at a path or URL; `ValueError` for none, and for one that names other files.

    Those onnxruntime would read as weights, from the folder that the program happens to run in.
    """
    try:
        data = _fetched(place) if storage.is_url(place) else storage.read_whole(place, _MOST)
    except FileNotFoundError:
        raise ModelError(f"{place}: expected an ONNX file, found no such file") from None
    if data is None:
        raise ModelError(f"{place}: expected at most {_MOST} bytes, got more")
    if b"location" in data and _ELSEWHERE.search(data):  # the pattern alone takes ten times as long
        raise ModelError(
            f"{place}: expected an ONNX file that holds its weights, got one that names other "
            "files for them, which are never opened: export it anew"
        )
    return data


def read_metadata(place: str) -> dict[str, str]:
    """What an exported model tells of itself: only its end is read; `ValueError` if it is none."""
    told = _parsed(_behind(place))
    refuse_others(place, told)
    return told


def refuse_others(place: str, told: Mapping[str, str]) -> None:
    """`ValueError` for the metadata of another file than `photochrom export` writes."""
    if (told.get("format"), told.get("version")) != (ONNX_FORMAT, ONNX_VERSION):
        found = f"{told.get('format')!r} version {told.get('version')!r}"
        raise ModelError(f"{place}: expected {ONNX_FORMAT} version {ONNX_VERSION}, got {found}")


def number(place: str, told: Mapping[str, str], name: str, *, whole: bool = False) -> float:
    """A positive number of the metadata."""
    try:
        value = float(told.get(name, ""))
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf or (whole and not value.is_integer()):
        raise ModelError(
            f"{place}: expected a {name} in its metadata as photochrom export writes it, got "
            f"{told.get(name)!r}: export it anew"
        )
    return value


def count(place: str, told: Mapping[str, str], name: str) -> int:
    """A positive whole number of the metadata."""
    return int(number(place, told, name, whole=True))


def _fetched(place: str) -> bytes | None:
    behind = _behind(place)
    told = _parsed(behind)
    refuse_others(place, told)
    length = count(place, told, "bytes")
    graph = fetched(place, told.get("sha256"), _MOST, first=length)
    return None if graph is None else graph + behind


def _behind(place: str) -> bytes:
    """The metadata as they are written; nothing of what is no exported model."""
    try:
        end = storage.read_end(place, _END)
    except FileNotFoundError:
        raise ModelError(f"{place}: expected an ONNX file, found no such file") from None
    start = end.rfind(_FIRST)
    return b"" if start < 0 else end[start:]


def _parsed(behind: bytes) -> dict[str, str]:
    """Metadata by name; none of them if anything else is between or behind."""
    told, at = {}, 0
    try:
        while at < len(behind):
            entry, at = _field(behind, at, _PROPERTY)
            key, middle = _field(entry, 0, _KEY)
            value, end = _field(entry, middle, _VALUE)
            if end != len(entry):
                return {}
            told[key.decode()] = value.decode()
    except (ValueError, IndexError):
        return {}
    return told


def _field(data: bytes, at: int, tag: bytes) -> tuple[bytes, int]:
    """The bytes of a protobuf field, and where the next begins; `ValueError` for another field."""
    if data[at : at + 1] != tag:
        raise ModelError(f"expected the field {tag!r}, got {data[at : at + 1]!r}")
    length, shift, more = 0, 0, True
    while more:
        at += 1
        length |= (data[at] & 127) << shift
        shift, more = shift + 7, data[at] > 127
    end = at + 1 + length
    if end > len(data):
        raise ModelError(f"expected {length} bytes, got {len(data) - at - 1}")
    return data[at + 1 : end], end
