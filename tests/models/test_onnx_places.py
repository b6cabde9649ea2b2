"""Exported models in folders and buckets: listed, fetched once, checked; no other file is read."""

import http.server
import random

import onnx
import onnxruntime
import pytest
import torch

from photochrom.config import Architecture
from photochrom.models import Colorizer, find_models, load_model
from photochrom.models.io.cache import cache_folder
from photochrom.models.onnx import metadata
from photochrom.models.onnx.export import export
from photochrom.models.onnx.metadata import read_exported, read_metadata
from photochrom.quantize import Gamut


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """An exported model's bytes; its label is longer than one byte can count."""
    folder = tmp_path_factory.mktemp("run")
    torch.manual_seed(0)
    model = Colorizer(Architecture(width=2, size=32), Gamut.srgb(20), temperature=0.5)
    model.save(folder, {"label": "location " * 40})
    export(folder, folder / "model.onnx")
    return (folder / "model.onnx").read_bytes()


@pytest.fixture
def url(data, tmp_path):
    """Where it lies as in a bucket."""
    (tmp_path / "bucket").mkdir()
    (tmp_path / "bucket" / "mine.onnx").write_bytes(data)
    return (tmp_path / "bucket" / "mine.onnx").as_uri()


def ab(model):
    return model.small(torch.linspace(0, 100, 600).reshape(1, 1, 20, 30), None, "annealed")


def test_exported_models_are_found_beside_folders_under_their_whole_name(data, model, tmp_path):
    for name in ("model.onnx", "b [1].onnx", ".hidden.onnx"):
        (tmp_path / name).write_bytes(data)
    assert find_models([str(tmp_path)]) == {
        "model": str(model),
        "b [1].onnx": str(tmp_path / "b [1].onnx"),
        "model.onnx": str(tmp_path / "model.onnx"),
    }
    assert find_models([str(tmp_path / "model.onnx"), "photochrom"]) == {
        "model.onnx": str(tmp_path / "model.onnx"),
        "photochrom": "photochrom",
    }
    with pytest.raises(ValueError, match=r"different names, got 'model\.onnx' from .*: rename it"):
        find_models([str(tmp_path), str(tmp_path / "model.onnx")])


def test_metadata_are_those_that_onnx_reads(data, url):
    told = {entry.key: entry.value for entry in onnx.ModelProto.FromString(data).metadata_props}
    assert read_metadata(url) == told
    assert len(told["label"]) > 127


def test_what_lies_at_a_url_is_fetched_once_and_is_the_same(data, url, reads, tmp_path):
    made = [ab(load_model(url)) for _ in range(2)]
    assert made[0].equal(made[1])
    assert reads.count(url) == 1
    (kept,) = cache_folder().iterdir()
    assert data.startswith(kept.read_bytes())  # the graph; the rest is asked for each time
    assert kept.name == f"{read_metadata(url)['sha256']}.onnx"
    assert read_exported(url) == data


def test_a_file_on_this_machine_is_not_copied(data, reads, tmp_path):
    (tmp_path / "mine.onnx").write_bytes(data)
    load_model(tmp_path / "mine.onnx")
    assert not cache_folder().exists()


def test_a_damaged_graph_in_the_cache_is_fetched_anew(url, reads):
    load_model(url)
    (kept,) = cache_folder().iterdir()
    whole = kept.read_bytes()
    kept.write_bytes(b"damaged")
    load_model(url)
    assert reads.count(url) == 2
    assert kept.read_bytes() == whole


def test_no_damaged_file_at_a_url_is_taken_or_kept(data, url, reads, tmp_path):
    draw, (path,) = random.Random(0), (tmp_path / "bucket").iterdir()
    for turn in range(12):
        damaged = bytearray(data)
        if turn % 2:
            damaged[draw.randrange(len(data) - 2000)] ^= draw.randrange(1, 256)
        else:
            damaged = damaged[: draw.randrange(len(data))]
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"mine\.onnx: expected "):
            load_model(url)
        assert not cache_folder().exists()


def test_another_programs_file_is_not_even_fetched(url, reads, tmp_path):
    graph = onnx.helper.make_graph([], "other", [], [])
    (path,) = (tmp_path / "bucket").iterdir()
    path.write_bytes(onnx.helper.make_model(graph).SerializeToString())
    with pytest.raises(ValueError, match=r"mine\.onnx: expected photochrom onnx version 1, got No"):
        load_model(url)
    assert reads == []


def test_a_file_that_is_too_large_is_refused(data, url, reads, monkeypatch, tmp_path):
    monkeypatch.setattr(metadata, "_MOST", len(data) - 1)
    for place in (url, str(tmp_path / "bucket" / "mine.onnx")):
        with pytest.raises(ValueError, match=f"expected at most {len(data) - 1} bytes, got more"):
            load_model(place)
    assert not cache_folder().exists()


class _Whole(http.server.SimpleHTTPRequestHandler):
    """A server that knows no ranges, and logs nothing."""

    def log_message(self, *_):
        pass


def test_a_server_without_ranges_will_do(data, url, reads, serving, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path / "bucket")
    place = f"http://127.0.0.1:{serving(_Whole)}/mine.onnx"
    assert ab(load_model(place)).equal(ab(load_model(url)))


def outside(location, *, inside_a_node=False):
    """A graph whose weights lie in another file."""
    weights = onnx.TensorProto(name="w", data_type=1, dims=[2, 2])
    weights.data_location = onnx.TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", "0"), ("length", "16")):
        weights.external_data.add(key=key, value=value)
    ends = [onnx.helper.make_tensor_value_info(name, 1, ["n", 2]) for name in ("x", "y")]
    nodes = [onnx.helper.make_node("MatMul", ["x", "w"], ["y"])]
    if inside_a_node:
        nodes.insert(0, onnx.helper.make_node("Constant", [], ["w"], value=weights))
    tensors = [] if inside_a_node else [weights]
    graph = onnx.helper.make_graph(nodes, "g", ends[:1], ends[1:], tensors)
    opset = [onnx.helper.make_opsetid("", 17)]
    return onnx.helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()


def written_longer(graph):
    """The same, with the key's tag and length as numbers of more bytes than they need."""
    key, longer = b"\n\x08location", b"\x8a\x80\x00\x88\x80\x00location"
    model = onnx.ModelProto.FromString(graph)
    (tensor,) = model.graph.initializer
    entry = tensor.external_data[0].SerializeToString()
    assert entry.startswith(key)
    del tensor.external_data[0], model.graph.initializer[:]
    told = tensor.SerializeToString() + field(13, longer + entry[len(key) :])
    body = model.graph.SerializeToString() + field(5, told)
    model.ClearField("graph")
    return model.SerializeToString() + field(7, body)


def field(number, data):
    """A protobuf field of bytes."""
    return bytes([number << 3 | 2, len(data) & 127 | 128, len(data) >> 7]) + data


def test_numbers_that_are_written_longer_are_the_same_to_protobuf():
    plain = outside("weights.bin")
    assert written_longer(plain) != plain
    (tensor,) = onnx.ModelProto.FromString(written_longer(plain)).graph.initializer
    assert {entry.key for entry in tensor.external_data} == {"location", "offset", "length"}


@pytest.mark.parametrize(
    "graph",
    [
        outside("weights.bin"),
        outside("/etc/passwd"),
        outside("../weights.bin"),
        outside("*/_ORT_MEM_ADDR_/*"),  # onnxruntime's own: an address in memory
        outside("weights.bin", inside_a_node=True),
        written_longer(outside("weights.bin")),
    ],
)
def test_a_model_that_names_other_files_is_refused(graph, data, url, reads, tmp_path):
    said = "expected an ONNX file that holds its weights, got one that names other files for them"
    (path,) = (tmp_path / "bucket").iterdir()
    told = data[data.rindex(metadata._FIRST) :]
    for graph_and_more in (graph + told, data + graph):
        path.write_bytes(graph_and_more)
        with pytest.raises(ValueError, match=said):
            load_model(path)
    path.write_bytes(graph + told)
    with pytest.raises(ValueError, match=said):
        load_model(url)


def test_a_model_in_onnxruntimes_own_format_is_refused(data, tmp_path):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.optimized_model_filepath = str(tmp_path / "model.ort")
    options.add_session_config_entry("session.save_model_format", "ORT")
    onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    (tmp_path / "model.onnx").write_bytes((tmp_path / "model.ort").read_bytes())
    with pytest.raises(ValueError, match=r"expected an ONNX file of photochrom export, got a dama"):
        load_model(tmp_path / "model.onnx")
