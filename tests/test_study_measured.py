"""What is the same for all methods of a study, and what a dry run tells of it."""

from contextlib import nullcontext

import pytest
import torch
from safetensors.torch import load_file

from photochrom import bars, study as studies
from photochrom.config import MethodConfig, StudyConfig, TrainConfig
from photochrom.training import fit


@pytest.mark.parametrize(
    ("init", "names"),
    [("default", ("regression", "hard", "judged")), ("normal", ("regression", "hard"))],
)
def test_methods_of_one_seed_begin_alike_and_see_the_same(init, names, pictures, tiny, tmp_path):
    # After one step too small to change a weight, the trunk has its first weights still, and its
    # running means are those of the first batch: of which pictures, crops and flips it was.
    small = tiny | {"steps": 1, "lr": 1e-12, "weight_decay": 0.0, "init": init}
    methods = {
        "regression": TrainConfig(**small, method="regression"),
        "hard": TrainConfig(**small, rebalance=False, k=1),
        "judged": TrainConfig(**small, rebalance=False, discriminator="pooled"),
    }
    trunks = {}
    for name in names:
        fit(pictures, None, methods[name], tmp_path / name)
        tensors = load_file(tmp_path / name / "model.safetensors")
        trunks[name] = {key: value for key, value in tensors.items() if "head" not in key}
        del trunks[name]["bins"]
    for trunk in trunks.values():
        for key, value in trunk.items():
            # One step of Adam moves a weight by 1e-12, below a float's digits or next to zero.
            torch.testing.assert_close(value, trunks["hard"][key], rtol=0, atol=1e-11)
    assert any(key.endswith("running_mean") for key in trunks["hard"])


def shared(tiny):
    """Of the tiny values those that a protocol has."""
    return {name: value for name, value in tiny.items() if name != "discriminator_width"}


def test_a_dry_run_tells_what_it_costs_and_leaves_nothing(pictures, tiny, tmp_path, monkeypatch):
    monkeypatch.setattr("photochrom.study.dry_run.evaluated", lambda *_: nullcontext())
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    given = studies.Pictures(pictures[:6], pictures[6:], "drawn")
    methods = {
        "plain": MethodConfig({"rebalance": False}),
        "refined": MethodConfig({"discriminator_width": 4, "adversarial_from": 0.5}, start="plain"),
    }
    config = StudyConfig(methods=methods, seeds=2, protocol={**shared(tiny), "steps": 1000})
    told = studies.forecast(given, config, tmp_path / "study", bars.Teller())
    names = [one.run.name for one in told.runs]
    assert names == [f"{m}/seed-{s}" for m in ("plain", "refined") for s in (0, 1)]
    plain, again, refined, _ = told.runs
    assert 0 < plain.seconds == again.seconds
    assert plain.parameters == refined.parameters > 100
    assert told.total == told.prior + sum(one.seconds for one in told.runs) + told.evaluation
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]


def test_a_forecast_by_steps_adds_up():
    cost = studies.Cost(begin=1.0, look=0.5, step=0.1, parameters=7)
    # 1 + 100 · 0.1 + 20 · 0.5
    assert cost.seconds(TrainConfig(steps=100)) == pytest.approx(21)
    assert cost.seconds(TrainConfig(minutes=2)) == 121
