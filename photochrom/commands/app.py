"""The command that shows the colorizer in a browser."""

import socket
from typing import Annotated

from tyro.conf import arg

from photochrom.commands import terminal
from photochrom.config import AppConfig
from photochrom.errors import UsageError


@terminal.later
def app(
    *,
    models: Annotated[tuple[str, ...], arg(metavar="MODEL...")] = (),
    studies: Annotated[tuple[str, ...], arg(metavar="STUDY...")] = (),
    config: Annotated[AppConfig, arg(name="")],
) -> None:
    """Colorize images in a browser: drop them in, compare models, choose colors.

    Needs pip install 'photochrom[app]'.

    Example: photochrom app --gallery gs://bucket/gallery

    Args:
        models: Names, run folders, .onnx files, folders of models, or URLs of these; by default
            the models that come with photochrom.
        studies: Folders of finished studies, or their URLs, to be browsed.
    """
    _refuse_taken(config)
    try:
        from photochrom.app.launch import launch
    except ModuleNotFoundError as error:
        raise UsageError(
            f"expected streamlit, found no {error.name}: pip install 'photochrom[app]'"
        ) from None
    from photochrom.app.server_state import Given
    from photochrom.models import find_models

    given = Given(find_models(models), config, studies)
    for name in given.shelf:
        given.model(name)  # what cannot be loaded is told before anybody asks for it
    shown = f"[{config.host}]" if ":" in config.host else config.host
    print(f"http://{shown}:{config.port}: Ctrl-C stops it", flush=True)
    launch(given)


def _refuse_taken(config: AppConfig) -> None:
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    try:
        socket.create_server((config.host, config.port), family=family).close()
    except OSError as error:
        raise UsageError(
            f"expected a free port of this machine, got {config.host} port {config.port} "
            f"({error.strerror}): name another with --port"
        ) from None
