"""What a study chooses on its selection images: the plan of its trials, and the choice."""

import json
from dataclasses import replace

import pytest
from sweep_world import PLAIN, given as given, reported as reported, sweep as sweep

from photochrom.config import Architecture, MethodConfig
from photochrom.evaluation.tuning import Decoding, Tuned
from photochrom.models import Colorizer
from photochrom.quantize import Gamut
from photochrom.study import run, selection
from photochrom.training import DivergedError


@pytest.fixture
def scores(monkeypatch):
    """Runs that are only noted, and the score that a trial of each learning rate is given."""
    given, asked = {}, []

    def train(images, prior, config, run, *, initial, **_):
        if not (run / "model.safetensors").exists():
            asked.append((run, config, initial and initial.folder))
            if given.get(config.lr) is None:
                raise DivergedError("the loss is no number")
            run.mkdir(parents=True)
            (run / "train.json").write_text(json.dumps({"config": vars(config)}))
            (run / "model.safetensors").write_bytes(b"")
        return []

    def tune(model, images, **_):
        lr = json.loads((model.folder / "train.json").read_text())["config"]["lr"]
        return Tuned(Decoding(gain=lr), given[lr], [(Decoding(gain=lr), given[lr])])

    def load(folder):
        model = Colorizer(Architecture(width=1), Gamut.srgb(60))
        model.folder = folder
        return model

    monkeypatch.setattr(run, "fit", train)
    monkeypatch.setattr(run, "tuned_model", lambda run, *_: run.folder)
    monkeypatch.setattr(selection, "tune", tune)
    monkeypatch.setattr("photochrom.models.Colorizer.load", load)
    given.update({0.001: 50.0, 0.01: 60.0, 0.1: 55.0})
    return given, asked


LR = {"lr": (0.001, 0.01, 0.1)}


def trials_of(asked, folder):
    """The trials among the runs: method, name, steps, seed and learning rate."""
    return [
        (*run.relative_to(folder / "sweep").parts, config.steps, config.seed, config.lr)
        for run, config, _ in asked
        if run.is_relative_to(folder / "sweep")
    ]


def runs_of(asked, folder):
    """The other runs, and the learning rate of each."""
    return {
        str(run.relative_to(folder / "runs")): config.lr
        for run, config, _ in asked
        if run.is_relative_to(folder / "runs")
    }


def test_the_best_trial_gives_its_value_to_all_seeds(sweep, scores, tmp_path):
    _, asked = scores
    sweep(sweep=LR, seeds=2, sweep_share=0.3, protocol={"seed": 3, "steps": 10})
    # Every method has as many trials, of the first seed and of 0.3 · 10 steps.
    assert trials_of(asked, tmp_path / "study") == [
        (method, f"lr-{lr:g}", 3, 3, lr) for method in "ab" for lr in LR["lr"]
    ]
    final = dict.fromkeys(("a/seed-3", "b/seed-3", "a/seed-4", "b/seed-4"), 0.01)
    assert runs_of(asked, tmp_path / "study") == final
    assert {config.steps for run, config, _ in asked if "runs" in run.parts} == {10}


def test_a_report_tells_all_trials_and_which_was_chosen(sweep, scores, reported, tmp_path):
    given, _ = scores
    given[0.1] = None
    sweep(sweep=LR)
    ((_, _, trials),) = reported
    told = [(one.method, one.values, one.decoding, one.chosen) for one in trials]
    assert told == [
        (method, values, decoding, values == "lr-0.01")
        for method in "ab"
        for values, decoding in (
            ("lr-0.001", "gain 0.001"),
            ("lr-0.01", "gain 0.01"),
            ("lr-0.1", "diverged"),
        )
    ]
    assert [one.score for one in trials][:2] == [50, 60]


def test_all_combinations_are_tried(sweep, scores, tmp_path):
    _, asked = scores
    sweep({"a": PLAIN}, sweep={"lr": (0.01, 0.1), "k": (1, 3)})
    assert [(name, lr) for _, name, _, _, lr in trials_of(asked, tmp_path / "study")] == [
        ("lr-0.01,k-1", 0.01),
        ("lr-0.01,k-3", 0.01),
        ("lr-0.1,k-1", 0.1),
        ("lr-0.1,k-3", 0.1),
    ]


def test_a_budget_of_images_stays_one_whatever_the_batch_of_a_trial(sweep, scores, tmp_path):
    _, asked = scores
    budget = {"steps": None, "images_seen": 80}
    sweep(
        {"a": PLAIN}, sweep={"batch_size": (2, 4)}, sweep_share=0.5, protocol={**budget, "lr": 0.01}
    )
    tried = [(name, steps) for _, name, steps, *_ in trials_of(asked, tmp_path / "study")]
    assert tried == [("batch_size-2", 20), ("batch_size-4", 10)]  # of 40 images
    assert asked[-1][1].steps * asked[-1][1].batch_size == 80


def test_a_trial_by_minutes_has_its_share_of_them(sweep, scores):
    _, asked = scores
    sweep({"a": PLAIN}, sweep=LR, protocol={"steps": None, "minutes": 8.0})
    assert {config.steps for _, config, _ in asked} == {None}
    assert [config.minutes for _, config, _ in asked] == [2, 2, 2, 8]


def test_trials_that_diverge_are_passed_over_and_not_tried_again(sweep, scores, tmp_path):
    given, asked = scores
    given[0.01] = None
    sweep(sweep=LR)
    assert set(runs_of(asked, tmp_path / "study").values()) == {0.1}
    told = json.loads((tmp_path / "study/sweep/a/lr-0.01/selection.json").read_text())
    assert (told["score"], told["reason"]) == (None, "the loss is no number")
    (tmp_path / "study/report/index.html").unlink()
    before = len(asked)
    sweep(sweep=LR)
    assert len(asked) == before


def test_a_method_none_of_whose_trials_trains_is_named(sweep, scores):
    scores[0].clear()
    line = "a trial of a that trains, got 3 that diverged: sweep smaller learning rates"
    with pytest.raises(ValueError, match=f"^expected {line}$"):
        sweep(sweep=LR)


def test_a_method_that_begins_with_another_has_its_trials_after_that_run(sweep, scores, tmp_path):
    _, asked = scores
    methods = {"refined": MethodConfig(start="a"), "a": PLAIN}
    sweep(methods, sweep=LR, seeds=2, protocol={"checkpoint": "last"})
    folder = tmp_path / "study"
    begun = [(str(run.relative_to(folder)), initial) for run, _, initial in asked]
    of_a = folder / "runs/a/seed-0"
    assert begun[:4] == [
        *((f"sweep/a/lr-{lr:g}", None) for lr in LR["lr"]),
        ("runs/a/seed-0", None),
    ]
    assert begun[4:8] == [
        *((f"sweep/refined/lr-{lr:g}", of_a) for lr in LR["lr"]),
        ("runs/refined/seed-0", of_a),
    ]


def test_and_keeps_the_targets_that_were_chosen_for_that_run(sweep, scores, tmp_path):
    given, asked = scores
    given[1e-4] = 0.0
    start = replace(PLAIN, sweep={"lr": (1e-4, 0.01), "k": (3,)})
    refined = MethodConfig(start="a", sweep={"lr": (0.001, 0.01)})
    sweep({"a": start, "refined": refined}, protocol={"checkpoint": "last"})
    assert {config.k for _, config, _ in asked} == {3}


def test_a_share_of_another_size_is_another_study(sweep, scores):
    sweep(sweep=LR)
    with pytest.raises(ValueError, match=r"method a .*\(sweep_share 0.25, now 0.5\)"):
        sweep(sweep=LR, sweep_share=0.5)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"sweep": {"lr": (0.001, 0.01)}}, r"method a as this study began .*\(sweep .*0.1.*, now"),
        ({"sweep": {}}, r"method a as this study began with it, got another \(sweep"),
        ({"select_by": "auc_raw"}, r"method a .*\(select_by auc_rebalanced, now auc_raw\)"),
    ],
)
def test_another_sweep_is_another_study(changes, line, sweep, scores):
    sweep(sweep=LR)
    with pytest.raises(ValueError, match=line):
        sweep(**{"sweep": LR} | changes)


def test_seeds_are_added_without_another_sweep(sweep, scores, tmp_path):
    _, asked = scores
    sweep(sweep=LR)
    before = len(asked)
    sweep(sweep=LR, seeds=2)
    assert runs_of(asked[before:], tmp_path / "study") == {"a/seed-1": 0.01, "b/seed-1": 0.01}
    assert trials_of(asked[before:], tmp_path / "study") == []


def test_a_sweep_needs_images_to_choose_on(sweep, given, scores):
    with pytest.raises(ValueError, match=r"^--sweep needs images to choose on, got none: add --se"):
        sweep(sweep=LR, images=replace(given, select=()))


def test_a_trial_that_makes_no_sense_is_refused_before_anything_is_trained(sweep, scores, tmp_path):
    _, asked = scores
    with pytest.raises(ValueError, match=r"--k must be within 1 and the gamut's 313 bins, got 400"):
        sweep(sweep={"k": (5, 400)})
    with pytest.raises(ValueError, match=r"\[methods.a\]: --lr must be positive, got -1"):
        sweep(sweep={"lr": (0.1, -1)})
    assert (asked, (tmp_path / "study").exists()) == ([], False)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[sweep]\nlr = 0.1", r"\[sweep\]: expected lr to be a list of values, got 0.1"),
        ("[sweep]\nlr = []", r"\[sweep\]: expected lr to be a list of values, got \[\]"),
        ("[sweep]\nlr = [0.1, 'b']", r"\[sweep\]: expected lr to be a number, got 'b'"),
        ("[sweep]\nwidth = [8, 16]", r"\[sweep\]: expected keys among .*, got 'width'"),
        ("[sweep]\nsteps = [8, 16]", r"\[sweep\]: expected keys among .*, got 'steps'"),
        (
            "[methods.a.sweep]\nk = [1, 1.5]",
            r"\[methods.a.sweep\]: expected k to be a whole number, got 1.5",
        ),
        (
            "[sweep]\nlr = [1, 2]\n[methods.a]\n[methods.b.sweep]\nlr = [1, 2, 3]",
            "expected the same number of trials for every method, got 2 for a, 3 for b: a compar",
        ),
        (
            "[methods.a]\n[methods.b.sweep]\nlr = [1]",
            "expected the same number of trials for every method, got 0 for a, 1 for b: a compar",
        ),
    ],
)
def test_a_wrong_sweep_is_refused_by_table_and_option(text, line, load):
    with pytest.raises(ValueError, match=f"mine.toml: {line}"):
        load(text)


def test_a_method_may_sweep_its_own_values(load):
    study = load(
        "[sweep]\nlr = [1, 2]\nk = [1, 5]\n[methods.a]\n[methods.b]\nmethod = 'regression'\n"
        "[methods.b.sweep]\nlr = [0.1, 0.2, 0.3, 0.4]"
    )
    of_a, of_b = study.sweep_of("a"), study.sweep_of("b")
    assert of_a == [{"lr": lr, "k": k} for lr in (1, 2) for k in (1, 5)]
    assert of_b == [{"lr": lr} for lr in (0.1, 0.2, 0.3, 0.4)]
