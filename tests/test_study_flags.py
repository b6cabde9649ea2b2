"""A study by the command line: flags beside a file, and the table of a dry run."""

import pytest

from photochrom import studies
from photochrom.config import StudyConfig


@pytest.fixture
def asked(run, load, monkeypatch):
    """The study that `photochrom study` with these flags asks for, beside a file."""
    given = []
    monkeypatch.setattr("photochrom.cli_study._study", lambda study, *_, **__: given.append(study))

    def call(text, *flags):
        load(text)
        code, _, lines = run("study", *flags, "-o", "out")
        assert (code, lines) == (0, [])
        return given[-1]

    return call


def test_flags_go_before_the_file(asked, tmp_path):
    text = (
        "pictures = ['a.tar']\nseeds = 2\n[protocol]\nsteps = 9\nwidth = 8\nskips = false\n"
        "[evaluation]\nsize = 64\nbatch = 3\n[methods.a]"
    )
    file = ("--config", tmp_path / "mine.toml")
    study = asked(text, *file)
    assert study.pictures == (str(tmp_path / "a.tar"),)
    assert study.protocol == {"steps": 9, "width": 8, "skips": False}
    assert (study.seeds, study.evaluation.size, study.evaluation.batch) == (2, 64, 3)
    study = asked(text, "b.tar", *file, "--minutes=4", "--width", 32, "--skips", "--seeds", 3)
    assert study.pictures == ("b.tar",)
    # --width 32 is said, though it is the default; the file's budget makes room for the flag's.
    assert study.protocol == {"minutes": 4, "width": 32, "skips": True}
    assert (study.seeds, list(study.methods)) == (3, ["a"])


def test_without_a_file_only_what_flags_say_is_shared(asked):
    study = asked("", "b.tar", "--pictures-seen", 100, "--no-skips")
    assert study == StudyConfig(
        pictures=("b.tar",), protocol={"pictures_seen": 100, "skips": False}
    )


def test_two_budgets_of_flags_are_refused(refusal, tmp_path):
    line = refusal("study", "x", "-o", tmp_path / "s", "--steps", 1, "--minutes", 1)
    assert line == "expected one budget of steps, minutes, pictures_seen, got steps and minutes"


def test_a_mistake_in_a_file_is_one_line(refusal, load, tmp_path):
    (tmp_path / "bad.toml").write_text("[methods.a]\nk = 1.5")
    line = refusal("study", "x", "-o", tmp_path / "s", "--config", tmp_path / "bad.toml")
    assert line.endswith("bad.toml: [methods.a]: expected k to be a whole number, got 1.5")


def test_a_dry_run_is_a_table_with_its_total(run, photos, tmp_path, monkeypatch):
    from photochrom import study
    from photochrom.study.dry_run import Planned

    def forecast(pictures, config, folder, reporter, *, tell):
        runs = study.runs_of(config, folder)
        planned = [
            Planned(run, 1234, seconds)
            for run, seconds in zip(runs, (0.0, 600.0, 7200.0), strict=True)
        ]
        return study.Forecast(planned, prior=30.0, evaluation=90.0, pictures=7)

    monkeypatch.setattr("photochrom.study.forecast", forecast)
    code, out, _ = run("study", photos, "-o", tmp_path / "s", "--dry-run", "--steps", 1700)
    rows = [" ".join(line.split()) for line in out.splitlines()]
    assert code == 0
    assert rows == [
        "method seed budget parameters time from",
        "regression 0 1,700 steps 1,234 finished –",
        "classification 0 1,700 steps 1,234 10.0 min –",
        "classification-rebalanced 0 1,700 steps 1,234 2 h 00 min –",
        "counting colours 30 s",
        "evaluating 3 runs on 7 pictures 1.5 min",
        "total 2 h 12 min",
    ]
    assert not (tmp_path / "s").exists()


def test_the_demo_is_the_usual_study_of_the_samples(run, samples, tmp_path, monkeypatch):
    given = []
    monkeypatch.setattr("photochrom.cli_demo.conduct", lambda *asked: given.append(asked))
    monkeypatch.setattr("photochrom.cli_demo._score", lambda found, report: None)
    assert run("demo", "-o", tmp_path / "demo", "--minutes", 3)[0] == 0
    ((pictures, study, folder),) = given
    assert len([*pictures.training, *pictures.validation]) == len([*samples.glob("*.jpg")])
    assert folder == tmp_path / "demo" / "study"
    assert len(list((tmp_path / "demo" / "colored").iterdir())) == len([*samples.glob("*.jpg")])
    configs = [method.config for method in studies.resolve(study).values()]
    assert {(config.minutes, config.steps, config.width) for config in configs} == {(3, None, 16)}
    assert len(configs) == 3
