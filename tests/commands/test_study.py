"""A study by the command line: flags beside a file, and the table of a dry run."""

import pytest
from commands import TINY

from photochrom.config import StudyConfig
from photochrom.study import definition


@pytest.fixture
def asked(run, load, monkeypatch):
    """The study that `photochrom study` with these flags asks for, beside a file."""
    given = []
    monkeypatch.setattr(
        "photochrom.commands.study._study", lambda study, *_, **__: given.append(study)
    )

    def call(text, *flags):
        load(text)
        code, _, lines = run("study", *flags, "-o", "out")
        assert (code, lines) == (0, [])
        return given[-1]

    return call


def test_flags_go_before_the_file(asked, tmp_path):
    text = (
        "images = ['a.tar']\nseeds = 2\n[protocol]\nsteps = 9\nwidth = 8\nskips = false\n"
        "[evaluation]\nsize = 64\nbatch_size = 3\n[methods.a]"
    )
    file = ("--config", tmp_path / "mine.toml")
    study = asked(text, *file)
    assert study.images == (str(tmp_path / "a.tar"),)
    assert study.protocol == {"steps": 9, "width": 8, "skips": False}
    assert (study.seeds, study.evaluation.size, study.evaluation.batch_size) == (2, 64, 3)
    study = asked(text, "b.tar", *file, "--minutes=4", "--width", 32, "--skips", "--seeds", 3)
    assert study.images == ("b.tar",)
    # --width 32 is said, though it is the default; the file's budget makes room for the flag's.
    assert study.protocol == {"minutes": 4, "width": 32, "skips": True}
    assert (study.seeds, list(study.methods)) == (3, ["a"])


def test_without_a_file_only_what_flags_say_is_shared(asked):
    study = asked("", "b.tar", "--images-seen", 100, "--no-skips")
    assert study == StudyConfig(images=("b.tar",), protocol={"images_seen": 100, "skips": False})


def test_flags_say_what_is_swept_and_on_which_images(asked, tmp_path):
    text = "select = ['s.tar']\ntest = ['t.tar']\nsweep_share = 0.5\n[sweep]\nlr = [0.1, 1]"
    file = ("b.tar", "--config", tmp_path / "mine.toml")
    study = asked(text, *file)
    assert (study.sweep, study.sweep_share, study.select) == (
        {"lr": (0.1, 1)},
        0.5,
        (str(tmp_path / "s.tar"),),
    )
    flags = ("--sweep", "lr=3e-4,1e-3", "k=1,5", "--val", "v.tar", "w.tar", "--select", "u.tar")
    study = asked(text, *file, *flags, "--sweep-share", 1, "--select-by", "auc_raw")
    assert study.sweep == {"lr": (3e-4, 1e-3), "k": (1, 5)}  # in place of the file's
    assert (study.sweep_share, study.select_by) == (1, "auc_raw")
    assert (study.val, study.select) == (("v.tar", "w.tar"), ("u.tar",))
    assert study.test == (str(tmp_path / "t.tar"),)
    assert len(study.sweep_of("classification")) == 4


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("lr=3e-4,1e-3,1", {"lr": (3e-4, 1e-3, 1)}),
        ("weight-decay=0,0.1", {"weight_decay": (0, 0.1)}),
        ("k=1,5", {"k": (1, 5)}),
        ("rebalance=true,false", {"rebalance": (True, False)}),
        ("head-init=uniform,prior", {"head_init": ("uniform", "prior")}),
        ("encoder-weights=a.pth", {"encoder_weights": ("a.pth",)}),
    ],
)
def test_values_to_sweep_are_of_the_options_type(text, values):
    found = definition.parse_sweep([text])
    assert found == values
    assert [[type(v) for v in one] for one in found.values()] == [
        [type(v) for v in one] for one in values.values()
    ]


def test_several_options_are_swept_together():
    assert definition.parse_sweep(["k=1,5", "lr=0.1"]) == {"k": (1, 5), "lr": (0.1,)}


@pytest.mark.parametrize("text", ["lr", "lr=", "lrr=1", "width=8,16", "method=regression"])
@pytest.mark.parametrize("more", ["", "steps=1,2", "images-seen=9", "seed=1,2"])
def test_what_may_not_be_swept_is_refused_with_all_that_may(text, more):
    line = r"^expected --sweep OPTION=VALUE,VALUE with one of adversarial, .*, k, .*, lr, .*, got"
    with pytest.raises(ValueError, match=f"{line} '{more or text}'$"):
        definition.parse_sweep([*([more] if more else []), text])


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("lr=fast", "lr to be a number, got 'fast'"),
        ("lr=1e-3,", "lr to be a number, got ''"),
        ("k=1,1.5", "k to be a whole number, got 1.5"),
        ("loss=l1,l3", "loss to be one of l2, smooth-l1, l1, got 'l3'"),
    ],
)
def test_a_value_of_another_type_is_refused_by_its_option(text, line, refusal, tmp_path):
    assert refusal("study", "x", "-o", tmp_path / "s", "--sweep", text) == (
        f"--sweep: expected {line}"
    )


@pytest.fixture
def found(run, photos, monkeypatch, tmp_path):
    """The images that a study of these flags would be of, by what they are for."""
    given = []
    monkeypatch.setattr("photochrom.commands.study.conduct", lambda *asked: given.append(asked[0]))

    def call(*flags):
        assert run("study", *flags, "-o", tmp_path / "s") == (0, "", [])
        names = ("training", "val", "select", "test")
        return {n: {one.name for one in getattr(given[-1], n)} for n in names}, given[-1].held_out

    return call


def test_images_are_held_out_to_report_on_and_as_many_to_choose_on(found, photos):
    every = {path.name for path in photos.iterdir()}
    sets, held_out = found(photos, "--test-fraction", 0.25)
    assert held_out
    assert [len(one) for one in sets.values()] == [6, 0, 0, 2]
    assert sets["training"] | sets["test"] == every
    sets, _ = found(photos, "--test-fraction", 0.375)
    swept, _ = found(photos, "--test-fraction", 0.375, "--sweep", "lr=1,2")
    assert [len(one) for one in swept.values()] == [2, 0, 3, 3]
    assert swept["training"] | swept["select"] | swept["test"] == every
    assert swept["test"] == sets["test"]  # whether something is chosen or not


def test_images_that_are_named_are_used_for_what_they_are_named(found, photos):
    def one(number):
        (path,) = photos.glob(f"{number}.*")
        return path

    training = [one(number) for number in range(4)]
    sets, held_out = found(*training, "--val", one(4), "--select", one(5), "--test", one(6), one(7))
    assert not held_out
    assert {name: sorted(name[0] for name in names) for name, names in sets.items()} == {
        "training": ["0", "1", "2", "3"],
        "val": ["4"],
        "select": ["5"],
        "test": ["6", "7"],
    }


@pytest.mark.parametrize("flag", ["--val", "--select"])
def test_an_image_for_two_purposes_is_refused(flag, refusal, photos, tmp_path):
    (path,) = photos.glob("5.*")
    small = ("--steps", 1, *TINY, "--evaluation-size", 32)
    study = ("study", photos / "0.png", photos / "2.png", "-o", tmp_path / "s", *small)
    line = refusal(*study, "--test", photos)
    assert line.startswith("expected test images that are not among the training images, got 2")
    name = flag.removeprefix("--")
    # However the file is named: by itself, in its folder, in that folder's, by another way there.
    for other in (path, photos, photos.parent, photos / ".." / photos.name):
        line = refusal(*study, "--test", path, flag, other)
        assert line.startswith(f"expected test images that are not among the {name} images, got 1")
    assert not (tmp_path / "s").exists()


def test_two_budgets_of_flags_are_refused(refusal, tmp_path):
    line = refusal("study", "x", "-o", tmp_path / "s", "--steps", 1, "--minutes", 1)
    assert line == "expected one budget of steps, minutes, images_seen, got steps and minutes"


def test_a_mistake_in_a_file_is_one_line(refusal, load, tmp_path):
    (tmp_path / "bad.toml").write_text("[methods.a]\nk = 1.5")
    line = refusal("study", "x", "-o", tmp_path / "s", "--config", tmp_path / "bad.toml")
    assert line.endswith("bad.toml: [methods.a]: expected k to be a whole number, got 1.5")


def test_a_dry_run_is_a_table_with_its_total(run, photos, tmp_path, monkeypatch):
    from photochrom import study
    from photochrom.study.dry_run import Planned

    def forecast(images, config, folder, reporter, *, tell):
        runs = study.runs_of(config, folder)
        planned = [
            Planned(run, 1234, seconds)
            for run, seconds in zip(runs, (0.0, 600.0, 7200.0), strict=True)
        ]
        return study.Forecast(planned, prior=30.0, evaluation=90.0, images=7)

    monkeypatch.setattr("photochrom.study.forecast", forecast)
    code, out, _ = run("study", photos, "-o", tmp_path / "s", "--dry-run", "--steps", 1700)
    rows = [" ".join(line.split()) for line in out.splitlines()]
    assert code == 0
    assert rows == [
        "method seed budget parameters time from",
        "regression 0 1,700 steps 1,234 finished –",
        "classification 0 1,700 steps 1,234 10.0 min –",
        "classification-rebalanced 0 1,700 steps 1,234 2 h 00 min –",
        "counting colors 30 s",
        "evaluating 3 runs on 7 images 1.5 min",
        "total 2 h 12 min",
    ]
    assert not (tmp_path / "s").exists()


def test_the_demo_is_the_usual_study_of_the_samples(run, samples, tmp_path, monkeypatch):
    given = []
    monkeypatch.setattr("photochrom.commands.demo.conduct", lambda *asked: given.append(asked))
    monkeypatch.setattr("photochrom.commands.demo._score", lambda found, report: None)
    assert run("demo", "-o", tmp_path / "demo", "--minutes", 3)[0] == 0
    ((images, study, folder),) = given
    assert len([*images.training, *images.test]) == len([*samples.glob("*.jpg")])
    assert folder == tmp_path / "demo" / "study"
    assert len(list((tmp_path / "demo" / "colored").iterdir())) == len([*samples.glob("*.jpg")])
    configs = [method.config for method in definition.resolve(study).values()]
    assert {(config.minutes, config.steps, config.width) for config in configs} == {(3, None, 16)}
    assert len(configs) == 3
