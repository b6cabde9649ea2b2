"""`colorizer(image)`: whatever a program holds images as, the same comes back in color."""

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.color import rgb2lab
from torch import Tensor

from photochrom.config import Architecture
from photochrom.models import Colorizer
from photochrom.quantize import Gamut

HALF_A_STEP = 0.5  # of 8 bits is at most 0.45 in L


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    architecture = Architecture(method="classification", width=2, size=32, stride=2)
    return Colorizer(architecture, Gamut.srgb(20)).eval()


@pytest.fixture(scope="module")
def rgb():
    noise = np.random.default_rng(0).random((9, 13, 3))
    smooth = Image.fromarray((255 * noise).astype(np.uint8)).resize(
        (70, 44), Image.Resampling.BICUBIC
    )
    return np.asarray(smooth)


def lightness(rgb):
    return rgb2lab(np.asarray(rgb)[..., :3])[..., 0]


def image_of(mode, rgb):
    image = Image.fromarray(rgb)
    if mode == "PA":
        return image.convert("P").convert("PA")
    if mode in ("I;16", "I"):
        image = Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
    return image if mode == "I;16" else image.convert(mode)


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK", "YCbCr", "P", "I;16", "I", "F"])
def test_an_image_of_any_mode_comes_back_in_color(mode, model, rgb):
    image = image_of(mode, rgb)
    color = model(image)
    assert (color.mode, color.size) == ("RGB", image.size)
    assert rgb2lab(color)[..., 1:].std() > 1


@pytest.mark.parametrize("mode", ["LA", "RGBA", "PA"])
def test_an_image_with_alpha_comes_back_with_it(mode, model, rgb):
    image = image_of(mode, rgb)
    color = model(image)
    assert (color.mode, color.size) == ("RGBA", image.size)


def test_black_and_white_stay_what_they_are(model, rgb):
    image = image_of("1", rgb)
    np.testing.assert_array_equal(model(image), image.convert("RGB"))


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_the_lightness_of_an_image_stays(mode, model, rgb):
    image = image_of(mode, rgb)
    moved = lightness(model(image)) - lightness(image.convert("RGB"))
    assert np.abs(moved).max() < HALF_A_STEP


def test_an_image_is_left_as_it_was(model, rgb):
    image = Image.fromarray(rgb)
    model(image)
    np.testing.assert_array_equal(image, rgb)
    array = rgb.copy()
    model(array)
    np.testing.assert_array_equal(array, rgb)


def test_the_alpha_of_an_image_stays(model, rgb):
    alpha = Image.fromarray(rgb[..., 0])
    image = Image.fromarray(rgb)
    image.putalpha(alpha)
    np.testing.assert_array_equal(np.asarray(model(image))[..., 3], alpha)


def test_an_image_lies_as_it_lay(model, rgb):
    image = Image.fromarray(rgb)
    image.getexif()[0x0112] = 6
    image.info["exif"] = image.getexif().tobytes()
    assert model(image).size == image.size


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
@pytest.mark.parametrize(
    ("taken", "alpha"),
    [(0, False), ([0], False), ([0, 1], True), ([0, 1, 2], False), ([0, 1, 2, 1], True)],
)
def test_an_array_keeps_its_type_and_gets_colors(taken, alpha, dtype, model, rgb):
    white = np.iinfo(dtype).max if np.issubdtype(dtype, np.integer) else 1
    image = (rgb[..., taken] / 255 * white).astype(dtype)
    color = model(image)
    assert (color.dtype, color.shape) == (dtype, (44, 70, 4 if alpha else 3))
    if alpha:
        np.testing.assert_allclose(color[..., 3], image[..., -1], rtol=1e-7)  # of float32
    shown = rgb if np.ndim(taken) and len(taken) > 2 else rgb[..., [0, 0, 0]]
    assert np.abs(lightness(color / white) - lightness(shown)).max() < HALF_A_STEP


@pytest.mark.parametrize("make", [Tensor.byte, lambda x: x / 255, lambda x: x.double() / 255])
def test_a_tensor_has_its_channels_first(make, model, rgb):
    expected = model(rgb)
    image = make(torch.from_numpy(rgb.copy()).movedim(-1, 0).float())
    color = model(image)
    assert (color.dtype, color.shape) == (image.dtype, (3, 44, 70))
    shown = color if color.dtype == torch.uint8 else (255 * color).round()
    away = np.abs(shown.movedim(0, -1).double().numpy() - expected)
    # Bytes are found by a table that is off by 1/300 of a step at most: some round elsewhere.
    assert away.max() <= (0 if color.dtype == torch.uint8 else 1)
    assert (away > 0).mean() < 0.05
    gray = model(image[0])
    assert gray.shape == (3, 44, 70)


def test_a_batch_is_each_of_its_images(model, rgb):
    batch = np.stack([rgb, rgb[::-1], 255 - rgb] * 3 + [rgb])
    together = model(batch)
    for one, image in zip(together, batch, strict=True):
        # A convolution may sum a batch's in another order.
        assert np.abs(one.astype(int) - model(image)).max() <= 1
    tensors = torch.from_numpy(batch).movedim(-1, 1)
    np.testing.assert_array_equal(model(tensors).movedim(1, -1), together)


def test_a_list_may_be_of_all_kinds_and_sizes(model, rgb):
    images = [rgb, Image.fromarray(rgb[:20]), torch.from_numpy(rgb[..., 0].copy()), rgb]
    made = model(images)
    assert [type(one) for one in made] == [np.ndarray, Image.Image, Tensor, np.ndarray]
    assert made[1].size == (70, 20)
    np.testing.assert_array_equal(made[0], made[3])
    assert model([]) == []


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (np.zeros((4, 4, 5), np.uint8), r"shape \(H, W, C\), C of 1, 2, 3 or 4, got \(4, 4, 5\)"),
        (np.zeros(4, np.uint8), r"got \(4,\)"),
        (np.zeros((0, 4, 3), np.uint8), r"got \(0, 4, 3\)"),
        (np.zeros((0, 4, 4, 3), np.uint8), "expected a batch of 1 image or more, got none"),
        (torch.zeros(5, 4, 4), r"shape \(C, H, W\), C of 1, 2, 3 or 4, got \(5, 4, 4\)"),
        (np.zeros((4, 4), np.int64), "in uint8, uint16 or floats, got int64"),
        (np.full((4, 4), 255.0), "floats within 0 and 1, got 255 to 255"),
        (np.full((4, 4), np.nan), "floats within 0 and 1, got nan to nan"),
    ],
)
def test_what_is_no_image_is_refused(image, said, model):
    with pytest.raises(ValueError, match=said):
        model(image)


def test_flags_are_those_of_the_command(model, rgb):
    assert (model(rgb) != model(rgb, temperature=0.1)).any()
    np.testing.assert_array_equal(model(rgb, decoder="mean"), model(rgb, temperature=1.0))
    assert (model(rgb) != model(rgb, upsample="bilinear")).any()
    assert (model(rgb) != model(rgb, input_size=20)).any()
    with pytest.raises(ValueError, match="--input-size must be 16 or more, got 3"):
        model(rgb, input_size=3)
