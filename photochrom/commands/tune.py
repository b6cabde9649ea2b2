"""The command that chooses how a trained model decodes, on images set aside for choosing."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from tyro.conf import Positional, arg

from photochrom.commands import terminal
from photochrom.commands.prior import IMAGES, Output
from photochrom.errors import UsageError

if TYPE_CHECKING:
    import numpy as np

    from photochrom.evaluation.tuning import Decoding
    from photochrom.models import Colorizer

Model = Positional[
    Annotated[str, arg(metavar="MODEL", help="A run folder, a model's name or URL.")]
]
Images = Annotated[tuple[str, ...], arg(metavar="IMAGES...", help=IMAGES)]


@terminal.later
def tune(
    model: Model,
    *,
    output: Output,
    select: Images = (),
    select_by: Literal["auc_rebalanced", "auc_raw"] = "auc_rebalanced",
    prior: Annotated[str | None, arg(metavar="PRIOR")] = None,
    temperature: float | None = None,
    adjustment: float | None = None,
    gain: float | None = None,
    overwrite: bool = False,
) -> None:
    """Choose a trained model's decoding: temperature and logit adjustment, or chroma gain.

    With --select the values are chosen on those images, which must not be the ones that are
    reported on; else they are set as given.

    Example: photochrom tune run --select select.tar --prior prior.h5 -o tuned

    Args:
        output: The model folder to make.
        select: Images to choose on.
        select_by: Score to maximize on them.
        prior: Prior that the model was trained with; an adjustment needs it.
        temperature: Temperature of a classifier's annealed mean.
        adjustment: Share of the rebalancing weights in a classifier's probabilities, 0 to 1.
        gain: Factor of a regression's chroma.
        overwrite: Replace a model that exists.
    """
    from photochrom.evaluation.tuning import Decoding, apply
    from photochrom.models import Colorizer, read_config
    from photochrom.prior import PriorFile
    from photochrom.storage import atomic

    atomic.refuse_existing(output, overwrite=overwrite)
    asked = Decoding(temperature, adjustment, gain)
    if bool(select) == (asked != Decoding()):
        raise UsageError("expected --select, or values to set, got both or neither")
    training = dict(read_config(model).get("training", {}))
    colorizer, file = Colorizer.load(model), PriorFile.load(Path(prior)) if prior else None
    if file and not file.prior.gamut.same_as(colorizer.gamut):
        raise UsageError(f"{prior}: expected a prior over the bins of {model}, got other bins")
    weights = file.prior.weights(file.uniform) if file else None
    rebalanced = bool((training.get("config") or {}).get("rebalance", False))
    if select:
        asked, training["selection"] = _chosen(colorizer, select, select_by, weights, rebalanced)
    apply(colorizer, asked, weights=weights, rebalanced=rebalanced)
    colorizer.save(output, training)
    told = ", ".join(
        f"{name} {value:g}" for name, value in vars(asked).items() if value is not None
    )
    print(f"{output}: {told}")


def _chosen(
    colorizer: "Colorizer",
    select: tuple[str, ...],
    by: Literal["auc_rebalanced", "auc_raw"],
    weights: "np.ndarray | None",
    rebalanced: bool,
) -> "tuple[Decoding, dict[str, str | float]]":
    """Return the best decoding, and what the model's config records of the choice."""
    from photochrom import image_io
    from photochrom.commands import progress
    from photochrom.evaluation.tuning import tune as best

    found = image_io.find(select)
    terminal.tell_skipped(found.skipped, "looking for images")
    tuned = best(
        colorizer,
        found.images,
        objective=by,
        weights=weights,
        rebalanced=rebalanced,
        track=lambda items, total: progress.track(items, total, "selecting"),
    )
    record: dict[str, str | float] = {
        "objective": by,
        "score": tuned.score,
        "images": image_io.digest(sorted(found.images)),
        "count": len(found.images),
    }
    return tuned.decoding, record
