import re
from pathlib import Path

import numpy as np
import pytest
import torch
from skimage.io import imread
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torchmetrics.functional.image import structural_similarity_index_measure

from photochrom.metrics import (
    AUC_READINGS,
    METRICS,
    AucCounts,
    colorfulness,
    colorfulness_absolute,
    psnr,
    ssim,
)
from photochrom.quantize import Gamut


def ab_of(*colors):
    return torch.tensor(colors, dtype=torch.float64).T.reshape(1, 2, 1, -1)


def test_perfect_colors_score_100():
    ab = torch.rand(2, 2, 6, 6) * 100 - 50
    counts = AucCounts.of(ab, ab, Gamut.srgb())
    assert counts.raw() == 100
    assert counts.rebalanced() == 100


def test_auc_by_hand():
    # One pixel within all 151 thresholds, one with error 50: within 50 … 150, which are 101.
    truth, ab = ab_of((0, 0), (30, 40)), ab_of((0, 0), (0, 0))
    counts = AucCounts.of(ab, truth, Gamut.srgb())
    assert counts.raw() == pytest.approx(100 * (151 + 101) / (2 * 151))


def test_an_error_between_two_thresholds_counts_from_the_upper_one():
    # Error 0.5: within 1 … 150.
    counts = AucCounts.of(ab_of((0.5, 0)), ab_of((0, 0)), Gamut.srgb())
    assert counts.raw() == pytest.approx(100 * 150 / 151)


def test_an_error_just_beyond_a_threshold_is_not_within_it():
    # 30.0000001, which float32 would round to 30: within 31 … 150.
    counts = AucCounts.of(ab_of((30, 0)), ab_of((-1e-7, 0)), Gamut.srgb())
    assert counts.raw() == pytest.approx(100 * 120 / 151)


def test_rebalanced_auc_gives_each_true_bin_the_same_say():
    # Three gray pixels right, one colored (error 50): bins score 100 and 100 · 101 / 151.
    truth = ab_of((0, 0), (0, 0), (0, 0), (30, 40))
    counts = AucCounts.of(torch.zeros_like(truth), truth, Gamut.srgb())
    assert counts.rebalanced() == pytest.approx((100 + 100 * 101 / 151) / 2)


def test_an_error_beyond_150_is_within_no_threshold():
    counts = AucCounts.of(ab_of((100, 0)), ab_of((-80, 60)), Gamut.srgb())
    assert counts.raw() == 0


def test_what_is_not_a_number_is_wrong():
    counts = AucCounts.of(ab_of((float("nan"), 0)), ab_of((0, 0)), Gamut.srgb())
    assert counts.raw() == 0


def test_curves_by_hand():
    # A gray pixel right, a colored one with error 50: half are within 0, all within 50.
    truth = ab_of((0, 0), (30, 40), (30, 40))
    counts = AucCounts.of(ab_of((0, 0), (0, 0), (30, 40)), truth, Gamut.srgb())
    assert counts.raw_curve()[[0, 49, 50]].tolist() == pytest.approx([200 / 3, 200 / 3, 100])
    assert counts.rebalanced_curve()[[0, 49, 50]].tolist() == pytest.approx([75, 75, 100])


def test_no_pixels_have_no_auc():
    counts = AucCounts.empty(Gamut.srgb())
    assert np.isnan([counts.raw(), counts.rebalanced()]).all()


def test_counts_add_up_over_batches():
    gamut = Gamut.srgb()
    ab, truth = (torch.rand(5, 2, 8, 8) * 100 - 50 for _ in range(2))
    whole = AucCounts.of(ab, truth, gamut)
    parts = AucCounts.of(ab[:2], truth[:2], gamut) + AucCounts.of(ab[2:], truth[2:], gamut)
    np.testing.assert_array_equal(whole.pixels, parts.pixels)


def test_colorfulness_by_hand():
    # Half red, half green: rg = ±255, yb = 127.5: σ = (255, 0), μ = (0, 127.5).
    rgb = torch.zeros(1, 3, 2, 2, dtype=torch.uint8)
    rgb[0, 0, :, 0] = 255
    rgb[0, 1, :, 1] = 255
    assert colorfulness(rgb).item() == pytest.approx(255 + 0.3 * 127.5)


def test_colorfulness_keeps_the_signs():
    # Opposite opponents cancel in the mean; with absolute values first they would not vary.
    rgb = torch.zeros(1, 3, 1, 2, dtype=torch.uint8)
    rgb[0, 0, 0, 0] = 100
    rgb[0, 1, 0, 1] = 100
    # rg = (100, -100), yb = (50, 50): σ = (100, 0), μ = (0, 50).
    assert colorfulness(rgb).item() == pytest.approx(100 + 0.3 * 50)


def test_colorfulness_of_absolute_values_is_another_reading():
    # The same image: |rg| = (100, 100), |yb| = (50, 50): σ = (0, 0), μ = (100, 50).
    rgb = torch.zeros(1, 3, 1, 2, dtype=torch.uint8)
    rgb[0, 0, 0, 0] = 100
    rgb[0, 1, 0, 1] = 100
    assert colorfulness_absolute(rgb).item() == pytest.approx(0.3 * np.hypot(100, 50))


def test_colorfulness_is_numpys_in_float64_however_large_the_image():
    rgb = np.random.default_rng(0).integers(0, 256, size=(3, 301, 299), dtype=np.uint8)
    rgb[0] = 192 + rgb[0] // 4  # reddish: means are far from 0
    red, green, blue = rgb.astype(np.float64)
    rg, yb = red - green, (red + green) / 2 - blue
    theirs = np.hypot(rg.std(), yb.std()) + 0.3 * np.hypot(rg.mean(), yb.mean())
    # Sums in float32 would leave seven digits.
    assert colorfulness(torch.from_numpy(rgb)[None]).item() == pytest.approx(theirs, rel=1e-10)


@pytest.fixture
def pair():
    """Wider than the strips that SSIM is worked through in."""
    random = np.random.default_rng(0)
    truth = random.integers(0, 256, size=(2, 3, 24, 150), dtype=np.uint8)
    noise = random.integers(-20, 20, size=truth.shape)
    return torch.from_numpy((truth + noise).clip(0, 255).astype(np.uint8)), torch.from_numpy(truth)


def test_psnr_is_scikit_images(pair):
    rgb, truth = pair
    theirs = [
        peak_signal_noise_ratio(t.numpy(), p.numpy()) for p, t in zip(rgb, truth, strict=True)
    ]
    assert psnr(rgb, truth).tolist() == pytest.approx(theirs, rel=1e-6)


def test_identical_images_have_infinite_psnr(pair):
    assert psnr(pair[1], pair[1]).tolist() == [float("inf")] * 2


def test_ssim_is_scikit_images_on_the_mirrored_image(pair):
    # Ours mirrors the border, scikit-image leaves its five pixels out.
    rgb, truth = pair

    def mirrored(image):
        return np.pad(image.numpy().astype(float), ((0, 0), (5, 5), (5, 5)), mode="reflect")

    theirs = [
        structural_similarity(
            mirrored(t),
            mirrored(p),
            channel_axis=0,
            data_range=255,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
        )
        for p, t in zip(rgb, truth, strict=True)
    ]
    # Variances are differences of squares near 1 in float32, over a constant of 9e-4.
    assert ssim(rgb, truth)[0].tolist() == pytest.approx(theirs, abs=1e-4)


def scikit_images_ssim(image, truth):
    """As Wang et al. have it."""
    return structural_similarity(
        truth.numpy(),
        image.numpy(),
        channel_axis=0,
        data_range=255,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )


def test_ssim_without_the_border_is_scikit_images(pair):
    theirs = [scikit_images_ssim(p, t) for p, t in zip(*pair, strict=True)]
    # As above.
    assert ssim(*pair)[1].tolist() == pytest.approx(theirs, abs=1e-4)


@pytest.mark.parametrize("name", ["coffee", "dahlia", "snow_peaks", "pier_sunset"])
def test_ssim_of_a_photograph_without_its_color_is_scikit_images(samples, name):
    rgb = imread(samples / f"{name}.jpg")[:200, :260]
    truth = torch.from_numpy(rgb).movedim(-1, 0).contiguous()
    gray = truth.double().mean(dim=0).round().byte().expand_as(truth)
    whole, cropped = ssim(gray[None], truth[None])
    # As above.
    assert cropped.item() == pytest.approx(scikit_images_ssim(gray, truth), abs=1e-4)
    # The border is another image, if not by much.
    assert 2e-4 < abs(whole.item() - cropped.item()) < 0.05


def test_ssim_is_torchmetrics(pair):
    theirs = structural_similarity_index_measure(
        pair[0].double(), pair[1].double(), data_range=255.0, reduction="none"
    )
    # As above: theirs in float64.
    assert ssim(*pair)[0].tolist() == pytest.approx(theirs.tolist(), abs=1e-4)


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (3, 2)])
def test_a_image_smaller_than_the_window_has_an_ssim(size):
    rgb = torch.randint(0, 256, (1, 3, *size), dtype=torch.uint8)
    whole, cropped = ssim(rgb, rgb)
    assert whole.item() == pytest.approx(1)
    assert ssim(rgb, 255 - rgb)[0].item() < 1
    assert cropped.isnan().all()  # no window is inside


def test_a_image_as_large_as_the_window_has_one_place_for_it():
    rgb = torch.randint(0, 256, (2, 3, 11, 11), dtype=torch.uint8)
    theirs = [scikit_images_ssim(255 - one, one) for one in rgb]
    # As above.
    assert ssim(255 - rgb, rgb)[1].tolist() == pytest.approx(theirs, abs=1e-4)
    assert ssim(rgb[..., :10], rgb[..., :10])[1].isnan().all()


def test_ssim_of_plain_images_by_hand():
    # No variance: (2 μ₁ μ₂ + C₁) / (μ₁² + μ₂² + C₁), with μ = 0 and 1: C₁ / (1 + C₁).
    black, white = (torch.full((1, 3, 8, 8), v, dtype=torch.uint8) for v in (0, 255))
    # 1e-6: means and variances are sums of float32 near 1.
    assert ssim(black, white)[0].item() == pytest.approx(1e-4 / (1 + 1e-4), abs=1e-6)


def test_the_page_of_metrics_names_them_all():
    page = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text(encoding="utf-8")
    cells = re.findall(r"^\| (`[^|]*) \|", page, re.MULTILINE)
    named = {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}
    assert named == {metric.key for metric in METRICS} | set(AUC_READINGS)
