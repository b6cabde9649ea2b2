"""The config of a run that begins with a finished one."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from photochrom.config import Architecture, TrainConfig


def follow(
    base: TrainConfig,
    asked: Mapping[str, Any],
    *,
    network: Architecture,
    targets: Mapping[str, Any],
) -> TrainConfig:
    """`base` with the values `asked` for, on the network of the run that it begins with.

    `targets` are that run's own `k`, `sigma` and `temperature`, for what is not asked for; the
    crop is cut to pictures of its size. `ValueError` where another network was asked for.
    """
    kept = {field.name: getattr(network, field.name) for field in fields(Architecture)}
    for name, value in kept.items():
        if asked.get(name, value) != value:
            flag = f"--{name.replace('_', '-')}"
            raise ValueError(
                f"expected {flag} {value} as the run to refine has it, got {asked[name]}"
            )
    crop = min(base.crop, network.size)
    values = {**targets, "crop": crop - crop % network.stride, **asked, **kept}
    return replace(base, **values)
