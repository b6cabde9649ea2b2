"""What each method of a study is trained with: its own values, the study's, its recipe's."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from photochrom import recipes
from photochrom.config import (
    BUDGETS,
    IMAGES_SEEN,
    Architecture,
    MethodConfig,
    StudyConfig,
    TrainConfig,
    ViewConfig,
)
from photochrom.errors import StudyError

_TARGETS = ("k", "sigma", "temperature")
_OF_START = {field.name for field in fields(Architecture)} | {*_TARGETS, "encoder_weights"}
"""What a method that begins with another's run has of it, whatever the others share."""


@dataclass(frozen=True)
class Method:
    """A method in full."""

    config: TrainConfig
    """With the first of the study's seeds."""
    start: str | None
    """The method whose run it begins with."""
    view: ViewConfig
    """How it sees the one count of colors."""


def resolve(study: StudyConfig) -> dict[str, Method]:
    """Every method of a study in full, in the study's order.

    A method's own values go before the protocol's, and these before its recipe's. `ValueError`
    names the method that contradicts itself or the others, or has no budget.
    """
    done: dict[str, Method] = {}
    for name in study.by_start():
        said = study.methods[name]
        try:
            done[name] = _resolved(said, study, done[said.start] if said.start else None)
        except ValueError as error:
            raise StudyError(f"{study.place(f'methods.{name}')}{error}") from None
    _refuse_unequal(done, study)
    return {name: done[name] for name in study.methods}


def _refuse_unequal(methods: Mapping[str, "Method"], study: StudyConfig) -> None:
    """Raise `ValueError` unless one rule says which weights become the model of every method."""
    rules = {name: method.config.checkpoint for name, method in methods.items()}
    if len(set(rules.values())) > 1:
        told = ", ".join(f"{rule} for {name}" for name, rule in rules.items())
        raise StudyError(
            f"{study.place()}expected one --checkpoint for all methods, got {told}: set it in the "
            "protocol"
        )


def with_values(
    study: StudyConfig,
    name: str,
    values: Mapping[str, Any],
    chosen: Mapping[str, Mapping[str, Any]] | None = None,
) -> "Method":
    """Return a method with other values of its own: a trial of a sweep, or what it chose.

    Args:
        study: The study.
        name: The method.
        values: Its values.
        chosen: Those of the methods that it may begin with.

    Raises:
        ValueError: If the values contradict the method's others.
    """
    methods = dict(study.methods)
    for other, theirs in {**(chosen or {}), name: values}.items():
        methods[other] = replace(methods[other], values={**methods[other].values, **theirs})
    return resolve(replace(study, methods=methods))[name]


def _resolved(said: MethodConfig, study: StudyConfig, start: Method | None) -> Method:
    shared = dict(study.protocol)
    if start is None:
        base = recipes.load(said.recipe) if said.recipe else TrainConfig()
        config = replace(base, **_values(base, shared, said.values))
    else:
        if start.config.method != "classification":
            raise StudyError(
                f"expected from to name a classification, got a regression, {said.start!r}"
            )
        base = recipes.load(said.recipe or "refine")
        shared = {name: value for name, value in shared.items() if name not in _OF_START}
        config = recipes.follow(
            base,
            _values(base, shared, said.values),
            network=Architecture.of(start.config),
            targets={name: getattr(start.config, name) for name in _TARGETS},
        )
    return Method(config, said.start, _view(said, config, start))


def _values(base: TrainConfig, shared: dict[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """All that is said, with one budget: the method's own, the study's, or that of its recipe."""
    values = {**shared, **own}
    budget = next((said for said in (own, shared) if any(said.get(n) for n in BUDGETS)), {})
    seen = values.pop("images_seen", None)
    if budget:
        seen = budget.get("images_seen")
        values |= {"steps": budget.get("steps"), "minutes": budget.get("minutes")}
    elif base.steps is None and base.minutes is None:
        seen = IMAGES_SEEN
    if seen is not None:
        values["steps"] = -(-seen // values.get("batch_size", base.batch_size))
    return values


def _view(said: MethodConfig, config: TrainConfig, start: Method | None) -> ViewConfig:
    """The bins and weights of a method; one that begins with a run has its bins."""
    if said.step is not None and config.method != "classification":
        raise StudyError(f"step {said.step:g} needs a classification, got a regression")
    if said.uniform is not None and not (config.rebalance and config.method == "classification"):
        raise StudyError(
            f"uniform {said.uniform:g} needs a rebalanced classification, got {config.label!r}"
        )
    if said.uniform is not None and not 0 <= said.uniform <= 1:
        raise StudyError(f"uniform must be within 0 and 1, got {said.uniform:g}")
    step, uniform = said.step, said.uniform
    if start is not None:
        if step is not None and step != start.view.step:
            has = "that of the study" if start.view.step is None else f"{start.view.step:g}"
            raise StudyError(f"expected step as {said.start!r} has it, {has}, got {step:g}")
        step = start.view.step
        uniform = start.view.uniform if uniform is None else uniform
    if config.method != "classification":
        return ViewConfig()
    return ViewConfig(step=step, uniform=uniform, k=config.k, sigma=config.sigma)
