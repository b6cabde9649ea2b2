"""The gallery over HTTP: its entries, and what each holds."""

import logging
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import FastAPI, HTTPException, Query, Response
from fastapi.responses import JSONResponse

from photochrom.serve.media_types import media_type
from photochrom.storage.gallery import Gallery, NoEntryError

_MOST = 100  # entries at a time; each is a file to read
_STAYS = {"Cache-Control": "private, max-age=86400, immutable", "X-Content-Type-Options": "nosniff"}
_REFUSED: dict[int | str, dict[str, Any]] = {
    404: {"description": "No such entry."},
    502: {"description": "The entry is damaged, or the gallery cannot be reached."},
}
_log = logging.getLogger("photochrom.serve")


def add_gallery(app: FastAPI, gallery: Gallery) -> None:
    """GET /gallery and GET /gallery/{name}/{image, result or settings}."""

    @app.get("/gallery", responses=_REFUSED)
    def entries(
        most: Annotated[int, Query(ge=1, le=_MOST)] = 20,
        before: Annotated[str | None, Query(description="The `next` of the page before.")] = None,
    ) -> dict[str, Any]:
        """What was colorized, newest first."""
        try:
            found = [asdict(entry) for entry in gallery.entries(most, before)]
        except (ValueError, OSError) as error:
            raise _refused(error) from None
        return {"entries": found, "next": found[-1]["name"] if len(found) == most else None}

    @app.get(
        "/gallery/{name}/{what}",
        response_class=Response,
        responses={200: {"content": {"image/*": {}, "application/json": {}}}, **_REFUSED},
    )
    def entry(name: str, what: Literal["picture", "result", "settings"]) -> Response:
        """An entry's image, its result, or how it was made."""
        try:
            if what == "settings":
                return JSONResponse(asdict(gallery.entry(name)))
            data, suffix = gallery.read(name, what)
        except (ValueError, OSError) as error:
            raise _refused(error) from None
        return Response(data, media_type=media_type(suffix), headers=_STAYS)


def _refused(error: Exception) -> HTTPException:
    """The log has the place and the reason, whoever asks has not."""
    if isinstance(error, NoEntryError):
        return HTTPException(404, str(error))
    _log.warning("the gallery could not be read: %s", error)
    what = "the entry is damaged" if isinstance(error, ValueError) else "it cannot be reached"
    return HTTPException(502, f"the gallery could not be read: {what}")
