"""Laws of colorizing: size, kind and alpha stay, L moves by rounding, and there is always a number.

L of a pixel moves by at most Σ_c |∂L/∂c| ≤ 135 (the largest over sRGB, at a dark green) times half
a step of each channel, as in test_originals, and by what float32 loses: 4e-4.
"""

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from PIL import Image

from photochrom import image_io
from photochrom.color.lab import lab_from_rgb
from photochrom.config import Architecture, ColorizeConfig
from photochrom.models import Colorizer
from photochrom.quantize import Gamut
from photochrom.rendering.predict import paint, predicted

STEPS = {"uint8": 1 / 255, "uint16": 1 / 65535, "float16": 2**-11, "float32": 0, "float64": 0}
MODES = ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "HSV", "I;16", "F"]
few = settings(max_examples=40, deadline=None, derandomize=True)
sizes = st.one_of(
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.tuples(st.just(1), st.integers(1, 300)),
    st.tuples(st.integers(1, 300), st.just(1)),
)
flags = st.fixed_dictionaries(
    {
        "temperature": st.one_of(st.none(), st.floats(1e-3, 10)),
        "decoder": st.sampled_from(["annealed", "mode", "mean"]),
        "upsample": st.sampled_from(["guided", "bilinear"]),
        "input_size": st.sampled_from([None, 16, 40]),
    }
)


def colorizer(method: str) -> Colorizer:
    """A network that never learned, but is sure of what it says."""
    torch.manual_seed(0)
    architecture = Architecture(method=method, width=2, size=32)
    model = Colorizer(architecture, Gamut.srgb(20)).eval()
    model.network.head.weight.data *= 30
    return model


MODELS = {method: colorizer(method) for method in ("classification", "regression")}


@st.composite
def arrays(draw, channels=(1, 2, 3, 4), kinds=tuple(STEPS)) -> np.ndarray:
    """An image of noise, or of one color, black and white among them."""
    (height, width), kind = draw(sizes), draw(st.sampled_from(kinds))
    shape = (height, width, draw(st.sampled_from(channels)))
    level = draw(st.sampled_from([None, 0.0, 0.5, 1.0]))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    numbers = rng.random(shape) if level is None else np.full(shape, level)
    dtype = np.dtype(kind)
    return numbers.astype(dtype) if dtype.kind == "f" else in_steps(numbers, dtype)


def in_steps(numbers: np.ndarray, dtype: np.dtype) -> np.ndarray:
    return (numbers.astype(np.float64) * np.iinfo(dtype).max).round().astype(dtype)


def lightness(colors: np.ndarray) -> torch.Tensor:
    """L of gray or RGB, in float64."""
    white = np.iinfo(colors.dtype).max if colors.dtype.kind == "u" else 1
    rgb = np.broadcast_to(colors.astype(np.float64) / white, (*colors.shape[:2], 3))
    return lab_from_rgb(torch.from_numpy(rgb.copy()).movedim(-1, 0))[0]


def check(before: np.ndarray, after: np.ndarray) -> None:
    """That `after` is `before` in other colors; floats may have become 16-bit numbers."""
    alpha = before.shape[-1] in (2, 4)
    assert after.shape == (*before.shape[:2], 3 + alpha)
    assert np.isfinite(after).all()
    if alpha:
        kept = before[..., -1]
        if after.dtype != before.dtype:
            kept = in_steps(kept, after.dtype)
        np.testing.assert_array_equal(after[..., 3], kept)
    moved = lightness(after[..., :3]) - lightness(before[..., : before.shape[-1] - alpha])
    assert moved.abs().max() <= 135 * STEPS[after.dtype.name] / 2 + 4e-4


@few
@given(arrays(), st.sampled_from(sorted(MODELS)), flags)
def test_of_arrays(array, method, chosen):
    made = MODELS[method](array, **chosen)
    assert made.dtype == array.dtype
    check(array, made)


@few
@given(arrays(kinds=("uint8", "float32", "float64")), flags)
def test_of_tensors(array, chosen):
    tensor = torch.from_numpy(np.moveaxis(array, -1, 0).copy())
    made = MODELS["classification"](tensor, **chosen)
    assert made.dtype == tensor.dtype
    check(array, np.moveaxis(made.numpy(), 0, -1))


@few
@given(arrays(channels=(4,), kinds=("uint8",)), st.sampled_from(MODES), flags)
def test_of_pillow_images(array, mode, chosen):
    rgba = Image.fromarray(array)
    image = {
        "I;16": lambda: Image.fromarray(array[..., 0].astype(np.uint16) * 257),
        "F": lambda: Image.fromarray(array[..., 0].astype(np.float32) / 255),
        "LAB": lambda: Image.frombytes("LAB", rgba.size, array[..., :3].tobytes()),
        "LA": lambda: rgba.convert("LA"),
        "RGBA": lambda: rgba,
        "PA": lambda: rgba.convert("RGB").convert("P").convert("PA"),
    }.get(mode, lambda: rgba.convert("RGB").convert(mode))()
    made = MODELS["classification"](image, **chosen)
    alpha = mode in ("LA", "PA", "RGBA")
    assert (made.mode, made.size) == ("RGBA" if alpha else "RGB", image.size)
    if mode in ("1", "L", "LA", "P", "PA", "RGB", "RGBA"):  # of which Pillow knows the colors
        check(np.asarray(image.convert(made.mode)), np.asarray(made))


@few
@given(
    arrays(kinds=("uint8", "uint16", "float32")),
    st.sampled_from([None, "png", "tif"]),
    flags,
    st.sampled_from(sorted(MODELS)),
)
def test_of_files(array, format, chosen, method):
    import io

    import tifffile

    buffer, channels = io.BytesIO(), array.shape[-1]
    tifffile.imwrite(
        buffer,
        array if channels > 1 else array[..., 0],
        photometric="rgb" if channels > 2 else "minisblack",
        extrasamples=["unassalpha"] if channels in (2, 4) else None,
    )
    file = image_io.decode_original(buffer.getvalue())
    for page, colors in zip(
        file.pages, predicted(file.pages, MODELS[method], ColorizeConfig(**chosen)), strict=True
    ):
        paint(page, colors)
    made = image_io.decode_original(image_io.encode_original(file, format=format).data).pages[0]
    after = made.pixels.stored(slice(0, made.height))
    deep = format == "png" and array.dtype.kind == "f"  # which PNG does not hold
    assert after.dtype == (np.uint16 if deep else array.dtype)
    check(array, after)


@pytest.mark.parametrize("decoder", ["annealed", "mode", "mean"])
@pytest.mark.parametrize("temperature", [1e-50, 1e-38, 1e-29, 1e-3, 10, 1e30])
def test_any_temperature_gives_numbers(temperature, decoder):
    gray = np.linspace(0, 1, 40 * 50, dtype=np.float32).reshape(40, 50)
    made = MODELS["classification"](gray, temperature=temperature, decoder=decoder)
    check(gray[..., None], made)
