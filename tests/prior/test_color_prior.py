import json

import h5py
import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

from photochrom.config import PriorConfig
from photochrom.image_io import SourceImage, find
from photochrom.prior import (
    AbHistogram,
    ColorPrior,
    PriorFile,
    PriorFileError,
    build,
    build_prior,
    describe,
    plot_prior,
    rebalancing_weights,
)
from photochrom.quantize import Gamut, soft_encode


def histogram(seed: int) -> AbHistogram:
    ab = np.random.default_rng(seed).normal(scale=20, size=(2, 8, 9)).clip(-100, 100)
    sketch = np.unique(np.random.default_rng(seed).integers(0, 9000, 3000).astype(np.uint64))
    noted = AbHistogram(
        gray=seed % 2,
        toned=seed % 3,
        failures={"bad": (seed % 3 + 1, f"{seed}"), f"{seed % 2}": (1, "x")},
        sketch=sketch,
    )
    return AbHistogram.of(ab) + noted


def same(a: AbHistogram, b: AbHistogram) -> bool:
    counts = [(h.images, h.gray, h.toned, dict(h.failures)) for h in (a, b)]
    return counts[0] == counts[1] and all(
        np.array_equal(getattr(a, name), getattr(b, name)) for name in ("pixels", "sketch")
    )


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=8), st.randoms())
def test_counts_add_up_in_any_order_and_split(seeds, random):
    parts = [histogram(seed) for seed in seeds]
    whole = sum(parts, AbHistogram())
    random.shuffle(parts)
    cut = random.randrange(len(parts) + 1)
    assert same(whole, sum(parts[:cut], AbHistogram()) + sum(parts[cut:], AbHistogram()))


def test_a_pixel_falls_into_the_cell_that_holds_it():
    # Cell i holds i - 110 <= value < i - 109.
    pixels = AbHistogram.of(np.array([[[0.0, -0.5, 98.2]], [[0.0, 12.0, -107.8]]])).pixels
    assert sorted(zip(*np.nonzero(pixels), strict=True)) == [(109, 122), (110, 110), (208, 2)]
    assert pixels.sum() == 3


def test_ab_of_no_srgb_color_is_refused():
    with pytest.raises(ValueError, match=r"ab must lie within ±110, got 0 to 111"):
        AbHistogram.of(np.array([[[0.0]], [[111.0]]]))


def test_negative_counts_are_refused():
    with pytest.raises(ValueError, match=r"counts of 0 or more, got a negative one"):
        AbHistogram(np.full((220, 220), -1))


def test_other_cells_are_refused():
    with pytest.raises(ValueError, match=r"expected 220 × 220 cells, got \(2, 2\)"):
        AbHistogram(np.zeros((2, 2), dtype=np.int64))


def test_weights_by_hand():
    # p = (3/4, 1/4), λ = 1/2: mixed = (5/8, 3/8), inverse = (8/5, 8/3), E_p = 28/15.
    np.testing.assert_allclose(rebalancing_weights(np.array([0.75, 0.25])), [6 / 7, 10 / 7])


def test_the_weights_of_the_published_prior_are_reproduced(reference):
    p = np.load(reference / "prior_probs.npy")
    bins = Gamut.srgb().bins.tolist()
    for name, expected in json.loads((reference / "fixtures.json").read_text())["weights"].items():
        w = rebalancing_weights(p, float(name.removeprefix("lambda=")))
        assert w.min() == pytest.approx(expected["min"], rel=1e-12)
        assert w.max() == pytest.approx(expected["max"], rel=1e-12)
        assert w.mean() == pytest.approx(expected["mean"], rel=1e-12)
        assert np.median(w) == pytest.approx(expected["median"], rel=1e-12)
        assert w[bins.index([0.0, 0.0])] == pytest.approx(expected["w[(0,0)]"], rel=1e-12)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=30), st.floats(0.01, 1))
def test_the_expected_weight_is_one(mass, uniform):
    p = (np.array(mass) + 1e-9) / (np.array(mass) + 1e-9).sum()
    assert (p * rebalancing_weights(p, uniform)).sum() == pytest.approx(1)


def test_without_a_uniform_share_every_bin_needs_mass():
    with pytest.raises(ValueError, match=r"uniform = 0 needs mass in every bin, 1 have none"):
        rebalancing_weights(np.array([1.0, 0.0]), 0.0)


def test_a_uniform_share_beyond_one_is_refused():
    with pytest.raises(ValueError, match=r"uniform must be within 0 and 1, got 1.5"):
        rebalancing_weights(np.array([0.5, 0.5]), 1.5)


def test_probabilities_must_sum_to_one():
    with pytest.raises(ValueError, match=r"must sum to 1, got 313"):
        ColorPrior(Gamut.srgb(), np.ones(313), 5, 5.0)


def test_a_prior_of_no_pixels_is_refused():
    with pytest.raises(ValueError, match=r"expected counted pixels, got none"):
        ColorPrior.of(AbHistogram(), Gamut.srgb())


def test_cells_cost_little_against_the_mean_soft_code_of_pixels(sample_ab):
    # Counting in cells of 1 × 1 moves the prior by 0.003 L1 on a thousand photographs; 22 hold
    # fewer colors for the errors to cancel over.
    gamut = Gamut.srgb()
    code = soft_encode(sample_ab, gamut)
    plain = np.bincount(
        code.bins.numpy().ravel(), weights=code.weights.numpy().ravel(), minlength=313
    )
    counted = sum((AbHistogram.of(ab) for ab in sample_ab.numpy()), AbHistogram())
    prior = ColorPrior.of(counted, gamut)
    assert np.abs(prior.p - plain / plain.sum()).sum() < 0.006


def test_a_prior_is_the_share_of_each_color(save_image):
    # One bin holds each color: red is (80.1, 67.2) in ab, green (-86.2, 83.2); 3 : 1.
    rgb = np.zeros((4, 4, 3), dtype=np.uint8)
    rgb[:, :3, 0] = 255
    rgb[:, 3:, 1] = 255
    counts = build([SourceImage("p.png", str(save_image("p.png", rgb)))], PriorConfig())
    prior = ColorPrior.of(counts, Gamut.srgb(), k=1)
    bins = Gamut.srgb().bins.tolist()
    assert prior.p[bins.index([80.0, 70.0])] == 0.75
    assert prior.p[bins.index([-90.0, 80.0])] == 0.25


@pytest.fixture
def file(samples):
    found = find([str(samples)])
    return build_prior(found.images[:6], PriorConfig(size=64), ["six samples"])


def test_a_file_comes_back_as_it_went(file, tmp_path):
    file.save(tmp_path / "prior.h5")
    back = PriorFile.load(tmp_path / "prior.h5")
    assert same(back.histogram, file.histogram)
    np.testing.assert_array_equal(back.prior.p, file.prior.p)
    assert torch.equal(back.prior.gamut.bins, file.prior.gamut.bins)
    for name in ("kind", "uniform", "size", "keep_gray", "sources", "created"):
        assert getattr(back, name) == getattr(file, name)
    assert (back.prior.k, back.prior.sigma) == (file.prior.k, file.prior.sigma)


def test_plain_h5py_reads_it(file, tmp_path):
    file.save(tmp_path / "prior.h5")
    with h5py.File(tmp_path / "prior.h5") as plain:
        assert plain["gamut/bins"].shape == (313, 2)
        assert plain["prior/pixels"].dtype == np.int64
        assert plain["prior/edges"][[0, -1]].tolist() == [-110.0, 110.0]
        assert plain["prior/p"][:].sum() == pytest.approx(1)
        assert (plain["prior/p"][:] * plain["prior/weights"][:]).sum() == pytest.approx(1)
        assert plain.attrs["format"] == "photochrom prior"
        assert (plain.attrs["pictures"], plain.attrs["grey"], plain.attrs["failed"]) == (6, 0, 0)


def test_a_file_of_another_version_is_refused_by_number(file, tmp_path):
    file.save(tmp_path / "prior.h5")
    with h5py.File(tmp_path / "prior.h5", "a") as plain:
        plain.attrs["version"] = 7
    with pytest.raises(PriorFileError, match=r"expected photochrom prior version 2, got version 7"):
        PriorFile.load(tmp_path / "prior.h5")


def test_its_description_counts_what_it_holds(file):
    told = describe(file)
    assert told["images"] == "6 counted"
    assert told["bins"] == "313, step 10"
    assert told["pixels"].startswith(f"{file.histogram.pixels.sum():,}, short")


def test_its_plot_is_a_image(file):
    assert plot_prior(file).startswith(b"\x89PNG")
