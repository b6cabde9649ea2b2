"""Colorization as classification over the 313 ab bins of the sRGB gamut.

- `photochrom.quantize`: the bins, encoding and decoding.
- `photochrom.prior`: how often each bin occurs in a data set, and the rebalancing weights.
- `photochrom.losses`, `photochrom.models`: loss functions and networks.
- `photochrom.data`, `photochrom.training`: images to batches, batches to a model.
- `photochrom.metrics`, `photochrom.evaluation`, `photochrom.report`: scores, intervals and tests,
  the report page.
- `photochrom.inference`: grayscale images to color images.
- `photochrom.study`: a whole comparison of methods.
- `photochrom.serve`, `photochrom.app`, `photochrom.cli`: HTTP, the web app, the command line.
- `photochrom.color`, `photochrom.image_io`, `photochrom.storage`, `photochrom.config`,
  `photochrom.recipes`: color spaces, image files, storage, settings, training recipes.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from photochrom.errors import PhotochromError as PhotochromError
    from photochrom.evaluation import evaluate as evaluate  # type: ignore[no-redef]
    from photochrom.losses import (
        fused_cross_entropy as fused_cross_entropy,
        rebalanced_cross_entropy as rebalanced_cross_entropy,
    )
    from photochrom.models import (
        Colorizer as Colorizer,
        load_model as load_model,
        names as list_models,
    )
    from photochrom.prior import ColorPrior as ColorPrior, build_prior as build_prior
    from photochrom.quantize import (
        Gamut as Gamut,
        annealed_mean as annealed_mean,
        hard_encode as hard_encode,
        soft_encode as soft_encode,
    )
    from photochrom.study import study as run_study
    from photochrom.training import fit as train  # type: ignore[no-redef]

__version__ = "0.1.0"

_PLACES = {
    "Colorizer": ("photochrom.models", "Colorizer"),
    "load_model": ("photochrom.models", "load_model"),
    "list_models": ("photochrom.models", "names"),
    "Gamut": ("photochrom.quantize", "Gamut"),
    "soft_encode": ("photochrom.quantize", "soft_encode"),
    "hard_encode": ("photochrom.quantize", "hard_encode"),
    "annealed_mean": ("photochrom.quantize", "annealed_mean"),
    "rebalanced_cross_entropy": ("photochrom.losses", "rebalanced_cross_entropy"),
    "fused_cross_entropy": ("photochrom.losses", "fused_cross_entropy"),
    "ColorPrior": ("photochrom.prior", "ColorPrior"),
    "build_prior": ("photochrom.prior", "build_prior"),
    "evaluate": ("photochrom.evaluation", "evaluate"),
    "run_study": ("photochrom.study", "study"),
    "train": ("photochrom.training", "fit"),
    "PhotochromError": ("photochrom.errors", "PhotochromError"),
}
"""Module and name of what is public: imported at first use, since torch takes seconds."""

__all__ = [
    "ColorPrior",
    "Colorizer",
    "Gamut",
    "PhotochromError",
    "annealed_mean",
    "build_prior",
    "evaluate",
    "fused_cross_entropy",
    "hard_encode",
    "list_models",
    "load_model",
    "rebalanced_cross_entropy",
    "run_study",
    "soft_encode",
    "train",
]


def __getattr__(name: str) -> Any:
    """Import a public name at its first use."""
    if name not in _PLACES:
        raise AttributeError(f"module 'photochrom' has no attribute {name!r}")
    module, attribute = _PLACES[name]
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    """List the public names."""
    return sorted([*__all__, "__version__"])
