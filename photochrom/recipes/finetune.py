"""The config of a run that begins with a finished model."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from photochrom.config import Architecture, TrainConfig, toml
from photochrom.errors import ConfigError

_TARGETS = ("k", "sigma", "loss")
_FREE = ("size", "dropout")  # of the network; no weight depends on them


def follow(
    base: TrainConfig,
    asked: Mapping[str, Any],
    *,
    network: Architecture,
    targets: Mapping[str, Any],
) -> TrainConfig:
    """`base` with the values `asked` for, on the network of the model that it begins with.

    `targets` are what that model was trained toward and decodes with, for what is not asked for.
    It may go on at another size, or dropout. Crop and sizes keep their proportions: those of `base`
    are for models that work at `base.size`.
    `ValueError` where another network was asked for.
    """
    kept = {field.name: getattr(network, field.name) for field in fields(Architecture)}
    kept |= {name: asked[name] for name in _FREE if name in asked}
    kept["encoder_weights"] = "none"  # they come with the model
    for name, value in kept.items():
        if asked.get(name, value) != value:
            flag = f"--{name.replace('_', '-')}"
            raise ConfigError(
                f"expected {flag} {value} as the model to begin with has it, got {asked[name]}"
            )
    scale = kept["size"] / base.size
    crop = round(base.crop * scale)
    deepest = 16 if network.encoder == "unet" else 32  # L's pixels in one of the deepest map
    fitted = {
        # Another crop is padded, and teaches that there is always padding.
        "crop": crop - crop % (deepest if crop >= deepest else network.stride),
        "scale_min": round(base.scale_min * scale),
        "scale_max": round(base.scale_max * scale),
        "encoder_lr": 1.0 if network.encoder == "unet" else base.encoder_lr,
        "drop_path": base.drop_path if network.encoder == "lite0" else 0.0,
    }
    return replace(base, **{**targets, **fitted, **asked, **kept})


def follow_model(
    base: TrainConfig, config: TrainConfig, model: Mapping[str, Any], *, size: int | None = None
) -> TrainConfig:
    """`follow` of a model's `config.json`, asking for all in which `config` differs from `base`.

    And for `size`, if that is given: crop and sizes keep their proportions to it.
    """
    network = Architecture(**{f.name: model["network"][f.name] for f in fields(Architecture)})
    values = {field.name: getattr(config, field.name) for field in fields(TrainConfig)}
    asked = {name: value for name, value in values.items() if value != getattr(base, name)}
    asked |= {} if size is None else {"size": size}
    return follow(base, asked, network=network, targets=_targets(model))


def _targets(model: Mapping[str, Any]) -> dict[str, Any]:
    """What a model was trained toward, as far as its `config.json` tells, and decodes with."""
    began = model.get("training", {}).get("config")
    known = began if isinstance(began, dict) else {}
    told = {name: known[name] for name in _TARGETS if name in known}
    toml.check("config.json of the model to begin with", told, toml.kinds(TrainConfig))
    return {"temperature": model["temperature"], **told}
