"""The command that serves the colorizer over HTTP."""

from typing import Annotated, Any

from tyro.conf import arg

from photochrom import console
from photochrom.config import ServeConfig


@console.later
def serve(
    *,
    models: Annotated[tuple[str, ...], arg(metavar="MODEL...")] = (),
    config: Annotated[ServeConfig, arg(name="")],
) -> None:
    """Serve the colorizer over HTTP: POST /colorize, GET /models, GET /health, GET /docs.

    Needs pip install 'photochrom[serve]'. docs/deploy.md tells how to run it for others.

    Example: photochrom serve --port 8000

    Args:
        models: Names, run folders, folders of models, or URLs of these; by default the models
            that come with photochrom. The first is the one that requests get.
    """
    from photochrom.models import find_models

    uvicorn = _uvicorn()
    from photochrom.serve import Service, create_app

    service = Service(find_models(models), config)
    print(f"http://{config.host}:{config.port}: serving {', '.join(service.models)}", flush=True)
    uvicorn.run(
        create_app(service),
        host=config.host,
        port=config.port,
        timeout_graceful_shutdown=round(config.timeout),
        log_level="warning",
    )


def _uvicorn() -> Any:
    try:
        import fastapi  # noqa: F401  # what the app is made of
        import uvicorn
    except ModuleNotFoundError as error:
        raise ValueError(
            f"expected fastapi and uvicorn, found no {error.name}: pip install 'photochrom[serve]'"
        ) from None
    return uvicorn
