"""The commands that train: by flags, by recipe, from a model on."""

import contextlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from photochrom import recipes
from photochrom.commands import terminal
from photochrom.commands.prior import IMAGES, ImageSets, Output
from photochrom.config import TrainConfig
from photochrom.errors import UsageError

Recipe = Annotated[
    str | None,
    arg(help="One of photochrom recipes, or a .toml of your own; flags change its values."),
]
Watched = Annotated[
    tuple[str, ...],
    arg(metavar="IMAGES...", help="Images to watch as training goes, and to choose by."),
]
Start = Annotated[
    str | None,
    arg(
        name="from",
        metavar="MODEL",
        help="A model to begin with: a run folder, its URL, or one that comes with photochrom.",
    ),
]
Config = Annotated[TrainConfig, arg(name="")]
_REFINE = recipes.load("refine")


def train_command(argv: Sequence[str]) -> Callable[..., Callable[[], None]]:
    """`photochrom train`, its flags' defaults those of the recipe and the model of `argv`."""
    default = _default(*(value_of(flag, argv) for flag in ("--recipe", "--from", "--size")))

    @terminal.later
    def train(
        images: ImageSets,
        *,
        output: Output,
        recipe: Recipe = None,
        start: Start = None,
        prior: str | None = None,
        val: Watched = (),
        balance_by: str | None = None,
        resume: bool = False,
        config: Config = default,
    ) -> None:
        """Train a network on images into a run folder.

        Example: photochrom train photos/ --prior prior.h5 --recipe pix2pix -o run --minutes 20

        Args:
            output: The run folder to make.
            prior: HDF5 file of photochrom prior build: the gamut, and the rebalancing weights.
            balance_by: A .tsv with the columns key (an image's name) and source: of each source
                so many images are seen as the root of its size says.
            resume: Continue the run in the output folder if there is one.
        """
        asked = config if start is None else _following(start, default, config, config.size)
        _train(images, output, prior, val, resume, asked, start, balance_by)

    return train


def _default(recipe: str | None, model: str | None, size: str | None) -> TrainConfig:
    """The values that flags change; what hangs on `--size` follows it where a model goes on."""
    if model is None:
        return recipes.load(recipe) if recipe else TrainConfig()
    base = recipes.load(recipe or "finetune")
    with contextlib.suppress(ValueError, OSError):  # the command tells when it runs
        return _following(model, base, base, int(size) if size else None)
    return base


def _following(
    model: str, base: TrainConfig, config: TrainConfig, size: int | None = None
) -> TrainConfig:
    """`config`, which flags made of `base`, on the network of a model."""
    from photochrom.models import read_config

    return recipes.follow_model(base, config, read_config(model), size=size)


def value_of(flag: str, argv: Sequence[str]) -> str | None:
    """What follows a flag: it must be known before other flags can have their defaults."""
    for place, word in enumerate(argv):
        if word == flag:
            return argv[place + 1] if place + 1 < len(argv) else None
        if word.startswith(f"{flag}="):
            return word.removeprefix(f"{flag}=")
    return None


@terminal.later
def refine(
    model: Positional[
        Annotated[
            str, arg(metavar="MODEL", help="One of photochrom models, a run folder, or a URL.")
        ]
    ],
    images: Positional[Annotated[tuple[str, ...], arg(metavar="IMAGES...", help=IMAGES)]],
    *,
    output: Output,
    prior: str | None = None,
    val: Watched = (),
    resume: bool = False,
    config: Config = _REFINE,
) -> None:
    """Refine a trained classifier by a discriminator that judges its colors.

    It stays a classifier: its distributions, decoders and temperatures work as before.

    Example: photochrom refine run photos/ --prior prior.h5 -o refined --minutes 10

    Args:
        output: The run folder to make.
        prior: The HDF5 file that the model was trained with, or one over the same bins.
        resume: Continue the run in the output folder if there is one.
    """
    from photochrom.models import read_config

    if read_config(model)["network"]["method"] != "classification":
        raise UsageError(f"{model}: expected a classification to refine, got a regression")
    config = _following(model, _REFINE, config)
    _train(images, output, prior, val, resume, config, model)


def _train(
    images: Sequence[str],
    output: Path,
    prior: str | None,
    val: Sequence[str],
    resume: bool,
    config: TrainConfig,
    start: str | None,
    balance_by: str | None = None,
) -> None:
    from photochrom import image_io, training
    from photochrom.commands import progress
    from photochrom.data import read_sources
    from photochrom.models import Colorizer
    from photochrom.prior import PriorFile

    config.refuse_endless()
    loaded = PriorFile.load(prior) if prior else None
    found = image_io.find(images)
    watched = image_io.find(val) if val else image_io.Found()
    first = training.rank(config) == 0
    with progress.Bar(config.label, config, disable=not first) as bar:
        skipped = training.fit(
            found.images,
            loaded,
            config,
            output,
            initial=None if start is None else Colorizer.load(start),
            origin=None if start is None else os.path.basename(os.path.abspath(start)),
            watched=watched.images,
            sources=read_sources(balance_by, found.images) if balance_by else None,
            resume=resume,
            on_progress=bar,
            tell=bar.tell,
        )
    if first:
        terminal.tell_skipped([*found.skipped, *watched.skipped, *skipped], "training")
        print(f"{output}: finished, {config.label}")


@terminal.later
def list_recipes(
    name: Positional[Annotated[str | None, arg(metavar="NAME", help="One to print.")]] = None,
) -> None:
    """List the systems that photochrom train knows as recipes, or print one.

    Example: photochrom recipes pix2pix
    """
    if name:
        print(recipes.page(name), end="")
        return
    for one in recipes.names():
        print(f"{one:<20} {recipes.about(one)}")
