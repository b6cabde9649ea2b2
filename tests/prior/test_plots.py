import io

import numpy as np
from PIL import Image
from skimage.color import lab2rgb

from photochrom.prior.plots import ab_plane


def drawn(png):
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def test_a_panel_more_makes_a_wider_plane():
    bins = np.array([[0.0, 0.0], [10.0, 0.0]])
    p = np.array([0.5, 0.5])
    widths = [drawn(ab_plane(bins, 10.0, dict.fromkeys(n, p))).shape[1] for n in ("", "a", "ab")]
    assert widths == [widths[0], 2 * widths[0], 3 * widths[0]]


def has_color(image, rgb):
    """Over an area: single pixels of any gray are in the smooth edges of letters."""
    return (image == np.array(rgb)).all(axis=-1).sum() > 1000


def test_bins_are_painted_in_their_own_color():
    image = drawn(ab_plane(np.array([[40.0, 20.0]]), 10.0, {}))
    # another library
    assert has_color(image, (lab2rgb([60.0, 40.0, 20.0]) * 255).round().astype(int))


def test_a_bin_of_no_probability_is_hatched_gray():
    bins = np.array([[0.0, 0.0], [10.0, 0.0]])
    light_gray = (0xEE, 0xEE, 0xEE)
    seen, unseen = np.zeros(2), np.array([0.0, -np.inf])
    assert has_color(drawn(ab_plane(bins, 10.0, {"log p": unseen})), light_gray)
    assert not has_color(drawn(ab_plane(bins, 10.0, {"log p": seen})), light_gray)


def test_a_plane_of_no_probability_at_all_is_drawn():
    nothing = np.full(2, -np.inf)
    plane = ab_plane(np.array([[0.0, 0.0], [10.0, 0.0]]), 10.0, {"log p": nothing})
    assert has_color(drawn(plane), (0xEE, 0xEE, 0xEE))
