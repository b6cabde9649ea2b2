"""A study as a file: complete, resolved in one order, refused where it is wrong."""

from dataclasses import fields, replace
from pathlib import Path

import pytest

from photochrom import recipes
from photochrom.config import MethodConfig, SharedConfig, StudyConfig, TrainConfig, ViewConfig
from photochrom.study import definition

BUDGET = "[protocol]\nsteps = 9\n"
ONE_RULE = f"{BUDGET}checkpoint = 'last'\n"


@pytest.fixture
def resolved(load):
    return lambda text: definition.resolve(load(text))


def test_a_file_says_what_flags_say(load, tmp_path):
    study = load(
        'images = ["a-*.tar", "/b", "s3://c/d"]\nval = ["v.tar"]\nselect = ["s.tar"]\n'
        'test = ["/t.tar"]\nseeds = 2\ntest_fraction = 0.2\nsweep_share = 0.5\n'
        "select_by = 'auc_raw'\n[sweep]\nlr = [0.1, 1]\n[protocol]\nsteps = 9\n"
        "[evaluation]\nsize = 32\n[methods.a]\nk = 1\nselect_by = 'auc_rebalanced'"
    )
    assert study.images == (str(tmp_path / "a-*.tar"), "/b", "s3://c/d")
    assert study.val == (str(tmp_path / "v.tar"),)
    assert study.select == (str(tmp_path / "s.tar"),)
    assert study.test == ("/t.tar",)
    assert (study.seeds, study.test_fraction, study.evaluation.size) == (2, 0.2, 32)
    assert (study.sweep_share, study.select_by) == (0.5, "auc_raw")
    assert study.sweep == {"lr": (0.1, 1)}
    assert study.protocol == {"steps": 9}
    assert study.methods == {"a": MethodConfig({"k": 1}, select_by="auc_rebalanced")}


def test_a_folder_whose_name_looks_like_a_pattern_is_taken_as_it_is(tmp_path):
    from photochrom.image_io import find

    folder = tmp_path / "a[1]"
    folder.mkdir()
    (folder / "x.png").write_bytes(b"")
    (folder / "mine.toml").write_text('images = ["*.png"]')
    assert len(find(definition.load(str(folder / "mine.toml")).images).images) == 1


def test_without_methods_it_compares_the_usual_three(resolved):
    methods = resolved(BUDGET)
    assert [(name, method.config.label) for name, method in methods.items()] == [
        ("regression", "regression, L2"),
        ("classification", "classification"),
        ("classification-rebalanced", "classification, rebalanced"),
    ]


def test_a_method_goes_before_the_protocol_and_this_before_a_recipe(resolved):
    config = resolved(
        "[protocol]\nsteps = 9\nwidth = 8\nlr = 0.1\n[methods.a]\nrecipe = 'dcgan'\nlr = 0.2"
    )["a"].config
    expected = replace(recipes.load("dcgan"), steps=9, width=8, lr=0.2)
    assert config == expected


@pytest.mark.parametrize(
    ("text", "steps", "minutes"),
    [
        # 100 images in batches of 16: 6.25 steps
        ("[protocol]\nimages_seen = 100\n[methods.a]", 7, None),
        ("[protocol]\nimages_seen = 100\n[methods.a]\nbatch_size = 10", 10, None),
        ("[protocol]\nsteps = 9\n[methods.a]\nminutes = 2", None, 2),
        ("[protocol]\nminutes = 2\n[methods.a]\nrecipe = 'vgg16'", None, 2),
        ("[methods.a]\nrecipe = 'vgg16'", 875_000, None),  # the recipe's own
        ("[methods.a]", 4000, None),  # nobody's: 64,000 images in batches of 16
    ],
)
def test_the_nearest_budget_is_the_one(text, steps, minutes, resolved):
    config = resolved(text)["a"].config
    assert (config.steps, config.minutes) == (steps, minutes)


def test_prior_views_follow_the_method(resolved):
    methods = resolved(
        ONE_RULE + "[methods.a]\nuniform = 0.7\nstep = 20\nsigma = 3\n"
        "[methods.b]\nfrom = 'a'\n[methods.c]\nmethod = 'regression'"
    )
    assert methods["a"].view == ViewConfig(step=20, uniform=0.7, k=5, sigma=3)
    assert methods["b"].view == methods["a"].view
    assert methods["c"].view == ViewConfig()


def test_what_begins_with_a_run_has_its_network_and_targets(resolved):
    methods = resolved(
        ONE_RULE + "width = 8\nsize = 64\ncrop = 32\n"
        "[methods.b]\nfrom = 'a'\n[methods.a]\nwidth = 4\nk = 3\nsigma = 2\ntemperature = 0.5"
    )
    assert methods["b"].config == replace(
        recipes.load("refine"),
        steps=9,
        width=4,
        size=64,
        crop=32,
        k=3,
        sigma=2,
        temperature=0.5,
        checkpoint="last",
    )
    assert list(methods) == ["b", "a"]


def test_methods_are_trained_after_those_that_they_begin_with():
    methods = {"c": "b", "b": "a", "a": None, "d": None}
    study = StudyConfig(methods={name: MethodConfig(start=to) for name, to in methods.items()})
    assert study.by_start() == ["a", "d", "b", "c"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("sedes = 2", "expected keys among evaluation, .*, test_fraction, .*, got 'sedes'"),
        ("seeds = 'two'", "expected seeds to be a whole number, got 'two'"),
        ("seeds = 0", "--seeds must be 1 or more, got 0"),
        ("images = 'a.tar'", "expected images to be a list, each a text, got 'a.tar'"),
        ("test_fraction = 1.0", "--test-fraction must be within 0 and 1, got 1"),
        ("protocol = 3", "expected protocol to be a table, got 3"),
        ("methods = {}", r"expected methods in \[methods\], got none"),
        ("[methods]\na = 1", r"\[methods\]: expected a to be a table, got 1"),
        ("[methods.'a b']", r"\[methods\]: expected names of letters, digits, - and _, got 'a b'"),
        ("[methods.'..']", r"\[methods\]: expected names of letters, digits, - and _, got '..'"),
        ("[protocol]\nlrr = 1", r"\[protocol\]: expected keys among activation, .*, got 'lrr'"),
        ("[protocol]\nlr = -1", r"\[protocol\]: --lr must be positive, got -1"),
        ("[evaluation]\nsize = 4", r"\[evaluation\]: --size must be 16 or more, got 4"),
        ("[evaluation]\nzise = 4", r"\[evaluation\]: expected keys among .*, got 'zise'"),
        ("[methods.a]\nk = 1.5", r"\[methods.a\]: expected k to be a whole number, got 1.5"),
        ("[methods.a]\nseed = 3", r"\[methods.a\]: expected keys among .*, got 'seed'"),
        (
            "[methods.a]\nloss = 'l3'",
            r"\[methods.a\]: expected loss to be one of l2, smooth-l1, l1, got 'l3'",
        ),
        (
            "[methods.a]\nfrom = 'c'\n[methods.b]",
            r"\[methods.a\]: expected from to be one of b, got 'c'",
        ),
        (
            "[methods.a]\nfrom = 'b'\n[methods.b]\nfrom = 'a'",
            r"\[methods.b\]: expected from to lead to a .* got a circle: a → b → a",
        ),
        (
            "[methods.a]\nfrom = 'a'",
            r"\[methods.a\]: expected from to lead to a .* got a circle: a → a",
        ),
        (
            "[protocol]\nsteps = 1\nimages_seen = 9",
            r"\[protocol\]: expected one budget of .*, got steps and images_seen",
        ),
        (
            "[methods.a]\nsteps = 1\nminutes = 1",
            r"\[methods.a\]: expected one budget of .*, got steps and minutes",
        ),
        ("validate = ['v']", "expected keys among .* select, .* test, .*val, got 'validate'"),
        ("sweep_share = 0", "--sweep-share must be above 0 and at most 1, got 0"),
        ("select_by = 'psnr'", "--select-by must be one of auc_rebalanced, auc_raw, got 'psnr'"),
        (
            "[methods.a]\nselect_by = 'psnr'",
            r"\[methods.a\]: --select-by must be one of auc_rebalanced, auc_raw, got 'psnr'",
        ),
        ("= 3", "expected TOML, got something else"),
    ],
)
def test_a_wrong_file_is_refused_by_table_and_key(text, line, load):
    with pytest.raises(ValueError, match=f"mine.toml: {line}"):
        load(text)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("recipe = 'gan'", "--recipe must be one of classification, .*, got 'gan'"),
        ("head = 'tanh'", "--head tanh needs --method regression, got classification"),
        ("uniform = 0.7\nrebalance = false", "uniform 0.7 needs a rebalanced classification, got"),
        ("uniform = 1.7", "uniform must be within 0 and 1, got 1.7"),
        ("step = 5\nmethod = 'regression'", "step 5 needs a classification, got a regression"),
        ("from = 'r'", "expected from to name a classification, got a regression, 'r'"),
        ("from = 'c'\nwidth = 3", "expected --width 32 as the model to begin with has it, got 3"),
        ("from = 'c'\nstep = 5", "expected step as 'c' has it, that of the study, got 5"),
    ],
)
def test_a_method_that_contradicts_itself_is_refused(text, line, resolved):
    others = "[methods.r]\nmethod = 'regression'\n[methods.c]\n"
    with pytest.raises(ValueError, match=rf"mine.toml: \[methods.a\]: {line}"):
        resolved(f"{BUDGET}{others}[methods.a]\n{text}")


def test_what_is_no_study_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"--config must be one of regression-.*, got 'mine'"):
        definition.load("mine")
    with pytest.raises(ValueError, match=r"none.toml: expected a study, found no such file"):
        definition.load(str(tmp_path / "none.toml"))


@pytest.mark.parametrize("name", definition.names())
def test_a_study_that_comes_with_photochrom_needs_no_budget_and_takes_any(name):
    study = definition.load(name)
    methods = definition.resolve(replace(study, protocol={"images_seen": 9}))
    assert len(methods) > 1
    assert {method.config.steps for method in methods.values()} == {1}
    usual = [method.config for method in definition.resolve(study).values()]
    assert {config.steps * config.batch_size for config in usual} == {64_000}


def test_the_shipped_study_compares_what_it_names():
    study = definition.load("regression-classification")
    methods = definition.resolve(replace(study, protocol={"steps": 9}))
    assert study.seeds == 3
    assert {name: (method.config.label, method.config.k) for name, method in methods.items()} == {
        "regression-l2": ("regression, L2", 5),
        "regression-smooth-l1": ("regression, smooth L1", 5),
        "classification-hard": ("classification", 1),
        "classification-soft": ("classification", 5),
        "rebalanced": ("classification, rebalanced", 5),
        "rebalanced-l1": ("classification, rebalanced", 5),
        "refined": ("classification, rebalanced, patch GAN", 5),
    }
    shared = {field.name for field in fields(SharedConfig)} & {f.name for f in fields(TrainConfig)}
    for name in shared - {"k"}:
        assert len({getattr(method.config, name) for method in methods.values()}) == 1, name


def test_the_example_of_the_docs_is_a_study(load):
    page = (Path(__file__).parents[2] / "docs/study.md").read_text(encoding="utf-8")
    example = [line for line in page.split("\n") if line.startswith("    ")]
    study = load("\n".join(example))
    methods = definition.resolve(study)
    names = ["regression", "hard", "soft", "uniform-07", "pretrained", "refined"]
    assert list(methods) == names
    # 500,000 images in batches of 16
    assert methods["soft"].config.steps == 31_250
    assert (methods["refined"].config.minutes, methods["refined"].config.width) == (10, 16)
    assert all((study.images, study.val, study.select, study.test))
    assert {len(study.sweep_of(name)) for name in names} == {3}
