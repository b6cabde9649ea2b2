"""Models as ONNX files: the same colors, whatever the size."""

from dataclasses import replace
from functools import cache

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from models_world import ARCHITECTURES, lightness, vivid
from PIL import Image
from skimage.io import imread

from photochrom.models import Colorizer, load_model
from photochrom.models.onnx.export import export
from photochrom.rendering.predict import Model

# float32 on both sides, products added up in another order: at most 1.1e-3 in 22 photographs by a
# trained network of 50 layers. A step of an 8-bit image is hundreds of times as much.
ROUNDING = 2e-3


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A network and its ONNX file; each is made once."""

    @cache
    def make(name, **changes):
        folder = tmp_path_factory.mktemp(name)
        colorizer = vivid(ARCHITECTURES[name])
        colorizer.save(folder / "run", {"label": f"a {name}"})
        export(folder / "run", folder / "model.onnx", **changes)
        return colorizer, folder / "model.onnx"

    return make


def by_onnxruntime(path, L, output="ab"):
    """ab of L by onnxruntime alone."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return torch.from_numpy(session.run([output], {"L": L.numpy()})[0])


def told(path):
    return {entry.key: entry.value for entry in onnx.load(path).metadata_props}


@pytest.mark.parametrize("name", ARCHITECTURES)
@pytest.mark.parametrize("size", [(1, 1, 1), (2, 64, 64), (1, 33, 517), (3, 97, 62)])
def test_onnxruntime_gives_the_colors_of_torch(name, size, made):
    colorizer, path = made(name)
    L = lightness(*size)
    with torch.inference_mode():
        ab, small = colorizer.ab(L), colorizer.small(L, None, "annealed")
    assert ab.std() > 1 or L.numel() == 1
    torch.testing.assert_close(by_onnxruntime(path, L), ab, rtol=0, atol=ROUNDING)
    torch.testing.assert_close(by_onnxruntime(path, L, "small"), small, rtol=0, atol=ROUNDING)


@pytest.mark.parametrize("name", ["lite0", "regression"])
def test_a_large_image_is_colored_at_the_size_of_the_training(name, made):
    colorizer, path = made(name)
    L = lightness(1, 200, 90)
    with torch.inference_mode():
        ab = colorizer.predict(L)
    torch.testing.assert_close(load_model(path).predict(L), ab, rtol=0, atol=ROUNDING)


def assert_alike(ours, theirs, *, most=1):
    """Of 8-bit images: where rounding meets half a step, one step apart."""
    apart = np.abs(np.asarray(ours).astype(int) - np.asarray(theirs))
    assert apart.max() <= most
    assert (apart > 0).mean() < 1e-3  # at most 7e-5 in the photographs of these tests


@pytest.mark.parametrize("name", ["photochrom", "photochrom-l2"])
def test_photographs_become_those_of_torch(name, samples, tmp_path):
    export(name, tmp_path / "model.onnx")
    photographs = [Image.open(path) for path in sorted(samples.glob("*.jpg"))[:4]]
    photographs[1] = photographs[1].resize((77, 200))  # beside those larger than the network's 160
    onnx_model, model = load_model(tmp_path / "model.onnx"), Colorizer.load(name)
    for enlarge in ("guided", "bilinear"):
        ours, theirs = (one(photographs, upsample=enlarge) for one in (onnx_model, model))
        for our, their in zip(ours, theirs, strict=True):
            assert_alike(our, their)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_batch_of_any_size_becomes_that_of_torch(name, made):
    """Noise by networks that never learned, half of whose colors lie outside sRGB.

    Those keep their chroma to a thousandth, which rounding may decide: 0.13 of 130 in ab, and
    where a channel is nearly black that is 6 steps.
    """
    colorizer, path = made(name)
    onnx_model = load_model(path)
    assert isinstance(onnx_model, Model)
    assert (onnx_model.size, onnx_model.stride) == (colorizer.size, colorizer.stride)
    for shape in ((3, 70, 90), (1, 1), (9, 131, 67)):
        rgb = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
        assert_alike(onnx_model(rgb), colorizer(rgb), most=6)


def test_the_temperature_is_inside(made):
    colorizer, path = made("unet", temperature=0.2)
    L = lightness(1, 64, 64)
    with torch.inference_mode():
        own, cold = colorizer.ab(L), colorizer.ab(L, 0.2)
    torch.testing.assert_close(by_onnxruntime(path, L), cold, rtol=0, atol=ROUNDING)
    assert (own - cold).abs().mean() > 1
    assert told(path)["temperature"] == "0.2"


def test_the_metadata_tell_what_the_file_is(made):
    for name, method, stride in (
        ("unet", "classification", "1"),
        ("regression", "regression", "2"),
    ):
        path = made(name)[1]
        onnx.checker.check_model(onnx.load(path), full_check=True)
        assert told(path).items() >= {
            ("format", "photochrom onnx"),
            ("version", "1"),
            ("model", "run"),
            ("label", f"a {name}"),
            ("size", "64"),
            ("stride", stride),
            ("method", method),
        }
    loaded = load_model(made("unet")[1])
    assert (loaded.label, loaded.size, loaded.method) == ("a unet", 64, "classification")
    assert loaded.temperature == 0.5


def test_eight_bits_cost_little_and_save_much(made, tmp_path):
    """Of inputs and weights the rounding is 1 / 512 of their range, in each of ten layers."""
    wide = replace(ARCHITECTURES["unet"], width=16)
    colorizer = vivid(wide)
    colorizer.save(tmp_path / "run", {})
    paths = [tmp_path / "float.onnx", tmp_path / "int8.onnx"]
    for path in paths:
        export(tmp_path / "run", path, int8=path.stem == "int8")
    exact, rounded = (by_onnxruntime(path, lightness(1, 64, 64)) for path in paths)
    assert 0 < (exact - rounded).abs().mean() < exact.std() / 100
    assert paths[1].stat().st_size < paths[0].stat().st_size / 2


def test_the_command_line_writes_it_and_colorizes_by_it(run, model, photos, tmp_path):
    path = tmp_path / "model.onnx"
    code, out, _ = run("export", model, "-o", path)
    assert (code, out.startswith(f"{path}: 0.")) == (0, True)
    for name, colorizer in (("torch", model), ("onnx", path)):
        code, *_ = run("colorize", photos, "--model", colorizer, "-o", tmp_path / name)
        assert code == 0
    for expected in (tmp_path / "torch").iterdir():
        assert_alike(imread(tmp_path / "onnx" / expected.name), imread(expected))
