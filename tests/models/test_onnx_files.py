"""Files that are no models, exports that cannot be, and what they say; where files lie."""

import random
import subprocess
import sys

import fsspec
import numpy as np
import onnx
import pytest
import torch

from photochrom.config import Architecture
from photochrom.models import Colorizer, load_model
from photochrom.models.onnx.export import export
from photochrom.quantize import Gamut


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The run folder of each method, of a network that never learned."""
    made = {}
    for method in ("classification", "regression"):
        made[method] = tmp_path_factory.mktemp(method) / "run"
        architecture = Architecture(method=method, width=2, size=64)
        Colorizer(architecture, Gamut.srgb(20), temperature=0.5).save(made[method], {"label": "a"})
    return made


@pytest.fixture(scope="module")
def path(runs):
    """The classifier as an ONNX file."""
    made = runs["classification"].with_suffix(".onnx")
    export(runs["classification"], made)
    return made


def told(path):
    return {entry.key: entry.value for entry in onnx.load(path).metadata_props}


def test_outputs_that_exist_are_kept(refusal, run, model, tmp_path):
    (tmp_path / "model.onnx").write_text("mine")
    assert "add --overwrite" in refusal("export", model, "-o", tmp_path / "model.onnx")
    assert run("export", model, "-o", tmp_path / "model.onnx", "--overwrite")[0] == 0


def test_mistaken_exports(refusal, runs):
    for said, *arguments in (
        ("expected an output that ends in .onnx, got '.pt'", runs["classification"], "-o", "m.pt"),
        (
            "temperature must be positive, got 0",
            runs["classification"],
            "-o",
            "m.onnx",
            "--temperature",
            0,
        ),
        (
            "expected no temperature for a regression, got 0.5",
            *(runs["regression"], "-o", "m.onnx", "--temperature", 0.5),
        ),
    ):
        assert said in refusal("export", *arguments)


def test_a_temperature_or_decoder_beside_the_file_is_refused(refusal, path, photos, tmp_path):
    command = ("colorize", photos, "-o", tmp_path / "out", "--model", path)
    for flags in (("--temperature", 0.3), ("--decoder", "mode")):
        line = refusal(*command, *flags)
        assert "expected no temperature and no decoder, as they are inside an ONNX file" in line
        assert "(temperature 0.5): export it anew with photochrom export --temperature" in line
    assert not (tmp_path / "out").exists()


def test_each_way_to_colors_refuses_a_temperature_or_decoder(path):
    model, L = load_model(path), torch.full((1, 1, 9, 9), 50.0)
    for asked in (
        lambda: model.small(L, 0.3, "annealed"),
        lambda: model.predict(L, how="mean"),
        lambda: model(np.full((9, 9), 99, dtype=np.uint8), decoder="mode"),
    ):
        with pytest.raises(ValueError, match="expected no temperature and no decoder"):
            asked()


def test_a_regression_ignores_temperature_and_decoder_as_torch_does(runs, tmp_path):
    export(runs["regression"], tmp_path / "model.onnx")
    model, L = load_model(tmp_path / "model.onnx"), torch.full((1, 1, 9, 9), 50.0)
    assert torch.equal(model.small(L, 0.3, "mode"), model.small(L, None, "annealed"))


@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_without_the_packages_the_extra_is_named(package, monkeypatch, runs, path, tmp_path):
    monkeypatch.setitem(sys.modules, package, None)
    said = rf"expected onnx and onnxruntime, found no {package}: pip install 'photochrom\[onnx\]'"
    with pytest.raises(ValueError, match=said):
        export(runs["classification"], tmp_path / "model.onnx")
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
    with pytest.raises(ValueError, match=r"expected a graph from L to ab and small, got \[\('x'"):
        load_model(path)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("version", "2", "expected photochrom onnx version 1, got 'photochrom onnx' version '2'"),
        ("size", "many", "expected a size in its metadata as photochrom export writes it, got 'm"),
        ("stride", "0.5", "expected a stride in its metadata"),
        ("temperature", "nan", "expected a temperature in its metadata"),
        ("bytes", "-1", "expected a bytes in its metadata"),
        ("sha256", "", "expected the graph whose checksum its metadata tells, got a damaged"),
    ],
)
def test_metadata_that_cannot_be_are_refused(name, value, said, path, tmp_path):
    whole = onnx.load(path)
    next(entry for entry in whole.metadata_props if entry.key == name).value = value
    onnx.save(whole, tmp_path / "damaged.onnx")
    with pytest.raises(ValueError, match=said):
        load_model(tmp_path / "damaged.onnx")


def test_no_damaged_file_is_taken_for_a_whole_one(path, tmp_path):
    whole, draw = path.read_bytes(), random.Random(0)
    body = int(told(path)["bytes"])
    for turn in range(20):
        data = bytearray(whole)
        if turn % 2:
            data[draw.randrange(body)] ^= draw.randrange(1, 256)
        else:
            data = data[: draw.randrange(len(data))]
        (tmp_path / "damaged.onnx").write_bytes(data)
        with pytest.raises(ValueError, match="expected"):
            load_model(tmp_path / "damaged.onnx")


def test_a_url_is_as_good_as_a_path(run, path, photos, tmp_path):
    fsspec.filesystem("memory").pipe("/model.onnx", path.read_bytes())
    code, *_ = run("colorize", photos, "--model", "memory://model.onnx", "-o", tmp_path / "out")
    assert (code, len(list((tmp_path / "out").iterdir()))) == (0, 8)
    with pytest.raises(
        ValueError, match=r"memory://none\.onnx: expected an ONNX file, found no su"
    ):
        load_model("memory://none.onnx")


def test_onnx_is_imported_only_by_who_uses_it():
    code = "import photochrom.models, photochrom.models.onnx.export, sys; "
    code += "print({'onnx', 'onnxruntime'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
