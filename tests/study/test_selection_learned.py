"""Sweeps of networks that really learn: what is chosen, and what a stopped sweep comes to."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace

import pytest
from commands import TINY
from PIL import Image
from sweep_world import (
    REGRESSION,
    SHARED,
    Silent,
    conducted,
    given as given,
    gradient,
    purposes,
    reported as reported,
    sweep as sweep,
    without_pages,
)

from photochrom import study as studies
from photochrom.config import EvaluateConfig, StudyConfig
from photochrom.evaluation.evaluate import evaluate
from photochrom.evaluation.methods import trained
from photochrom.evaluation.tuning import Decoding, candidates
from photochrom.image_io import digest, find
from photochrom.models import Colorizer, read_config
from photochrom.prior import PriorFile
from photochrom.study import selection
from photochrom.training import fit

REAL = {"sweep": {"lr": (0.001, 0.02)}, "sweep_share": 0.5, "seeds": 2}


def made(folder):
    """The bytes of every model, and what was chosen by every selection."""
    models = {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("model.safetensors"))
    }
    chosen = {
        str(path.relative_to(folder)): json.loads(path.read_text())
        for path in sorted(folder.rglob("selection.json"))
    }
    return models, chosen


def best_of(folder, method):
    """The learning rate of the trial with the highest score."""
    told = {}
    for path in folder.glob(f"sweep/{method}/*/selection.json"):
        lr = json.loads((path.parent / "train.json").read_text())["config"]["lr"]
        told[lr] = json.loads(path.read_text())["score"]
    assert len(set(told.values())) == len(told)
    return max(told, key=told.get)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A study with a sweep that nobody stopped: its images, its folder and its report."""
    folder = tmp_path_factory.mktemp("whole")
    for seed in range(8):
        Image.fromarray(gradient(seed)).save(folder / f"{seed}.png")
    given = purposes(find([str(folder / "*.png")]).images)
    with pytest.MonkeyPatch.context() as patched:
        told = without_pages(patched)
        conducted(given, folder / "study", **REAL)
    return given, folder / "study", told[0]


@pytest.mark.parametrize(
    "stop", [("b, lr-0.001", 2), ("a/seed-0", 3)], ids=["in-a-trial", "in-a-run"]
)
def test_a_stopped_sweep_goes_on_as_if_it_had_not_stopped(stop, whole, reported, tmp_path):
    given, complete, _ = whole
    with pytest.raises(KeyboardInterrupt):
        conducted(given, tmp_path, stop=stop, **REAL)
    assert list((tmp_path / "sweep").rglob("selection.json"))
    before = Counter(conducted(given, tmp_path, **REAL).trained)
    assert made(tmp_path) == made(complete)
    assert before[stop[0]]  # what was stopped went on
    assert not before["a, lr-0.001"]  # what was finished did not


def test_final_runs_have_the_chosen_value_and_the_chosen_decoding(whole):
    _, folder, (runs, models, trials) = whole
    for run in runs:
        assert run.config.lr == best_of(folder, run.method)
        began = json.loads((run.folder / "train.json").read_text())["config"]
        assert (began["lr"], began["steps"], began["seed"]) == (run.config.lr, 4, run.seed)
        assert models[run.name] == run.folder / "tuned"
        told, model = read_config(models[run.name]), Colorizer.load(models[run.name])
        decoding = told["training"]["selection"]["decoding"]
        name = "gain" if run.method == "a" else "temperature"
        assert decoding[name] == getattr(model, name) == told[name]
        assert told["training"]["steps"] == 4  # it still says how it was trained
    assert [(one.method, one.chosen) for one in trials if not one.values] == [
        (run.name, True) for run in runs
    ]
    assert [one.method for one in trials if one.values and one.chosen] == ["a", "b"]


def test_a_selection_says_what_was_tried_on_which_images(whole):
    given, folder, _ = whole
    for method, kind in (("a", "regression"), ("b", "classification")):
        path = folder / f"sweep/{method}/lr-0.02/selection.json"
        told = json.loads(path.read_text())
        assert told.keys() == {"score", "decoding", "tried", "objective", "images", "count"}
        assert (told["objective"], told["count"]) == ("auc_rebalanced", 2)
        assert told["images"] == digest(sorted(given.select))
        tried = candidates(kind, weights=True)
        assert [Decoding(**one) for one, _ in told["tried"]] == tried
        best = max(told["tried"], key=lambda one: one[1])
        assert best == [told["decoding"], told["score"]]
        assert json.loads((path.parent / "train.json").read_text())["config"]["steps"] == 2


@pytest.fixture
def one_run(given, tmp_path):
    """The run of a study of one method, its prior, the study, and what trains it."""
    config = StudyConfig(methods={"a": REGRESSION}, protocol=SHARED, sweep={"lr": (0.01,)})
    (run,) = studies.runs_of(config, tmp_path / "study")
    prior = PriorFile.load("photographs")
    trained_on = []

    def train(run):
        trained_on.append(run.name)
        fit(given.training, prior, run.config, run.folder, resume=True)
        return prior

    return run, prior, config, train, trained_on


def test_a_selection_on_other_images_is_made_again(one_run, given, tmp_path):
    run, _, config, train, asked = one_run
    trials = selection.trials_of(run, config, tmp_path / "study")
    path = tmp_path / "study/sweep/a/lr-0.01/selection.json"
    others = replace(given, select=given.select[:1])
    turned = replace(given, select=given.select[::-1])
    told = []
    for images in (given, turned, others):
        selection.choose(trials, train, images, config, Silent())
        told.append((json.loads(path.read_text())["images"], len(asked)))
    # The same images in another order are the same.
    assert told == [
        (digest(sorted(given.select)), 1),
        (digest(sorted(given.select)), 1),
        (digest(given.select[:1]), 2),
    ]
    by_raw = replace(config, select_by="auc_raw")
    selection.choose(trials, train, others, by_raw, Silent())
    assert json.loads(path.read_text())["objective"] == "auc_raw"


def test_and_so_is_the_model_with_its_decoding(one_run, given):
    run, prior, config, train, _ = one_run
    train(run)

    def tuned(**changes):
        images = replace(given, **changes)
        folder = selection.tuned_model(run, prior, images, config, Silent())
        return folder, read_config(folder)["training"]["selection"]["images"]

    folder, images = tuned()
    before = (folder / "config.json").stat().st_mtime_ns
    assert tuned() == (folder, images) == (run.folder / "tuned", digest(sorted(given.select)))
    assert (folder / "config.json").stat().st_mtime_ns == before
    assert tuned(select=given.select[1:]) == (folder, digest(given.select[1:]))
    none = replace(given, select=())
    assert selection.tuned_model(run, prior, none, config, Silent()) == run.folder


def test_scores_on_the_images_that_chose_are_told_to_be_no_result(one_run, given):
    run, prior, config, train, _ = one_run
    train(run)
    folder = selection.tuned_model(run, prior, given, config, Silent())
    rows = {"chosen": trained(folder, method="chosen"), "as trained": trained(run.folder)}
    small = EvaluateConfig(size=32, examples=1)
    assert evaluate(rows, given.select[::-1], small).selected == ["chosen"]
    assert evaluate(rows, given.test, small).selected == []


def test_a_trial_whose_loss_is_no_number_is_passed_over(sweep, tmp_path):
    sweep({"a": REGRESSION}, sweep={"lr": (1e30, 0.001)}, sweep_share=1.0)
    told = json.loads((tmp_path / "study/sweep/a/lr-1e+30/selection.json").read_text())
    assert told["score"] is None
    assert told["reason"].startswith("training diverged: expected a finite loss at step")
    run = json.loads((tmp_path / "study/runs/a/train.json").read_text())
    assert run["config"]["lr"] == 0.001


def test_a_study_all_of_whose_trials_diverge_ends_in_one_line(refusal, photos, tmp_path):
    (tmp_path / "two.toml").write_text("[methods.mine]\nmethod = 'regression'")
    study = ("study", photos, "-o", tmp_path / "s", "--config", tmp_path / "two.toml", *TINY)
    line = refusal(*study, "--steps", 8, "--sweep-share", 1, "--sweep", "lr=1e30,1e31")
    assert line == (
        "expected a trial of mine that trains, got 2 that diverged: sweep smaller learning rates"
    )


def started(*arguments):
    words = [sys.executable, "-c", "from photochrom.cli import main; main()", *map(str, arguments)]
    one_thread, out = os.environ | {"OMP_NUM_THREADS": "1"}, subprocess.PIPE
    return subprocess.Popen(words, stdout=out, stderr=subprocess.STDOUT, env=one_thread)


def finish(process):
    out, _ = process.communicate(timeout=300)
    assert process.returncode == 0, out.decode()


@pytest.mark.slow
def test_a_study_killed_in_its_sweep_gives_what_it_would_have_given(photos, tmp_path):
    (tmp_path / "two.toml").write_text(
        "[methods.a]\nmethod = 'regression'\n[methods.b]\nrebalance = false\n"
        "[protocol]\nsteps = 60\nwidth = 2\nsize = 32\ncrop = 32\nbatch = 2\n"
        "workers = 0\nprecision = '32'\n[evaluation]\nsize = 32\nexamples = 1\n"
    )
    command = ("study", photos, "--config", tmp_path / "two.toml", "--test-fraction", 0.2)
    command += ("--sweep", "lr=0.001,0.02", "--sweep-share", 0.9, "-o")
    finish(started(*command, tmp_path / "whole"))

    process = started(*command, tmp_path / "killed")
    trial = tmp_path / "killed/sweep/b/lr-0.02"
    while not (trial / "log.csv").exists() or (trial / "log.csv").read_text().count("\n") < 2:
        assert process.poll() is None, process.communicate()
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)  # between the tenth step and the fifty-fourth
    process.communicate(timeout=60)
    assert not (trial / "model.safetensors").exists()
    assert len(made(tmp_path / "killed")[1]) == 3  # of four trials

    finish(started(*command, tmp_path / "killed"))
    assert made(tmp_path / "killed") == made(tmp_path / "whole")
    whole, killed = (
        {
            row["name"]: row["scores"]["auc_rebalanced"]
            for row in json.loads((tmp_path / name / "report/scores.json").read_text())["rows"]
        }
        for name in ("whole", "killed")
    )
    assert killed == whole
    assert {"a", "b"} < whole.keys()
