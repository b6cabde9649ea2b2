"""The command that serves the colorizer over HTTP."""

import socket
from typing import Annotated, Any

from tyro.conf import arg

from photochrom.commands import terminal
from photochrom.config import ServeConfig
from photochrom.errors import UsageError


@terminal.later
def serve(
    *,
    models: Annotated[tuple[str, ...], arg(metavar="MODEL...")] = (),
    config: Annotated[ServeConfig, arg(name="")],
) -> None:
    """Serve the colorizer over HTTP: POST /colorize, GET /models, GET /health, GET /docs.

    Needs pip install 'photochrom[serve]'. docs/deploy.md tells how to run it for others.

    Example: photochrom serve --models gs://bucket/models --gallery gs://bucket/gallery

    Args:
        models: Names, run folders, .onnx files, folders of models, or URLs of these; by default
            the models that come with photochrom. The first is the one that requests get.
    """
    from photochrom.models import find_models

    uvicorn = _uvicorn()
    from photochrom.serve import Service, create_app

    with _listening(config) as listening:
        service = Service(find_models(models), config)
        host, port = listening.getsockname()[:2]
        print(f"http://{host}:{port}: serving {', '.join(service.models)}", flush=True)
        graceful = round(config.timeout)
        app = uvicorn.Config(
            create_app(service), log_level="warning", timeout_graceful_shutdown=graceful
        )
        uvicorn.Server(app).run(sockets=[listening])


def _listening(config: ServeConfig) -> socket.socket:
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    try:
        return socket.create_server((config.host, config.port), family=family)
    except OSError as error:
        raise UsageError(
            f"expected a free port of this machine, got {config.host} port {config.port} "
            f"({error.strerror}): name another with --port"
        ) from None


def _uvicorn() -> Any:
    try:
        import fastapi  # noqa: F401  # what the app is made of
        import uvicorn
    except ModuleNotFoundError as error:
        raise UsageError(
            f"expected fastapi and uvicorn, found no {error.name}: pip install 'photochrom[serve]'"
        ) from None
    return uvicorn
