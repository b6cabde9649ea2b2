"""What is the same for all methods of a study, and what a dry run tells of it."""

from contextlib import nullcontext

import pytest
import torch
from safetensors.torch import load_file

from photochrom import study
from photochrom.commands import progress
from photochrom.config import MethodConfig, StudyConfig, TrainConfig
from photochrom.study import definition
from photochrom.training import fit


@pytest.mark.parametrize(
    ("init", "names"),
    [("default", ("regression", "hard", "judged")), ("normal", ("regression", "hard"))],
)
def test_methods_of_one_seed_begin_alike_and_see_the_same(init, names, images, tiny, tmp_path):
    # After one step too small to change a weight, the trunk has its first weights still, and its
    # running means are those of the first batch: of which images, crops and flips it was.
    small = tiny | {"steps": 1, "lr": 1e-12, "weight_decay": 0.0, "init": init}
    methods = {
        "regression": TrainConfig(**small, method="regression"),
        "hard": TrainConfig(**small, rebalance=False, k=1),
        "judged": TrainConfig(**small, rebalance=False, discriminator="pooled"),
    }
    trunks = {}
    for name in names:
        fit(images, None, methods[name], tmp_path / name)
        tensors = load_file(tmp_path / name / "model.safetensors")
        trunks[name] = {key: value for key, value in tensors.items() if "head" not in key}
        del trunks[name]["bins"]
    for trunk in trunks.values():
        for key, value in trunk.items():
            # One step of Adam moves a weight by 1e-12, below a float's digits or next to zero.
            torch.testing.assert_close(value, trunks["hard"][key], rtol=0, atol=1e-11)
    assert any(key.endswith("running_mean") for key in trunks["hard"])


@pytest.fixture
def resolved(load):
    return lambda text: definition.resolve(load(text))


def test_without_a_budget_every_method_sees_as_many_images(resolved):
    methods = resolved(
        "[methods.a]\n[methods.b]\nbatch_size = 10\n"
        "[methods.c]\nmethod = 'regression'\nbatch_size = 64\n"
        "[methods.d]\nrecipe = 'refined'\nbatch_size = 2"
    )
    assert {m.config.steps * m.config.batch_size for m in methods.values()} == {64_000}
    assert [m.config.steps for m in methods.values()] == [4000, 6400, 1000, 32_000]
    assert {m.config.minutes for m in methods.values()} == {None}


def test_two_rules_of_which_weights_become_the_model_are_refused(resolved):
    line = "one --checkpoint for all methods, got best for a, last for b: set it in the protocol"
    with pytest.raises(ValueError, match=f"mine.toml: expected {line}"):
        resolved("[methods.a]\ncheckpoint = 'best'\n[methods.b]\nmethod = 'regression'")
    methods = resolved("[protocol]\ncheckpoint = 'best'\n[methods.a]\n[methods.b]\nk = 1")
    assert {method.config.checkpoint for method in methods.values()} == {"best"}


def test_a_row_of_the_shipped_study_is_refined_but_for_its_discriminator():
    methods = definition.resolve(definition.load("regression-classification"))
    with_l1, refined = (vars(methods[name].config) for name in ("rebalanced-l1", "refined"))
    differing = {name for name, value in refined.items() if with_l1[name] != value}
    game = {name for name in vars(TrainConfig()) if name.startswith(("discriminator", "adv"))}
    assert differing <= game - {"adversarial_start"}
    assert with_l1["discriminator"] == "none"
    assert with_l1["l1_weight"] == 5


@pytest.mark.parametrize("name", ["training", "select", "val"])
def test_a_test_image_is_for_nothing_else(name, images):
    given = {"training": images[:4], "test": images[4:], "source": "drawn"}
    first = min(images[4:6]).name
    line = f"not among the {name} images, got 2 that are .first: {first}.: a score on them would"
    with pytest.raises(ValueError, match=line):
        study.ImageSets(**given | {name: images[2:6]})


def shared(tiny):
    """Of the tiny values those that a protocol has."""
    return {name: value for name, value in tiny.items() if name != "discriminator_width"}


def test_a_dry_run_tells_what_it_costs_and_leaves_nothing(images, tiny, tmp_path, monkeypatch):
    monkeypatch.setattr("photochrom.study.dry_run.evaluated", lambda *_: nullcontext())
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    given = study.ImageSets(images[:6], images[6:], "drawn")
    methods = {
        "plain": MethodConfig({"rebalance": False}),
        "refined": MethodConfig(
            {"discriminator_width": 4, "adversarial_start": 0.5}, start="plain"
        ),
    }
    protocol = {**shared(tiny), "steps": 1000, "checkpoint": "last"}
    config = StudyConfig(methods=methods, seeds=2, protocol=protocol)
    told = study.forecast(given, config, tmp_path / "study", progress.Teller())
    names = [one.run.name for one in told.runs]
    assert names == [f"{m}/seed-{s}" for m in ("plain", "refined") for s in (0, 1)]
    plain, again, refined, _ = told.runs
    assert 0 < plain.seconds == again.seconds
    assert plain.parameters == refined.parameters > 100
    assert told.total == told.prior + sum(one.seconds for one in told.runs) + told.evaluation
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]


def test_a_dry_run_counts_the_trials_of_a_sweep(images, tiny, tmp_path, monkeypatch):
    monkeypatch.setattr("photochrom.study.dry_run.evaluated", lambda *_: nullcontext())
    given = study.ImageSets(images[:5], images[6:], "drawn", select=images[5:6])
    config = StudyConfig(
        methods={"a": MethodConfig({"method": "regression"})},
        seeds=2,
        protocol={**shared(tiny), "steps": None, "minutes": 8.0},
        sweep={"lr": (0.1, 0.01, 0.001)},
        sweep_share=0.5,
    )
    told = study.forecast(given, config, tmp_path / "study", progress.Teller())
    assert told.trials == 3
    assert told.selection > 0
    beside = told.prior + told.selection + told.evaluation
    (begun,) = {one.seconds - 8 * 60 for one in told.runs}  # seconds before the first step
    # Two runs of 8 minutes and three trials of 4.
    assert told.total - beside == pytest.approx(2 * 8 * 60 + 3 * 4 * 60 + 5 * begun)


def test_a_forecast_by_steps_adds_up():
    cost = study.Cost(begin=1.0, look=0.5, step=0.1, parameters=7)
    # 1 + 100 · 0.1 + 20 · 0.5
    assert cost.seconds(TrainConfig(steps=100)) == pytest.approx(21)
    assert cost.seconds(TrainConfig(minutes=2)) == 121
