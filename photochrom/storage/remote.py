"""What lies at a URL, by fsspec: found, tried again after a cut, told in one line if it fails."""

import contextlib
import io
import logging
import os
import re
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from photochrom.errors import MissingError as MissingError, StorageError as StorageError

T = TypeVar("T")

_EXTRAS = {"s3": "s3", "gs": "gcs", "gcs": "gcs"}  # object stores: no folders to make
_CREDENTIALS = {
    "s3": "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile (aws configure)",
    "gs": "run gcloud auth application-default login, or set GOOGLE_APPLICATION_CREDENTIALS",
}
_CREDENTIALS["gcs"] = _CREDENTIALS["gs"]
_AT_A_TIME = 2**18  # bytes; gcsfs asks anew for each small piece, such as the headers of a tar
_PAUSES = (0.2, 1.0)  # seconds before it is tried again
_CUT = {  # of aiohttp, botocore, requests: what a connection that fails raises
    "ClientConnectionError",
    "ClientPayloadError",
    "ConnectionError",
    "HTTPClientError",
    "IncompleteReadError",
    "RequestException",
}
_DENIED = {"NoCredentialsError", "PartialCredentialsError", "ProfileNotFound", "GoogleAuthError"}


def is_store(url: str) -> bool:
    """Whether it is a bucket's: files come there whole or not at all, and folders are names."""
    return _scheme(url) in _EXTRAS


def filesystem(url: str) -> tuple[Any, str]:
    """The file system of a URL, and the path in it; `StorageError` for one of no use."""
    import fsspec

    refuse_credentials(url)
    scheme = _scheme(url)
    try:
        found: tuple[Any, str] = fsspec.core.url_to_fs(
            url, use_listings_cache=False, **_options(scheme)
        )
    except ImportError:
        extra = _EXTRAS.get(scheme)
        mend = f"pip install 'photochrom[{extra}]'" if extra else f"install what reads {scheme}://"
        raise StorageError(f"{url}: expected support for {scheme}://, found none: {mend}") from None
    except ValueError as error:
        raise StorageError(f"{url}: expected a URL that can be opened: {error}") from None
    return found


def _options(scheme: str) -> dict[str, Any]:
    """s3fs repeats what botocore repeats already; gcsfs logs what it raises, traceback and all."""
    for name in ("gcsfs", "google.auth") if scheme in ("gs", "gcs") else ():
        log = logging.getLogger(name)
        if not log.handlers:
            log.addHandler(logging.NullHandler())
    if scheme != "s3" or "AWS_MAX_ATTEMPTS" in os.environ:
        return {}
    return {"config_kwargs": {"retries": {"mode": "standard", "total_max_attempts": 3}}}


def refuse_credentials(url: str) -> None:
    """`StorageError`, without repeating them, for a URL that has credentials in it."""
    for scheme, host in re.findall(r"(\w+)://([^/]*)", url):
        user = host.rpartition("@")[0]
        bucket = scheme in _EXTRAS and not host.startswith("arn:")
        if ":" in user or (bucket and re.search("[:@]", host)):  # a secret may hold a slash
            mend = _CREDENTIALS.get(scheme, "give them in the way of the library that reads it")
            raise StorageError(
                f"{scheme}://…: expected a URL without credentials, got some in it: take them out; "
                f"{mend}"
            )


def reached(url: str, do: Callable[[], T], done: str = "read") -> T:
    """What `do` gives, which may be repeated; `StorageError` names the URL and what was not `done`.

    After a cut connection or a server's fault it is tried again. s3fs and gcsfs do so by
    themselves, a few times with growing pauses, so that there it is not.
    """
    for pause in () if is_store(url) else _PAUSES:
        try:
            return do()
        except Exception as error:
            if not _is_cut(error):
                raise _told(url, error, done) from None
        time.sleep(pause)
    with telling(url, done):
        return do()


@contextlib.contextmanager
def telling(url: str, done: str = "read") -> Iterator[None]:
    """Turns what the many libraries behind a URL raise into one line that names the URL."""
    try:
        yield
    except Exception as error:
        raise _told(url, error, done) from None


def _told(url: str, error: Exception, done: str) -> StorageError:
    if isinstance(error, StorageError):
        return error
    place = _shown(url)
    if isinstance(error, FileNotFoundError):
        if done == "read":
            return MissingError(f"{place}: expected a file or folder, found none")
        return MissingError(f"{place}: expected a bucket that exists, found none: create or rename")
    reason = _shown(" ".join(str(error).split()) or type(error).__name__)
    mend = ""
    if _is_denied(error):
        mend = f": {_CREDENTIALS[_scheme(url)]}" if is_store(url) else ": give other credentials"
    elif _is_cut(error):
        mend = ": tried several times: look after the connection, then repeat"
    return StorageError(f"{place}: could not be {done}: {reason}{mend}")


def _shown(text: str) -> str:
    """Without the queries of URLs, which may be signatures."""
    return re.sub(r"(https?://[^\s?'\"]*)\?[^\s'\"]*", r"\1?…", text)


def _is_cut(error: Exception) -> bool:
    """Whether a connection failed, or a server for a while: it may go well another time."""
    status = _status(error)
    if status is not None:
        return status >= 500 or status in (408, 429)
    return isinstance(error, ConnectionError | TimeoutError) or _is_one_of(error, _CUT)


def _is_denied(error: Exception) -> bool:
    forbidden = isinstance(error, PermissionError) or str(error).startswith("Forbidden")
    return forbidden or _status(error) in (401, 403) or _is_one_of(error, _DENIED)


def _status(error: Exception) -> int | None:
    """Of HTTP, by aiohttp, by gcsfs, and by botocore, whose error is the cause of s3fs's."""
    answer = getattr(error.__cause__, "response", None)
    if isinstance(answer, dict):
        return _number(answer.get("ResponseMetadata", {}).get("HTTPStatusCode"))
    return _number(getattr(error, "status", None) or getattr(error, "code", None))


def _number(status: object) -> int | None:
    return int(str(status)) if str(status).isdecimal() else None


def _is_one_of(error: Exception, names: set[str]) -> bool:
    return not names.isdisjoint(kind.__name__ for kind in type(error).__mro__)


def _scheme(url: str) -> str:
    return url.partition("://")[0]


def opened(url: str) -> io.BufferedReader:
    """The file at a URL, open for reading at any position; each read fails with `StorageError`."""
    files, path = filesystem(url)
    return io.BufferedReader(_Far(url, reached(url, lambda: files.open(path, "rb"))), _AT_A_TIME)


class _Far(io.RawIOBase):
    """A file of fsspec."""

    def __init__(self, url: str, file: Any) -> None:
        self._url = url
        self._file = file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def readall(self) -> bytes:
        return self._read(-1)

    def _read(self, length: int) -> bytes:
        start = self._file.tell()

        def read() -> bytes:
            if self._file.tell() != start:
                self._file.seek(start)
            data: bytes = self._file.read(length)
            return data

        return reached(self._url, read)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return int(self._file.seek(offset, whence))

    def tell(self) -> int:
        return int(self._file.tell())

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()
