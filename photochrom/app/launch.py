"""Streamlit, started in this process with flags of our own; no settings of the user's apply."""

from pathlib import Path
from typing import Any

from starlette.formparsers import MultiPartParser
from streamlit.web import bootstrap

from photochrom.app.server_state import Given, give
from photochrom.config import AppConfig
from photochrom.runtime.memory import share_heaps

_MAIN = Path(__file__).parent / "main.py"
_HEAPS = 2


def launch(given: Given) -> None:
    """Serve the app until it is stopped."""
    give(given)
    share_heaps(_HEAPS)
    # An upload of more than this would be written to a temporary file.
    MultiPartParser.spool_max_size = 2 * 2**20 * given.config.max_megabytes
    options = flags(given.config)
    bootstrap.load_config_options(flag_options=options)
    bootstrap.run(str(_MAIN), False, [], options)


def flags(config: AppConfig) -> dict[str, Any]:
    """Streamlit's options: nothing is told to anybody, nothing is watched."""
    return {
        "global_developmentMode": False,
        "server_address": config.host,
        "server_port": config.port,
        "server_maxUploadSize": config.max_megabytes,
        "server_fileWatcherType": "none",
        "server_runOnSave": False,
        "browser_gatherUsageStats": False,
        "client_toolbarMode": "minimal",
        "client_showErrorDetails": "none",
        "logger_hideWelcomeMessage": True,
        "logger_level": "error",
    }
