"""A study as it runs: what is trained, where it lies, what is never trained again."""

import json
import subprocess
from pathlib import Path

import pytest

from photochrom import study as studies
from photochrom.config import EvaluateConfig, MethodConfig, StudyConfig
from photochrom.evaluation.methods import trained
from photochrom.prior import PriorFile
from photochrom.report.build import provenance

A, B = MethodConfig(), MethodConfig({"rebalance": False})


class Silent:
    """A reporter that remembers which runs took a step."""

    def __init__(self):
        self.trained = []

    def track(self, items, total, what):
        return items

    def training(self, name, config):
        return lambda _: self.trained.append(name)

    def skipped(self, images, what):
        pass


@pytest.fixture
def reported(monkeypatch):
    """The names of the runs of each report, which is but a file."""
    told = []

    def report(runs, *rest):
        folder = rest[-2]
        told.append([run.name for run in runs])
        folder.mkdir(exist_ok=True)
        (folder / "index.html").write_text("page")
        return folder / "index.html"

    monkeypatch.setattr("photochrom.study.run.report", report)
    return told


@pytest.fixture
def fake_fit(monkeypatch):
    """The runs that would have been trained: folder, config and the model to begin with."""
    asked = []

    def train(images, prior, config, run, *, initial, **_):
        if not (run / "model.safetensors").exists():
            asked.append((run, config, initial, prior))
            run.mkdir(parents=True)
            (run / "train.json").write_text(json.dumps({"config": {"seed": config.seed}}))
            (run / "model.safetensors").write_bytes(b"")
        return []

    monkeypatch.setattr("photochrom.study.run.fit", train)
    monkeypatch.setattr("photochrom.study.run.Colorizer.load", lambda folder: folder)
    return asked


@pytest.fixture
def conduct(images, tiny, tmp_path, reported):
    """Run a study in `tmp_path / "study"` with its methods: the names of the runs trained."""

    def call(methods, seeds=1, **changes):
        given = studies.ImageSets(images[:6], images[6:], "drawn")
        protocol = {**shared(tiny), **changes.pop("protocol", {})}
        config = StudyConfig(methods=methods, seeds=seeds, protocol=protocol, **changes)
        studies.study(given, config, tmp_path / "study", Silent())

    return call


def shared(tiny):
    """Of the tiny values those that a protocol has."""
    return {name: value for name, value in tiny.items() if name != "discriminator_width"}


def folders(asked, root):
    return [str(run.relative_to(root / "study/runs")) for run, *_ in asked]


def test_one_seed_lies_in_its_methods_folder(conduct, fake_fit, reported, tmp_path):
    conduct({"a": A, "b": B})
    assert folders(fake_fit, tmp_path) == ["a", "b"]
    assert reported == [["a", "b"]]


def test_several_seeds_lie_below_and_are_trained_seed_by_seed(
    conduct, fake_fit, reported, tmp_path
):
    conduct({"a": A, "b": B}, seeds=2, protocol={"seed": 3})
    assert folders(fake_fit, tmp_path) == ["a/seed-3", "b/seed-3", "a/seed-4", "b/seed-4"]
    assert [config.seed for _, config, *_ in fake_fit] == [3, 3, 4, 4]
    assert reported == [["a/seed-3", "a/seed-4", "b/seed-3", "b/seed-4"]]


def test_methods_and_seeds_are_added_to_a_finished_study(conduct, fake_fit, reported, tmp_path):
    conduct({"a": A})
    conduct({"a": A, "b": B})
    conduct({"a": A, "b": B}, seeds=2)
    assert folders(fake_fit, tmp_path) == ["a", "b", "a/seed-1", "b/seed-1"]
    conduct({"a": A, "b": B}, seeds=2)
    conduct({"b": B})  # a report of less: nothing is trained, nothing lost
    assert len(fake_fit) == 4
    assert reported == [["a"], ["a", "b"], [f"{m}/seed-{s}" for m in "ab" for s in (0, 1)], ["b"]]
    made = {str(path.relative_to(tmp_path)) for path in tmp_path.glob("study/runs/*/*/train.json")}
    assert made == {f"study/runs/{m}/seed-{s}/train.json" for m in "ab" for s in (0, 1)}


def test_another_seed_leaves_the_run_of_the_first(conduct, fake_fit, tmp_path):
    conduct({"a": A})
    conduct({"a": A}, protocol={"seed": 7})
    conduct({"a": A})
    assert folders(fake_fit, tmp_path) == ["a", "a/seed-7"]


def test_a_move_that_was_stopped_is_finished(conduct, fake_fit, tmp_path):
    conduct({"a": A})
    at = tmp_path / "study/runs/a"
    at.rename(at.with_name("a.moving"))
    conduct({"a": A})
    assert folders(fake_fit, tmp_path) == ["a"]
    assert (at / "seed-0/model.safetensors").exists()


def test_a_page_that_is_gone_is_made_again_without_training(conduct, fake_fit, reported, tmp_path):
    conduct({"a": A})
    (tmp_path / "study/report/index.html").unlink()
    conduct({"a": A})
    conduct({"a": A}, evaluation=EvaluateConfig(size=64))  # measured otherwise
    assert (len(fake_fit), len(reported)) == (1, 3)


@pytest.mark.parametrize(
    ("methods", "changes", "line"),
    [
        ({"a": MethodConfig({"k": 3})}, {}, r"method a as this study began with it, .*k 5, now 3"),
        ({"a": MethodConfig(uniform=0.7)}, {}, r"method a .*uniform None, now 0.7"),
        ({"a": A}, {"protocol": {"steps": 5}}, r"protocol settings or images .*steps 4, now 5"),
    ],
)
def test_a_changed_method_is_refused_by_its_key(methods, changes, line, conduct, fake_fit):
    conduct({"a": A})
    with pytest.raises(ValueError, match=line):
        conduct(methods, **changes)


def test_a_study_of_the_old_format_is_refused_in_one_line(conduct, fake_fit, tmp_path):
    (folder := tmp_path / "study").mkdir()
    began = {"format": "photochrom study", "version": 1, "validation": "", "protocol": {}}
    (folder / "study.json").write_text(json.dumps(began))
    with pytest.raises(ValueError, match="expected a study of version 2, got one of") as refused:
        conduct({"a": A})
    words = str(refused.value)
    assert f"score them by photochrom evaluate {folder}/runs/* or name another folder" in words
    assert "\n" not in words
    assert json.loads((folder / "study.json").read_text()) == began
    assert fake_fit == []


def test_how_fast_it_loads_may_change(conduct, fake_fit):
    conduct({"a": A})
    conduct({"a": A}, protocol={"workers": 2})
    assert len(fake_fit) == 1


def test_other_images_are_refused(conduct, fake_fit, images, tmp_path, tiny):
    conduct({"a": A})
    given = studies.ImageSets(images[1:6], images[6:], "drawn")
    config = StudyConfig(methods={"a": A}, protocol=shared(tiny))
    with pytest.raises(ValueError, match=r"got others \(training\)"):
        studies.study(given, config, tmp_path / "study", Silent())


@pytest.mark.parametrize("name", ["select", "val"])
def test_other_images_to_choose_on_or_to_watch_are_refused(
    name, conduct, fake_fit, images, tmp_path, tiny
):
    conduct({"a": A})
    given = studies.ImageSets(images[:6], images[6:], "drawn", **{name: images[:2]})
    config = StudyConfig(methods={"a": A}, protocol=shared(tiny))
    with pytest.raises(ValueError, match=rf"got others \({name}\)"):
        studies.study(given, config, tmp_path / "study", Silent())


def test_a_method_may_not_be_named_as_a_baseline(conduct):
    with pytest.raises(ValueError, match="expected no run named 'gray'"):
        conduct({"gray": A})


def test_a_refined_run_begins_with_the_other_of_its_seed(conduct, fake_fit, tmp_path):
    one_rule = {"checkpoint": "last"}
    conduct({"refined": MethodConfig(start="a"), "a": A}, seeds=2, protocol=one_rule)
    began = {run: initial for run, _, initial, _ in fake_fit}
    runs = tmp_path / "study/runs"
    assert list(began.values()) == [None, runs / "a/seed-0", None, runs / "a/seed-1"]
    assert list(began)[1] == runs / "refined/seed-0"


def test_every_prior_is_a_view_of_the_one_count(conduct, fake_fit, tmp_path, monkeypatch):
    counted = []
    real = PriorFile.save
    monkeypatch.setattr(PriorFile, "save", lambda file, path: counted.append(real(file, path)))
    conduct({"a": A, "b": MethodConfig(uniform=0.9), "c": MethodConfig(step=20.0)})
    priors = [prior for *_, prior in fake_fit]
    assert len(counted) == 1
    assert [prior.uniform for prior in priors] == [0.5, 0.9, 0.5]
    assert [len(prior.prior.gamut) for prior in priors][:2] == [313, 313]
    assert priors[2].prior.gamut.step == 20
    assert all((p.histogram.pixels == priors[0].histogram.pixels).all() for p in priors)


def test_a_real_study_refines_and_trains_no_run_twice(images, tiny, tmp_path, reported):
    given = studies.ImageSets(images[:6], images[6:], "drawn")
    judged = MethodConfig({"discriminator_width": 4}, start="plain")
    methods = {"refined": judged, "plain": MethodConfig()}
    protocol = {**shared(tiny), "steps": 1, "checkpoint": "best"}
    config = StudyConfig(methods=methods, protocol=protocol)
    told = Silent()
    studies.study(given, config, tmp_path / "study", told)
    (tmp_path / "study/report/index.html").unlink()
    studies.study(given, config, tmp_path / "study", told)
    assert told.trained == ["plain", "refined"]
    runs = {run.name: run for run in studies.runs_of(config, tmp_path / "study")}
    began = json.loads((runs["refined"].folder / "train.json").read_text())
    assert began["config"]["l1_weight"] == 5  # of the recipe
    assert (
        began["initial"] != json.loads((runs["plain"].folder / "train.json").read_text())["initial"]
    )
    assert [trained(run.folder).steps for run in runs.values()] == [1, 1]


def test_a_report_names_the_commit_of_a_checkout():
    root = Path(studies.__file__).parents[2]
    if not (root / ".git").exists():
        pytest.skip("the package is no checkout")
    words = ["git", "log", "-1", "--format=%h"]
    commit = subprocess.run(words, cwd=root, capture_output=True, text=True).stdout.strip()
    assert commit
    assert f", commit {commit}" in provenance()["photochrom"]
