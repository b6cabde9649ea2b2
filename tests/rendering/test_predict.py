"""A page painted in several threads is the page painted in one, and its plain definition."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from photochrom.color.gamut_mapping import linear_within_gamut, rgb_within_gamut
from photochrom.color.lab import lab_from_rgb
from photochrom.config import ColorizeConfig
from photochrom.image_io import Page, encode_original, of_rgb
from photochrom.image_io.pixels import BytePixels
from photochrom.rendering.predict import paint, predicted
from photochrom.rendering.upsample import Bilinear


def page_of(mode: str, seed: int = 0) -> Page:
    rng = np.random.default_rng(seed)
    smooth = rng.integers(0, 256, (9, 11, len(mode)), dtype=np.uint8)
    return Page(
        BytePixels(Image.fromarray(smooth.squeeze()).resize((110, 90), Image.Resampling.BICUBIC))
    )


def stored(page: Page) -> np.ndarray:
    return page.pixels.stored(slice(0, page.height))


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
@pytest.mark.parametrize("threads", [2, 3])
def test_several_threads_paint_what_one_paints(mode, threads, monkeypatch):
    monkeypatch.setattr("photochrom.image_io.pixels.STRIP", 300)
    ab = 60 * torch.randn(1, 2, 9, 11, generator=torch.Generator().manual_seed(0))
    pages = [page_of(mode) for _ in range(2)]
    assert pages[0].threads(threads) == threads
    for page, count in zip(pages, (1, threads), strict=True):
        paint(page, Bilinear(ab, (90, 110)), count)
    np.testing.assert_array_equal(stored(pages[0]), stored(pages[1]))
    # Half a step of each channel: 132.3 is the most that L changes with all three.
    moved = pages[0].lightness(slice(None)) - page_of(mode).lightness(slice(None))
    assert moved.abs().max() < 135 * 0.5 / 255
    reduced = [page.scaled_lightness(20) for page in pages]
    assert torch.equal(*reduced)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
@pytest.mark.parametrize("spread", [10, 60])
def test_painted_bytes_are_those_of_the_definition(mode, spread):
    page = page_of(mode)
    before = stored(page).copy()
    ab = spread * torch.randn(1, 2, 90, 110, generator=torch.Generator().manual_seed(1))
    L = lab_from_rgb(torch.from_numpy(before[..., :3].copy()).movedim(-1, 0).double() / 255)[:1]
    exact = 255 * rgb_within_gamut(torch.cat([L, ab[0].double()])).movedim(0, -1).numpy()
    page.paint(slice(None), ab)
    after = stored(page)
    off = np.abs(after[..., :3] - exact)
    # Half a step of rounding, and 1/300 of the tables. Float32 may find the share of chroma that
    # fits a thousandth lower or higher: of 240, a step of a dark channel.
    assert (off <= 0.5 + 1 / 100).mean() > 0.999
    assert off.max() < 2
    np.testing.assert_array_equal(after[..., 3:], before[..., 3:])


@pytest.mark.parametrize("rows", [slice(0, 90), slice(5, 7), slice(1, 4)])
def test_lightness_that_was_kept_is_forgotten_with_the_pixels_that_it_is_of(rows, monkeypatch):
    monkeypatch.setattr("photochrom.image_io.pixels.STRIP", 300)
    plain, keeping = page_of("RGB"), page_of("RGB")
    assert torch.equal(plain.scaled_lightness(20), keeping.scaled_lightness(20, keep=True))
    copied = keeping.copy()
    ab = torch.full((1, 2, rows.stop - rows.start, 110), 30.0)
    for page in (plain, keeping):
        page.paint(rows, ab)
    for strip in plain.strips():  # L changes a little as colors are rounded to bytes
        assert torch.equal(plain.lightness(strip), keeping.lightness(strip))
        assert torch.equal(page_of("RGB").lightness(strip), copied.lightness(strip))


def test_pixels_of_an_array_are_written_to_a_copy_of_their_own():
    """Else each of several threads might make one, and all but the last be lost."""
    array = np.zeros((4, 5, 4), np.uint8)
    assert Image.fromarray(array).readonly
    pixels = BytePixels(Image.fromarray(array))
    assert not pixels.image.readonly
    pixels.put(slice(0, 2), pixels.encoded(torch.ones(3, 2 * 5)))
    assert array.max() == 0
    assert pixels.stored(slice(0, 4))[..., :3].max(axis=(1, 2)).tolist() == [255, 255, 0, 0]


def test_few_strips_are_not_worth_a_thread():
    page = Page(BytePixels(Image.new("RGB", (256, 256))))
    assert page.threads(8) <= 1


def test_linear_channels_within_gamut_need_no_clipping():
    lab = torch.randn(3, 50, 60, generator=torch.Generator().manual_seed(2)) * 50
    linear = linear_within_gamut(*lab.split([1, 2], dim=-3))
    # 8e-5 is what the constants' white has more than 1.
    assert linear.min() > -1e-6
    assert linear.max() < 1 + 1e-4


@pytest.mark.parametrize("noise", [0, 255])
def test_a_png_comes_back_whatever_it_shows(noise):
    rgb = np.random.default_rng(0).integers(0, noise + 1, (37, 29, 3), dtype=np.uint8)
    back = np.asarray(Image.open(io.BytesIO(encode_original(of_rgb(rgb)).data)))
    np.testing.assert_array_equal(back, rgb)


@pytest.mark.parametrize(
    ("stride", "size", "seen"),
    [
        (4, (20, 30), (32, 48)),
        (4, (4, 6), (16, 24)),  # ab is as large as the image, and no larger
        (4, (64, 96), (32, 48)),
        (1, (20, 30), (20, 30)),
        (1, (64, 96), (32, 48)),
    ],
)
def test_the_network_sees_its_own_size_of_any_image(classifier, stride, size, seen):
    model, shapes = classifier(stride), []
    features = model.features
    model.features = lambda L: (shapes.append(tuple(L.shape[-2:])), features(L))[1]
    page = of_rgb(np.zeros((*size, 3), np.uint8)).pages[0]
    (colors,) = predicted([page], model, ColorizeConfig())
    assert colors.rows(slice(None), page.lightness(slice(None))).shape[-2:] == size
    assert model.predict(torch.zeros(1, 1, *size)).shape[-2:] == size
    assert shapes == [seen, seen]
