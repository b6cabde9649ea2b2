import pytest
import torch
from torch import nn
from torch.nn import functional as F

from photochrom.losses import accuracy, discriminator_loss
from photochrom.models import PatchDiscriminator, PooledDiscriminator
from photochrom.models.layers import activation, init_normal, normalization

BOTH = pytest.mark.parametrize("kind", [PatchDiscriminator, PooledDiscriminator])
NORMS = pytest.mark.parametrize("norm", ["batch", "instance", "group", "none"])


def image(height: int, width: int, count: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    """L and ab that fill their ranges."""
    random = torch.Generator().manual_seed(0)
    L, ab = (torch.rand(count, axes, height, width, generator=random) for axes in (1, 2))
    return L * 100, ab * 220 - 110


@BOTH
@NORMS
@pytest.mark.parametrize("size", [(1, 1), (24, 31), (32, 32), (5, 100)])
def test_one_image_of_any_size_trains(kind, norm, size):
    logits = kind(2, norm)(*image(*size))
    assert logits.isfinite().all()
    height, width = (max(side, 24) // 8 - 2 for side in size)
    assert logits.shape == ((1, 1, height, width) if kind is PatchDiscriminator else (1, 1))


def test_256_pixels_give_30_logits_a_side():
    # As pix2pix's code does at its image size.
    assert PatchDiscriminator(1)(*image(256, 256)).shape == (1, 1, 30, 30)


def test_a_logit_sees_70_by_70_pixels():
    # The name of the architecture, and its receptive field by (r - 1) · stride + 4:
    # 4, 7, 16, 34, 70 from the last convolution up.
    L, ab = image(128, 128)
    ab.requires_grad_()
    PatchDiscriminator(1, "none")(L, ab)[0, 0, 7, 7].backward()
    seen = ab.grad[0].abs().sum(dim=0).nonzero()
    assert (seen.amax(dim=0) - seen.amin(dim=0) + 1).tolist() == [70, 70]


def test_the_patch_discriminator_has_as_many_weights_as_published():
    # pix2pix's code has 2 768 705 for two RGB images; here the input has 3 channels, not 6.
    by_hand = (3 * 16 + 1) * 64 + 16 * (64 * 128 + 128 * 256 + 256 * 512 + 512) + 1
    by_hand += 2 * (128 + 256 + 512)  # scales and shifts of the norms
    count = sum(p.numel() for p in PatchDiscriminator().parameters())
    assert count == by_hand == 2_768_705 - 3 * 16 * 64


@BOTH
@NORMS
def test_the_first_block_has_no_norm_and_only_a_norm_replaces_the_bias(kind, norm):
    blocks = [part for part in kind(2, norm).modules() if len(list(part.children())) >= 3]
    pairs = [(block[0], block[1]) for block in blocks if isinstance(block[0], nn.Conv2d)]
    assert [type(after) for _, after in pairs] == [
        nn.Identity,
        *(type(normalization(norm, 2)) for _ in pairs[1:]),
    ]
    assert all((conv.bias is None) != isinstance(after, nn.Identity) for conv, after in pairs)


def test_at_128_every_pooling_is_a_plain_one():
    network, (L, ab) = PooledDiscriminator(2, "none"), image(128, 128)
    init_normal(network, std=0.5)  # or two channels of weights near 0.02 would fade to nothing
    x = torch.cat([L / 50 - 1, ab / 110], dim=1)
    for block in network.down:
        x = F.max_pool2d(F.leaky_relu(block[0](x), 0.2), 2)
    assert x.shape == (1, 16, 4, 4)
    torch.testing.assert_close(network(L, ab), network.head[-1](x.flatten(1)))


@pytest.mark.parametrize(
    ("kind", "first"), [(PatchDiscriminator, "body.0"), (PooledDiscriminator, "down.0")]
)
def test_lightness_and_colors_fill_minus_1_to_1(kind, first):
    network, seen = kind(2), []
    network.get_submodule(first).register_forward_pre_hook(lambda _, x: seen.append(x[0]))
    L = torch.tensor([0.0, 50.0, 100.0]).expand(1, 1, 40, 3)
    ab = torch.tensor([-110.0, 0.0, 110.0]).expand(1, 2, 40, 3)
    network(L, ab)
    assert seen[0][0, :, 0, :3].tolist() == [[-1, 0, 1]] * 3


@pytest.mark.parametrize(("kind", "least"), [(PatchDiscriminator, 24), (PooledDiscriminator, 32)])
@pytest.mark.parametrize("size", [(1, 1), (7, 40), (40, 3)])
def test_a_small_image_is_judged_as_if_its_edges_went_on(kind, least, size):
    network = kind(2).eval()
    L, ab = image(*size)
    rows, columns = (torch.arange(max(side, least)).clamp(max=side - 1) for side in size)
    enlarged = (x[..., rows[:, None], columns] for x in (L, ab))
    torch.testing.assert_close(network(L, ab), network(*enlarged), rtol=0, atol=0)


@BOTH
def test_every_weight_and_the_colors_get_a_gradient(kind):
    network = kind(4)
    L, ab = image(64, 64, count=2)
    ab.requires_grad_()
    network(L, ab).square().sum().backward()
    assert all(p.grad.abs().sum() > 0 for p in network.parameters() if p.ndim > 1)
    assert (ab.grad.abs().sum(dim=(2, 3)) > 0).all()


@BOTH
def test_cross_entropy_of_logits_is_bceloss_of_the_probability(kind):
    network = kind(2).eval().double()
    L, ab = (x.double() for x in image(40, 40, count=3))
    logits, probability = network(L, ab), network.probability(L, ab)
    wanted = torch.full_like(logits, 0.9)
    ours = F.binary_cross_entropy_with_logits(logits, wanted)
    torch.testing.assert_close(ours, nn.BCELoss()(probability, wanted))


@BOTH
def test_dropout_acts_in_training_only(kind):
    torch.manual_seed(0)
    network, L_ab = kind(4, "none", dropout=0.5), image(40, 40)
    assert not torch.equal(network(*L_ab), network(*L_ab))
    network.eval()
    assert torch.equal(network(*L_ab), network(*L_ab))


@BOTH
def test_without_dropout_training_is_certain(kind):
    network, L_ab = kind(4, "none"), image(40, 40)
    assert torch.equal(network(*L_ab), network(*L_ab))


@BOTH
def test_weights_begin_as_in_dcgan(kind):
    torch.manual_seed(0)
    weights = [p for p in kind(16).parameters() if p.ndim > 1]
    every = torch.cat([p.flatten() for p in weights])
    # More than 10⁵ draws: the deviation strays by 0.02 / √(2 · 10⁵) = 4.5e-5; four times that.
    assert every.std().item() == pytest.approx(0.02, abs=2e-4)


@BOTH
def test_it_learns_to_tell_color_from_gray(kind):
    torch.manual_seed(0)
    network, (L, ab) = kind(4), image(32, 32, count=4)
    optimizer = torch.optim.Adam(network.parameters(), lr=5e-3)
    for _ in range(10):
        real, fake = network(L, ab), network(L, 0 * ab)
        optimizer.zero_grad()
        discriminator_loss(real, fake, "bce").backward()
        optimizer.step()
    assert accuracy(network(L, ab), network(L, 0 * ab), "bce") == 1


def groups(channels: int) -> int:
    return normalization("group", channels).num_groups


def test_each_norm_is_torchs_with_a_learned_scale():
    kinds = {"batch": nn.BatchNorm2d, "instance": nn.InstanceNorm2d, "group": nn.GroupNorm}
    for kind, expected in kinds.items():
        norm = normalization(kind, 8)
        assert type(norm) is expected
        assert norm.weight.shape == norm.bias.shape == (8,)


def test_no_norm_changes_nothing():
    x = torch.randn(1, 4, 1, 1)
    assert normalization("none", 4)(x) is x


def test_groups_are_wu_and_hes_32_where_each_has_two_channels():
    assert [groups(channels) for channels in (64, 128, 512)] == [32, 32, 32]
    assert [groups(channels) for channels in (1, 2, 3, 6, 12, 32)] == [1, 1, 1, 1, 2, 16]


@pytest.mark.parametrize("channels", [2, 3, 6, 12, 32, 64])
def test_a_group_norm_takes_maps_of_one_pixel(channels):
    assert normalization("group", channels)(torch.randn(1, channels, 1, 1)).abs().sum() > 0


def test_an_instance_norm_trains_on_more_than_one_pixel_only():
    norm = normalization("instance", 4)
    norm(torch.randn(1, 4, 2, 1))
    with pytest.raises(ValueError, match="Expected more than 1 spatial element"):
        norm(torch.randn(1, 4, 1, 1))


def test_only_the_leaky_one_passes_a_fifth_of_what_is_negative():
    x = torch.tensor([-1.0, 0.0, 2.0])
    torch.testing.assert_close(activation("relu")(x.clone()), torch.tensor([0.0, 0.0, 2.0]))
    torch.testing.assert_close(activation("leaky-relu")(x.clone()), torch.tensor([-0.2, 0.0, 2.0]))


@pytest.mark.parametrize(
    ("layer", "mean"),
    [
        (nn.Conv2d(50, 50, 3), 0),
        (nn.ConvTranspose2d(50, 50, 3), 0),
        (nn.Linear(150, 150), 0),
        (nn.BatchNorm2d(20_000), 1),
        (nn.InstanceNorm2d(20_000, affine=True), 1),
        (nn.GroupNorm(1, 20_000), 1),
    ],
)
def test_weights_are_drawn_around_0_and_those_of_norms_around_1(layer, mean):
    torch.manual_seed(0)
    nn.init.ones_(layer.bias)
    init_normal(nn.Sequential(nn.Identity(), layer), std=0.02)
    # n ≥ 20 000 draws: the mean strays by 0.02 / √n < 1.5e-4, the deviation by 0.02 / √2n = 1e-4;
    # five times that.
    assert layer.weight.mean().item() == pytest.approx(mean, abs=7e-4)
    assert layer.weight.std().item() == pytest.approx(0.02, abs=5e-4)
    assert layer.bias.abs().max() == 0


def test_a_convolution_without_bias_is_drawn_too():
    layer = nn.Conv2d(3, 3, 3, bias=False)
    init_normal(layer, std=0)
    assert layer.weight.abs().max() == 0
