"""Priors from priors: views, merged counts, distances."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.stats import wasserstein_distance_nd

from photochrom.config import PriorConfig, ViewConfig
from photochrom.image_io import find
from photochrom.prior import (
    AbHistogram,
    ColorPrior,
    PriorFile,
    build_prior,
    describe,
    distance,
    merge,
    view,
)
from photochrom.quantize import Gamut

NOTHING = ViewConfig()


def drawn_prior(seed: int, **config) -> PriorFile:
    random = np.random.default_rng(seed)
    pixels = random.poisson(3, (220, 220)) * (random.random((220, 220)) < 0.05)
    sketch = np.arange(seed * 10, seed * 10 + 5, dtype=np.uint64)
    histogram = AbHistogram(pixels, 5, seed, seed % 2, {f"{seed % 2}": (1, f"{seed}")}, sketch)
    return PriorFile.of(histogram, PriorConfig(**config), [f"set {seed}"], "now")


def same(one: PriorFile, other: PriorFile) -> bool:
    names = ("kind", "uniform", "size", "keep_gray", "sources")
    counts = [
        (h.images, h.gray, h.toned, dict(h.failures)) for h in (one.histogram, other.histogram)
    ]
    return (
        all(getattr(one, name) == getattr(other, name) for name in names)
        and counts[0] == counts[1]
        and np.array_equal(one.histogram.pixels, other.histogram.pixels)
        and np.array_equal(one.histogram.sketch, other.histogram.sketch)
        and one.prior.gamut.same_as(other.prior.gamut)
        and (one.prior.k, one.prior.sigma) == (other.prior.k, other.prior.sigma)
        and np.array_equal(one.prior.p, other.prior.p)
    )


changes = st.builds(
    ViewConfig,
    gamut=st.sampled_from([None, "srgb"]),
    step=st.sampled_from([None, 10.0, 15.0, 20.0]),
    k=st.sampled_from([None, 1, 3]),
    sigma=st.sampled_from([None, 2.0]),
    uniform=st.sampled_from([None, 0.25]),
)


@settings(deadline=None, max_examples=20)
@given(changes, changes)
def test_a_view_of_a_view_is_the_view(one, other):
    file = drawn_prior(1)
    both = {name: getattr(other, name) for name in ("gamut", "step", "k", "sigma", "uniform")}
    both = {name: getattr(one, name) if v is None else v for name, v in both.items()}
    assert same(view(view(file, one), other), view(file, ViewConfig(**both)))


def test_a_view_is_what_counting_so_would_have_given():
    config = {"step": 20.0, "k": 3, "sigma": 4.0, "uniform": 0.25}
    assert same(view(drawn_prior(1), ViewConfig(**config)), drawn_prior(1, **config))


@settings(deadline=None, max_examples=20)
@given(st.lists(st.integers(0, 9), min_size=2, max_size=5, unique=True), st.randoms())
def test_merging_is_associative_and_commutative(seeds, random):
    files = [drawn_prior(seed, step=20) for seed in seeds]
    whole = merge(files)
    random.shuffle(files)
    cut = random.randrange(1, len(files))
    assert same(whole, merge([merge(files[:cut]), merge(files[cut:])]))


def test_parts_merged_are_the_whole(photos):
    images = find([str(photos)]).images
    whole, *parts = (
        build_prior(some, PriorConfig(), ["photos"]) for some in (images, images[:3], images[3:])
    )
    assert same(whole, merge(parts))
    with pytest.raises(ValueError, match=r"got at least 3 in common .*or add --allow-overlap"):
        merge([whole, parts[0]])
    assert merge([whole, parts[0]], allow_overlap=True).histogram.images == 11


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"size": 32}, "the same --size, got 64 and 32"),
        ({"keep_gray": True}, "the same --keep-gray, got False and True"),
        ({"step": 20.0}, "the same gamut, k, σ and λ, got others"),
        ({"gamut": "kmeans:9"}, "the same gamut, k, σ and λ, got others"),
    ],
)
def test_what_was_counted_otherwise_is_not_merged(change, words):
    with pytest.raises(ValueError, match=words):
        merge([drawn_prior(1), drawn_prior(2, **change)])


def test_fitted_bins_lie_where_the_colors_are():
    pixels = np.zeros((220, 220), dtype=np.int64)
    pixels[120:130, 100:110] = 7
    pixels[60:62, 150:160] = 9
    file = PriorFile.of(AbHistogram(pixels, 1), PriorConfig(gamut="kmeans:2", k=1), ["x"], "now")
    np.testing.assert_allclose(file.prior.gamut.bins, [[-49, 45], [15, -5]], atol=1e-4)
    np.testing.assert_allclose(file.prior.p, [180 / 880, 700 / 880])
    assert describe(file)["bins"] == "2, kmeans:2"
    assert same(file, view(file, NOTHING))
    with pytest.raises(ValueError, match=r"--step is that of a grid, got it for kmeans:2"):
        view(file, ViewConfig(step=5))


def test_more_fitted_bins_than_colors_are_refused():
    histogram = AbHistogram.of(np.zeros((2, 1, 1)))
    with pytest.raises(ValueError, match=r"expected colors for 5 bins, got 1: fit fewer"):
        PriorFile.of(histogram, PriorConfig(gamut="kmeans:5", k=1), ["x"], "now")


def test_distances_by_hand():
    bins = np.array([[0.0, 0.0], [30.0, 40.0]])
    l1, js, emd = distance(np.array([1.0, 0.0]), np.array([0.0, 1.0]), bins)
    assert (l1, js, emd) == (2, 1, pytest.approx(50))
    # Half of the mass moves 50 units; JS of (1, 0) and (½, ½) is ½ (log₂ 4/3) + ½ (1 - ½ log₂ 3).
    l1, js, emd = distance(np.array([1.0, 0.0]), np.array([0.5, 0.5]), bins)
    assert (l1, emd) == (1, pytest.approx(25))
    assert js == pytest.approx((np.log2(4 / 3) + 1 - np.log2(3) / 2) / 2)


def test_the_earth_movers_distance_is_scipys():
    random = np.random.default_rng(0)
    bins = Gamut.srgb(30).bins.double().numpy()
    p, q = random.dirichlet(np.full(len(bins), 0.3), 2)
    expected = wasserstein_distance_nd(bins, bins, p, q)
    assert distance(p, q, bins).earth_mover == pytest.approx(expected, rel=1e-6)
    assert distance(q, p, bins) == pytest.approx(distance(p, q, bins))


def test_commands_on_priors(run, prior, tmp_path, samples):
    other = tmp_path / "other.h5"
    assert run("prior", "build", samples, "-o", other)[0] == 0
    fitted = tmp_path / "fitted.h5"
    code, out, _ = run("prior", "view", other, "-o", fitted, "--gamut", "kmeans:64", "--k", 3)
    assert (code, out) == (0, f"{fitted}: 64 bins\n")
    plot = tmp_path / "plot.png"
    code, out, _ = run("prior", "compare", prior, other, fitted, "photographs", "--plot", plot)
    assert (code, out.count("↔"), plot.read_bytes()[:4]) == (0, 6, b"\x89PNG")
    code, out, _ = run("prior", "merge", prior, other, "-o", tmp_path / "both.h5")
    assert (code, out) == (0, f"{tmp_path / 'both.h5'}: 30 images\n")


def test_published_probabilities_are_compared(run, refusal, tmp_path):
    p = np.ones(313, dtype=np.float64) / 313
    np.save(tmp_path / "p.npy", p)
    code, out, _ = run("prior", "compare", tmp_path / "p.npy", tmp_path / "p.npy")
    assert (code, out.splitlines()) == (0, [out.splitlines()[0]])
    code, out, _ = run("prior", "compare", tmp_path / "p.npy", "photographs")
    assert (code, len(out.splitlines())) == (0, 2)
    np.save(tmp_path / "objects.npy", np.array([{}], dtype=object))
    words = refusal("prior", "compare", tmp_path / "objects.npy", "photographs")
    assert "expected 313 probabilities as .npy, got" in words


def test_one_prior_is_nothing_to_compare(refusal, prior):
    words = refusal("prior", "compare", prior)
    assert words == "expected two priors or more to compare, got 1"


def test_priors_of_other_bins_without_counts_are_not_compared():
    from photochrom.prior import alike

    one, other = (
        ColorPrior(g, np.ones(len(g)) / len(g), 5, 5.0) for g in (Gamut.srgb(20), Gamut.srgb())
    )
    with pytest.raises(ValueError, match=r"expected priors over the same bins"):
        alike(one, other)


def test_a_run_takes_a_fitted_gamut_from_training_to_colors(run, photos, samples, tmp_path):
    prior = tmp_path / "p.h5"
    assert run("prior", "build", samples, "-o", prior, "--gamut", "kmeans:48")[0] == 0
    tiny = ["--width", 2, "--crop", 32, "--size", 32, "--batch-size", 2, "--workers", 0]
    trained = run("train", photos, "--prior", prior, "-o", tmp_path / "r", "--steps", 2, *tiny)
    assert trained[0] == 0
    assert run("colorize", photos, "--model", tmp_path / "r", "-o", tmp_path / "c")[0] == 0
    evaluated = run(
        "evaluate", tmp_path / "r", "--images", photos, "-o", tmp_path / "e", "--size", 32
    )
    assert evaluated[0] == 0
    assert len(list((tmp_path / "c").iterdir())) == 8
