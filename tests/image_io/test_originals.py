"""An image file comes back in color with nothing else changed."""

import io
import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from originals_world import encoded, noise, tiff
from PIL import Image
from torch.nn import functional as F

from photochrom.color.lab import lab_from_rgb
from photochrom.image_io import FORMATS, Page, decode_original, encode_original

MODES = ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "I;16", "I;16B", "I", "F"]
# L moves by at most Σ_c |∂L/∂c| ≤ 132.3 (the largest over sRGB, at a dark green) times half a step
# of each channel, a little more where L is curved; float32 and the blockwise Lab add 2e-4. Half a
# step of gray is itself up to 0.254 in L.
HALF_STEP = {8: 135 * 0.5 / 255, 16: 133 * 0.5 / 65535 + 2e-4, 32: 4e-4}


def drawn(mode: str) -> Image.Image:
    """A small image of any of the modes."""
    match mode:
        case "I;16" | "I;16B":
            return Image.frombytes(mode, (11, 14), noise(14, 22).tobytes())
        case "LAB":
            return Image.frombytes(mode, (11, 14), noise(14, 33).tobytes())
        case "I":
            return Image.fromarray(noise(14, 11, dtype=np.uint16).astype(np.int32))
        case "F":
            return Image.fromarray(np.random.default_rng(0).random((14, 11), np.float32))
    rgba = Image.fromarray(noise(14, 11, 4))
    return rgba.convert(mode) if mode in ("LA", "RGBA") else rgba.convert("RGB").convert(mode)


def lightness(page: Page) -> torch.Tensor:
    return page.lightness(slice(None))


def painted(page: Page, seed: int = 0) -> Page:
    """With colors in and out of gamut."""
    rng = torch.Generator().manual_seed(seed)
    ab = 40 * torch.randn(1, 2, page.height, page.width, generator=rng)
    page.paint(slice(None), ab)
    return page


def reference_lightness(rgb: np.ndarray, white: float) -> torch.Tensor:
    planes = torch.from_numpy(np.array(rgb, dtype=np.float64)).movedim(-1, 0)
    return lab_from_rgb(planes / white)[None, :1].float()


@pytest.mark.parametrize("mode", MODES)
def test_each_mode_and_format_keeps_size_depth_alpha_and_lightness(mode):
    Image.init()
    image, held = drawn(mode), 0
    for format in set(Image.SAVE) - {"ICNS"}:  # it enlarges to 1024 × 1024
        try:
            data = encoded(image, format)
            with Image.open(io.BytesIO(data)) as opened:
                opened.load()
        except Exception:  # Pillow cannot write this mode so, or not read what it wrote
            continue
        file = decode_original(data)
        page = file.pages[0]
        L, alpha = lightness(page), alpha_of(page)
        painted(page)
        written = encode_original(file)
        back = decode_original(written.data).pages[0]
        assert (back.height, back.width, back.depth) == (page.height, page.width, page.depth), (
            format
        )
        assert written.suffix in {spec.suffix for spec in FORMATS.values()}
        if written.suffix not in (".avif", ".heic"):
            np.testing.assert_array_equal(alpha_of(back), alpha, err_msg=format)
        if file.lossless:
            change = (lightness(back) - L).abs().max()
            assert change <= HALF_STEP[page.depth], format
        held += 1
    assert held >= 1


def alpha_of(page: Page) -> np.ndarray | None:
    return page.pixels.stored(slice(0, page.height))[..., 3] if page.alpha else None


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr"])
def test_lightness_is_that_of_pillows_colors(mode):
    format = "TIFF" if mode in ("CMYK", "YCbCr") else "PNG"
    image = drawn(mode)
    expected = reference_lightness(np.asarray(image.convert("RGB")), 255)
    page = decode_original(encoded(image, format)).pages[0]
    # 5e-5 of the blockwise Lab, and float32.
    torch.testing.assert_close(lightness(page), expected, atol=2e-4, rtol=0)


@pytest.mark.parametrize("mode", ["L", "P", "RGB", "1"])
def test_a_transparent_color_becomes_alpha(mode):
    image = drawn(mode)
    key = image.getpixel((3, 3))
    page = decode_original(encoded(image, "PNG", transparency=key)).pages[0]
    assert page.alpha
    assert alpha_of(page)[3, 3] == 0
    assert alpha_of(page).max() == 255


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 9),
    st.integers(1, 9),
    st.sampled_from([np.uint8, np.uint16]),
    st.booleans(),
    st.integers(0, 1000),
)
def test_lightness_and_alpha_survive_any_colors(height, width, dtype, alpha, seed):
    array = noise(height, width, 3 + alpha, dtype=dtype, seed=seed)
    options = {"extrasamples": ["unassalpha"]} if alpha else {}
    file = decode_original(tiff(array, photometric="rgb", **options))
    page = file.pages[0]
    white = np.iinfo(dtype).max
    L = reference_lightness(array[..., :3], white)
    painted(page, seed)
    back = decode_original(encode_original(file).data).pages[0]
    assert (lightness(back) - L).abs().max() <= HALF_STEP[page.depth]
    if alpha:
        np.testing.assert_array_equal(alpha_of(back), array[..., 3])


def test_painting_in_strips_is_painting_at_once(monkeypatch):
    monkeypatch.setattr("photochrom.image_io.pixels.STRIP", 64)
    data = encoded(drawn("RGBA").resize((40, 50)), "PNG")
    ab = 40 * torch.randn(1, 2, 50, 40, generator=torch.Generator().manual_seed(0))
    pages = [decode_original(data).pages[0] for _ in range(2)]
    pages[0].paint(slice(None), ab)
    for start, stop in itertools.pairwise([0, 7, 30, 50]):
        pages[1].paint(slice(start, stop), ab[..., start:stop, :])
    one, other = (page.pixels.stored(slice(0, 50)) for page in pages)
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("size", [(40, 90), (90, 41), (7, 200), (12, 12)])
def test_scaled_lightness_is_that_of_the_whole(size, monkeypatch):
    monkeypatch.setattr("photochrom.image_io.pixels.STRIP", 256)
    page = decode_original(encoded(drawn("L").resize(size), "PNG")).pages[0]
    scale = 12 / min(size)
    target = [max(1, round(side * scale)) for side in (page.height, page.width)]
    # As `Colorizer.working` scales it; float32's sums in another order.
    expected = F.interpolate(lightness(page), target, mode="bilinear", antialias=True)
    torch.testing.assert_close(page.scaled_lightness(12), expected, atol=1e-4, rtol=0)


def test_rows_and_colors_must_fit():
    page = decode_original(encoded(drawn("L"), "PNG")).pages[0]
    with pytest.raises(ValueError, match=r"expected ab of shape \(1, 2, 4, 11\).*got \(1, 2, 3, 1"):
        page.paint(slice(0, 4), torch.zeros(1, 2, 3, 11))
    with pytest.raises(ValueError, match=r"expected some of 14 rows in order, got slice\(9, 3"):
        page.lightness(slice(9, 3))
