"""The HTTP side: what is asked, what is answered, and with which status."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from concurrent.futures import Future
from typing import Annotated, Any

from fastapi import FastAPI, HTTPException, Query, Request, Response

import photochrom
from photochrom.config import ColorizeConfig, Decoder
from photochrom.image_io import ImageError, TooLargeError, Written, format_named
from photochrom.models import Colorizer
from photochrom.serve.gallery_routes import add_gallery
from photochrom.serve.media_types import media_type
from photochrom.serve.service import Busy, Service

_AGAIN = {"Retry-After": "2"}  # seconds; an image takes about one
_BODY = {
    "required": True,
    "content": {"image/*": {"schema": {"type": "string", "format": "binary"}}},
}
_REFUSED = {
    400: "What came is no image that can be read.",
    404: "No such model.",
    413: "The body or the image is too large.",
    422: "A parameter makes no sense.",
    429: "Too many images wait: come again after Retry-After seconds.",
    503: "It took too long: come again after Retry-After seconds.",
}


def create_app(service: Service) -> FastAPI:
    """POST /colorize, GET /models, GET /health, the OpenAPI page at /docs, GET /gallery if any."""
    app = FastAPI(
        title="photochrom",
        version=photochrom.__version__,
        summary="Photographs in, the same photographs in color out.",
        lifespan=_closing(service),
    )

    @app.post(
        "/colorize",
        response_class=Response,
        responses={
            200: {"content": {"image/*": {}}, "description": "The image, in color."},
            **{status: {"description": text} for status, text in _REFUSED.items()},
        },
        openapi_extra={"requestBody": _BODY},
    )
    async def colorize(
        request: Request,
        model: Annotated[str | None, Query(description="One of /models.")] = None,
        temperature: Annotated[float | None, Query(description="Of the annealed mean.")] = None,
        decoder: Decoder = "annealed",
        format: Annotated[str | None, Query(description="jpeg, png, …; else the input's.")] = None,
        quality: Annotated[int | None, Query(description="Of a lossy format, 1 to 100.")] = None,
        filename: Annotated[str, Query(description="For the gallery, if there is one.")] = "",
    ) -> Response:
        """Colorize the image file that is the body: same size, depth, alpha and lightness."""
        name = model or service.default
        if name not in service.models:
            raise HTTPException(404, f"expected one of {', '.join(service.models)}, got {name!r}")
        config = _config(temperature, decoder, format, quality)
        _check(service, name, config)
        made = await _colorized(service, request, name, config, filename)
        return Response(made.data, media_type=media_type(made.suffix), headers=_headers(made))

    @app.get("/models")
    def models() -> list[dict[str, Any]]:
        """The models; the first is the default."""
        return [_told(name, service) for name in service.models]

    @app.get("/health")
    def health() -> dict[str, Any]:
        """Whether it works, and how many images are under way."""
        told = {"status": "ok", "version": photochrom.__version__, "under_way": service.under_way}
        return told | ({"gallery": service.keeper.told()} if service.keeper else {})

    if service.keeper:
        add_gallery(app, service.keeper.gallery)
    return app


async def _colorized(
    service: Service, request: Request, model: str, config: ColorizeConfig, filename: str
) -> Written:
    """The image in color, or the status that says why not."""
    try:
        async with asyncio.timeout(service.config.timeout):
            work = await _submitted(service, request, model, config, filename)
            return await asyncio.wrap_future(work)
    except Busy:
        raise HTTPException(429, "too many images wait: come again", _AGAIN) from None
    except TimeoutError:
        raise HTTPException(503, "it took too long: come again", _AGAIN) from None
    except TooLargeError as error:
        raise HTTPException(413, str(error)) from None
    except ImageError as error:
        raise HTTPException(400, str(error)) from None


async def _submitted(
    service: Service, request: Request, model: str, config: ColorizeConfig, filename: str
) -> "Future[Written]":
    """Receive and submit an image; its place in the queue is free when the work has ended."""
    service.enter()
    try:
        data = await _body(request, round(1e6 * service.config.max_megabytes))
        work = service.submit(data, model, config, filename)
    except BaseException:
        service.leave()
        raise
    work.add_done_callback(lambda _: service.leave())
    return work


async def _body(request: Request, most: int) -> bytes:
    """The body, not a byte more than `most`."""
    declared = request.headers.get("content-length", "")
    size = int(declared) if declared.isdecimal() else 0
    parts = []
    if size <= most:
        size = 0
        async for part in request.stream():
            size += len(part)
            if size > most:
                break
            parts.append(part)
    if size > most:
        raise HTTPException(413, f"expected a body of at most {most} bytes, got more")
    if not size:
        raise HTTPException(400, "expected an image file as the body, got nothing")
    return b"".join(parts)


def _config(
    temperature: float | None, decoder: Decoder, format: str | None, quality: int | None
) -> ColorizeConfig:
    try:
        if format is not None:
            format_named(format)
        return ColorizeConfig(
            temperature=temperature, decoder=decoder, format=format, quality=quality
        )
    except ValueError as error:
        raise HTTPException(422, str(error).replace("--", "")) from None


def _check(service: Service, name: str, config: ColorizeConfig) -> None:
    try:
        service.check(name, config)
    except ValueError as error:
        raise HTTPException(422, str(error)) from None


def _headers(made: Written) -> dict[str, str]:
    if not made.notes:
        return {}
    return {"X-Photochrom-Notes": "; ".join(made.notes).encode("ascii", "replace").decode()}


def _told(name: str, service: Service) -> dict[str, Any]:
    colorizer = service.models[name]
    by_torch = colorizer if isinstance(colorizer, Colorizer) else None
    return {
        "name": name,
        "kind": "torch" if by_torch else "onnx",
        "method": colorizer.method,
        "temperature": colorizer.temperature,
        "size": colorizer.size,
        "parameters": by_torch.parameters_count if by_torch else None,
    }


def _closing(service: Service) -> Any:
    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        service.close()

    return lifespan
