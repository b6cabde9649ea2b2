"""Models as ONNX files: the same colours, whatever the size, and files that are none."""

import random
import subprocess
import sys
from dataclasses import replace
from functools import cache

import fsspec
import pytest
import torch
from skimage.io import imread

from photochrom import recipes
from photochrom.config import Architecture
from photochrom.export import export
from photochrom.models import Colorizer, load_model
from photochrom.quantize import Gamut

onnx = pytest.importorskip("onnx", reason="needs pip install 'photochrom[onnx]'")
onnxruntime = pytest.importorskip("onnxruntime", reason="needs pip install 'photochrom[onnx]'")

ARCHITECTURES = {
    "unet": Architecture(width=2, size=64),
    "lite0": Architecture(width=4, size=64, encoder="lite0", up="upsample", stride=4),
    "vgg16": replace(Architecture.of(recipes.load("vgg16")), width=2, size=64),
    "pix2pix": replace(Architecture.of(recipes.load("pix2pix")), width=2, size=64),
    "regression": Architecture(method="regression", width=2, size=64, norm="group", stride=2),
}
# float32 on both sides, products added up in another order: at most 3.4e-4 in 22 photographs by a
# trained network of 50 layers. A step of an 8-bit picture is hundreds of times as much.
ROUNDING = 1e-3


def vivid(architecture):
    """A network that never learned, whose colours differ from pixel to pixel."""
    torch.manual_seed(0)
    colorizer = Colorizer(architecture, Gamut.srgb(20), temperature=0.5).eval()
    for module in colorizer.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2)
    head = colorizer.network.head
    with torch.inference_mode():
        spread = head(colorizer.features(noise(1, 64, 64))).std()
    with torch.no_grad():
        head.weight *= (3 if architecture.method == "classification" else 0.3) / spread
    return colorizer


def noise(batch, height, width):
    return torch.rand(batch, 1, height, width, generator=torch.Generator().manual_seed(1)) * 100


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


def by_onnxruntime(path, L):
    """ab of L by onnxruntime alone."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return torch.from_numpy(session.run(["ab"], {"L": L.numpy()})[0])


def told(path):
    return {entry.key: entry.value for entry in onnx.load(path).metadata_props}


@pytest.mark.parametrize("name", ARCHITECTURES)
@pytest.mark.parametrize("size", [(1, 1, 1), (2, 64, 64), (1, 33, 517), (3, 97, 62)])
def test_onnxruntime_gives_the_colours_of_torch(name, size, made):
    colorizer, path = made(name)
    L = noise(*size)
    with torch.inference_mode():
        ab = colorizer(L)
    assert ab.std() > 1 or L.numel() == 1
    torch.testing.assert_close(by_onnxruntime(path, L), ab, rtol=0, atol=ROUNDING)


@pytest.mark.parametrize("name", ["lite0", "regression"])
def test_a_large_picture_is_coloured_at_the_size_of_the_training(name, made):
    colorizer, path = made(name)
    L = noise(1, 200, 90)
    with torch.inference_mode():
        ab = colorizer.predict(L)
    torch.testing.assert_close(load_model(path).predict(L), ab, rtol=0, atol=ROUNDING)


def test_the_temperature_is_inside(made):
    colorizer, path = made("unet", temperature=0.2)
    L = noise(1, 64, 64)
    with torch.inference_mode():
        own, cold = colorizer(L), colorizer(L, 0.2)
    torch.testing.assert_close(by_onnxruntime(path, L), cold, rtol=0, atol=ROUNDING)
    assert (own - cold).abs().mean() > 1
    assert told(path)["temperature"] == "0.2"


def test_the_metadata_tell_what_the_file_is(made):
    for name, method in (("unet", "classification"), ("regression", "regression")):
        path = made(name)[1]
        onnx.checker.check_model(onnx.load(path), full_check=True)
        assert told(path).items() >= {
            ("format", "photochrom onnx"),
            ("version", "1"),
            ("model", "run"),
            ("label", f"a {name}"),
            ("size", "64"),
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
    exact, rounded = (by_onnxruntime(path, noise(1, 64, 64)) for path in paths)
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
        ours, theirs = (imread(tmp_path / name / expected.name) for name in ("onnx", "torch"))
        assert abs(ours.astype(int) - theirs).max() <= 1  # where rounding meets half a step


def test_outputs_that_exist_are_kept(refusal, run, model, tmp_path):
    (tmp_path / "model.onnx").write_text("mine")
    assert "add --overwrite" in refusal("export", model, "-o", tmp_path / "model.onnx")
    assert run("export", model, "-o", tmp_path / "model.onnx", "--overwrite")[0] == 0


def test_mistaken_exports(refusal, made, tmp_path):
    run_of = {name: made(name)[1].parent / "run" for name in ("unet", "regression")}
    for said, *arguments in (
        ("expected an output that ends in .onnx, got '.pt'", run_of["unet"], "-o", "m.pt"),
        ("temperature must be positive, got 0", run_of["unet"], "-o", "m.onnx", "--temperature", 0),
        (
            "expected no temperature for a regression, got 0.5",
            *(run_of["regression"], "-o", "m.onnx", "--temperature", 0.5),
        ),
    ):
        assert said in refusal("export", *arguments)


def test_a_temperature_or_decoder_beside_the_file_is_refused(refusal, made, photos, tmp_path):
    command = ("colorize", photos, "-o", tmp_path / "out", "--model", made("unet")[1])
    for flags in (("--temperature", 0.3), ("--decoder", "mode")):
        line = refusal(*command, *flags)
        assert "expected no temperature and no decoder, as they are inside an ONNX file" in line
        assert "(temperature 0.5): export it anew with photochrom export --temperature" in line
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_without_the_packages_the_extra_is_named(package, monkeypatch, made, tmp_path):
    path = made("unet")[1]
    monkeypatch.setitem(sys.modules, package, None)
    said = rf"expected onnx and onnxruntime, found no {package}: pip install 'photochrom\[onnx\]'"
    with pytest.raises(ValueError, match=said):
        export(path.parent / "run", tmp_path / "model.onnx")
    if package == "onnxruntime":
        with pytest.raises(ValueError, match=r"found none: pip install 'photochrom\[onnx\]'"):
            load_model(path)


def test_a_file_of_another_program_is_refused(tmp_path):
    path = tmp_path / "other.onnx"
    with pytest.raises(ValueError, match="expected an ONNX file, found no such file"):
        load_model(path)
    path.write_text("no graph")
    with pytest.raises(ValueError, match="expected an ONNX file of photochrom export, got a dam"):
        load_model(path)
    ends = [
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1]) for name in ("x", "y")
    ]
    node = onnx.helper.make_node("Identity", ["x"], ["y"])
    graph = onnx.helper.make_graph([node], "other", ends[:1], ends[1:])
    opset = [onnx.helper.make_opsetid("", 17)]
    other = onnx.helper.make_model(graph, opset_imports=opset, ir_version=8)
    onnx.save(other, path)
    with pytest.raises(ValueError, match="expected photochrom onnx version 1, got None version"):
        load_model(path)
    onnx.helper.set_model_props(other, {"format": "photochrom onnx", "version": "1"})
    onnx.save(other, path)
    with pytest.raises(ValueError, match=r"expected a graph from L to ab, got \[\('x'"):
        load_model(path)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("version", "2", "expected photochrom onnx version 1, got 'photochrom onnx' version '2'"),
        ("size", "many", "expected a size in its metadata as photochrom export writes it, got 'm"),
        ("temperature", "nan", "expected a temperature in its metadata"),
        ("bytes", "-1", "expected a bytes in its metadata"),
        ("sha256", "", "expected the graph whose checksum its metadata tells, got a damaged"),
    ],
)
def test_metadata_that_cannot_be_are_refused(name, value, said, made, tmp_path):
    whole = onnx.load(made("unet")[1])
    next(entry for entry in whole.metadata_props if entry.key == name).value = value
    onnx.save(whole, tmp_path / "damaged.onnx")
    with pytest.raises(ValueError, match=said):
        load_model(tmp_path / "damaged.onnx")


def test_no_damaged_file_is_taken_for_a_whole_one(made, tmp_path):
    whole, draw = made("unet")[1].read_bytes(), random.Random(0)
    body = int(told(made("unet")[1])["bytes"])
    for turn in range(20):
        data = bytearray(whole)
        if turn % 2:
            data[draw.randrange(body)] ^= draw.randrange(1, 256)
        else:
            data = data[: draw.randrange(len(data))]
        (tmp_path / "damaged.onnx").write_bytes(data)
        with pytest.raises(ValueError, match="expected"):
            load_model(tmp_path / "damaged.onnx")


def test_a_url_is_as_good_as_a_path(made):
    fsspec.filesystem("memory").pipe("/model.onnx", made("unet")[1].read_bytes())
    assert load_model("memory://model.onnx").label == "a unet"


def test_onnx_is_imported_only_by_who_uses_it():
    code = "import photochrom.models, photochrom.export, sys; "
    code += "print({'onnx', 'onnxruntime'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
