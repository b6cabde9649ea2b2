"""Images that people keep in the gallery, each by a click: as downloaded, and how it was made."""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import streamlit as st

from photochrom import image_io
from photochrom.app.batch import Dropped, seen_in
from photochrom.app.gallery_access import Addition
from photochrom.app.opened_image import Opened, written
from photochrom.app.server_state import Given
from photochrom.app.session import Fixed, Look, Seen, decodes
from photochrom.image_io import ImageError, OriginalFile
from photochrom.inference.gallery_record import settings_of, suffix_of
from photochrom.storage.gallery import NoEntryError

_HELP = (
    "Stores the image as it came, its result at full size and the settings. "
    "Everybody who can open this page sees what is kept."
)
_log = logging.getLogger("photochrom.app")


def addition(
    one: Dropped,
    name: str,
    see: Callable[[OriginalFile], Seen | Fixed],
    look: Look,
    *,
    most_pixels: int,
) -> Addition:
    """An image file with its result, the bytes of a download; `ImageError` for no image.

    `name` is that of the model, and `see` what it sees in the file.
    """
    file = image_io.decode_original(one.data, most_pixels=most_pixels)
    seen = see(file)
    made = written(file, seen, look)
    settings = _settings(one.name, name, file, seen, look)
    return Addition(one.data, made.data, settings, (suffix_of(file.format), made.suffix))


def _settings(
    original: str, name: str, file: OriginalFile, seen: Seen | Fixed, look: Look
) -> dict[str, Any]:
    """As of any gallery, and what only a person chooses: colors of points, an alternative."""
    if isinstance(seen, Fixed):  # the look is another model's
        look = Look()
    told = settings_of(
        original, name, seen.model, file, decoder=look.decoder, temperature=look.temperature
    )
    if look.alternative:
        return {**told, "decoder": None, "temperature": None, "alternative": look.alternative}
    if seen.choices:
        told["choices"] = [
            {"x": point.x, "y": point.y, "ab": list(choice.ab)} for point, choice in seen.choices
        ]
    return told


def keep_button(
    opened: Opened, name: str, seen: Seen | Fixed, look: Look, all_sessions: Given
) -> None:
    """Keeps the image that is shown; once it is kept, the button says so."""
    if (gallery := all_sessions.gallery) is None:
        return
    kept = _kept()
    choices = tuple((point, choice.ab) for point, choice in seen.choices)
    of = (hash(opened.data), name, look if seen.classifies else None, choices)
    label = "Kept in the gallery" if of in kept else "Keep in the gallery"
    asked = st.button(label, key="keep", help=_HELP, disabled=of in kept, width="stretch")
    if not asked or of in kept:
        return
    one, most = Dropped(opened.name, opened.data), all_sessions.config.most_pixels
    try:
        with st.spinner("Keeping …"):
            gallery.add(partial(addition, one, name, lambda _: seen, look, most_pixels=most))
            kept.add(of)
    except (ValueError, OSError) as error:
        st.error(f"Not kept: {told(error, all_sessions)}.")
    else:
        st.rerun()


def keep_all_button(files: Sequence[Dropped], name: str, look: Look, all_sessions: Given) -> None:
    """Keeps many, as the zip has them, but what this session has kept; tells what could not be."""
    if (gallery := all_sessions.gallery) is None:
        return
    if not st.button(f"Keep all {len(files)} in the gallery", help=_HELP, width="stretch"):
        return
    model, kept, failed = all_sessions.model(name), _kept(), 0
    plain = Look(look.temperature, look.decoder)
    of = plain if decodes(model) else None
    see, most = partial(seen_in, model=model), all_sessions.config.most_pixels
    bar = st.progress(0.0, "Keeping …")
    for number, one in enumerate(files, 1):
        try:
            if (key := (hash(one.data), name, of, ())) not in kept:
                gallery.add(partial(addition, one, name, see, plain, most_pixels=most))
                kept.add(key)
        except ImageError as error:
            failed += 1
            st.error(f"{one.name}: {error}.")
        except (ValueError, OSError) as error:  # the next would fail, too, after as long a wait
            failed += 1 + len(files) - number
            st.error(f"Not kept: {told(error, all_sessions)}.")
            break
        bar.progress(number / len(files), f"{number} of {len(files)}: {one.name}")
    bar.empty()
    st.caption(f"{len(files) - failed} of {len(files)} are in the gallery.")


def told(error: Exception, all_sessions: Given) -> str:
    """A gallery's failure in one line; who does not sit at this machine is not told the place."""
    if all_sessions.config.at_home or isinstance(error, ImageError | NoEntryError):
        return str(error)
    _log.warning("the gallery failed: %s", error)
    return "the gallery cannot be reached" if isinstance(error, OSError) else "the entry is damaged"


def _kept() -> set[object]:
    """What this session has kept: asked for once, so that a second click finds it."""
    kept: set[object] = st.session_state.setdefault("kept", set())
    return kept
