import copy
import os

import pytest
import torch
from torch.nn import functional as F

from photochrom.losses import fused_cross_entropy, rebalanced_cross_entropy
from photochrom.quantize import Gamut, SoftBins, soft_encode

ROUNDING = dict(rtol=2e-5, atol=1e-7)  # float32: sums of thousands of products, in another order


def world(shape, *, bins=313, k=5, dtype=torch.float32, seed=0):
    """Features, head, target and weights of a random case; shape is B, C, H, W."""
    torch.manual_seed(seed)
    batch, channels, height, width = shape
    features = torch.randn(shape, dtype=dtype, requires_grad=True)
    head = torch.randn(bins, channels, dtype=dtype, requires_grad=True)
    bias = torch.randn(bins, dtype=dtype, requires_grad=True)
    spread = torch.rand(batch, bins, height, width).topk(k, dim=1)
    shares = torch.rand(batch, k, height, width, dtype=dtype)
    target = SoftBins(spread.indices, shares / shares.sum(dim=1, keepdim=True))
    return features, head, bias, target, torch.rand(bins, dtype=dtype)


def plain(features, head, bias, target, weight):
    logits = F.conv2d(features, head[:, :, None, None], bias)
    exact = logits.float() if logits.dtype == torch.bfloat16 else logits
    return rebalanced_cross_entropy(exact, target, weight)


def results(loss, features, head, bias, *others):
    value = loss(features, head, bias, *others)
    return [value, *torch.autograd.grad(value, (features, head, bias))]


SHAPES = [(2, 8, 5, 7), (1, 3, 1, 1), (3, 32, 48, 64), (1, 16, 71, 61)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("bins", [313, 7, 1])
def test_loss_and_gradients_are_those_of_the_definition(shape, bins):
    *case, weight = world(shape, bins=bins, k=min(5, bins))
    for w in (weight, None):
        for ours, theirs in zip(
            results(fused_cross_entropy, *case, w), results(plain, *case, w), strict=True
        ):
            torch.testing.assert_close(ours, theirs, **ROUNDING)


def test_gradients_are_those_of_finite_differences():
    features, head, bias, target, weight = world((2, 3, 4, 5), bins=11, k=3, dtype=torch.float64)

    def loss(*inputs):
        return fused_cross_entropy(*inputs, target, weight)

    assert torch.autograd.gradcheck(loss, (features, head, bias))


def test_hard_targets_are_pairs_of_one():
    features, head, bias, target, _ = world((2, 8, 6, 6), k=1)
    ours = fused_cross_entropy(features, head, bias, target)
    logits = F.conv2d(features, head[:, :, None, None], bias)
    torch.testing.assert_close(ours, F.cross_entropy(logits, target.bins[:, 0]), **ROUNDING)


def layouts(features):
    yield features.contiguous(memory_format=torch.channels_last)
    yield F.pad(features, (0, 3, 0, 2))[..., : features.shape[2], : features.shape[3]]
    yield F.pad(features.contiguous(memory_format=torch.channels_last), (1, 2))[..., 1:-2]
    yield features.mT.contiguous().mT
    yield features[:, :1].expand_as(features)


def test_any_layout_in_memory_will_do():
    features, *others = world((2, 8, 20, 30))
    for layout in layouts(features.detach()):
        ours = results(fused_cross_entropy, layout.requires_grad_(), *others)
        expected = results(plain, layout.clone().contiguous(), *others)
        for one, other in zip(ours, expected, strict=True):
            torch.testing.assert_close(one, other, **ROUNDING)


def test_pixels_without_weight_have_no_gradient():
    features, head, bias, target, weight = world((1, 8, 9, 9))
    weight = weight * (torch.arange(313) % 2)
    _, by_features, _, _ = results(fused_cross_entropy, features, head, bias, target, weight)
    masked = weight[target.bins[:, 0]] == 0
    assert masked.any()
    assert not by_features.movedim(1, -1)[masked].any()
    assert by_features.movedim(1, -1)[~masked].any(dim=-1).all()


def test_all_weights_zero_is_a_loss_of_zero():
    *case, weight = world((1, 4, 5, 5))
    assert [x.abs().max() for x in results(fused_cross_entropy, *case, 0 * weight)] == [0] * 4


def test_all_share_on_one_bin():
    features, head, bias, target, weight = world((1, 8, 9, 9))
    alone = SoftBins(
        target.bins, torch.zeros_like(target.weights).index_fill(1, torch.tensor(2), 1)
    )
    case = (features, head, bias, alone, weight)
    for ours, theirs in zip(
        results(fused_cross_entropy, *case), results(plain, *case), strict=True
    ):
        torch.testing.assert_close(ours, theirs, **ROUNDING)


@pytest.mark.parametrize("size", [1e3, 1e6])
def test_huge_logits_neither_overflow_nor_lose_the_loss(size):
    features, head, bias, target, weight = world((1, 8, 9, 9))
    with torch.no_grad():
        head *= size
    case = (features, head, bias, target, weight)
    ours, theirs = results(fused_cross_entropy, *case), results(plain, *case)
    assert theirs[0] > size / 10  # most probabilities are 0 in float32
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=size * 1e-6)


def of_encoded_colors(dtype):
    """What training sees: the code of colors, features and head of moderate size."""
    torch.manual_seed(1)
    target = soft_encode(torch.randn(2, 2, 64, 64) * 25, Gamut.srgb())
    features = F.relu(torch.randn(2, 32, 64, 64)).to(memory_format=torch.channels_last)
    head, bias, weight = torch.randn(313, 32) * 0.3, torch.randn(313) * 0.3, torch.rand(313) * 3
    leaves = [x.to(dtype).requires_grad_() for x in (features, head, bias)]
    target = SoftBins(target.bins, target.weights.to(leaves[0]))
    return *leaves, target, weight.to(dtype)


def test_autocast_loses_no_more_than_plain_autocast_does():
    exact = results(plain, *of_encoded_colors(torch.float64))
    case = of_encoded_colors(torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        ours, theirs = results(fused_cross_entropy, *case), results(plain, *case)
    for name, one, other, true in zip(
        ("loss", "features", "head", "bias"), ours, theirs, exact, strict=True
    ):
        error, plain_error = ((x.double() - true).norm() / true.norm() for x in (one, other))
        # A tenth: both round the same logits once and each gradient once, but in another order.
        assert error <= 1.1 * plain_error + 1e-5, name


def test_gradients_add_up_over_parts_of_a_batch():
    features, head, bias, target, weight = world((4, 8, 10, 10))
    whole = results(fused_cross_entropy, features, head, bias, target, weight)[2]
    for part in range(4):
        one = slice(part, part + 1)
        loss = fused_cross_entropy(
            features[one], head, bias, SoftBins(target.bins[one], target.weights[one]), weight
        )
        (loss / 4).backward()
    torch.testing.assert_close(head.grad, whole, **ROUNDING)


def test_a_graph_that_is_kept_gives_the_same_gradients_again():
    features, head, bias, target, weight = world((2, 8, 10, 10))
    loss = fused_cross_entropy(features, head, bias, target, weight)
    first = torch.autograd.grad(loss, (features, head, bias), retain_graph=True)
    twice = torch.autograd.grad(2 * loss, (features, head, bias), retain_graph=True)
    again = torch.autograd.grad(loss, (features, head, bias))
    assert all(torch.equal(2 * one, other) for one, other in zip(first, twice, strict=True))
    assert all(torch.equal(one, other) for one, other in zip(first, again, strict=True))


def test_without_gradients_the_loss_is_the_same():
    case = world((2, 8, 20, 20))
    with torch.no_grad():
        assert fused_cross_entropy(*case) == fused_cross_entropy(*case).detach()


def test_compiled_code_leaves_it_out_and_agrees():
    *case, weight = world((2, 8, 6, 6))
    compiled = torch.compile(
        lambda f, w, b: fused_cross_entropy(2 * f, w, b, case[3], weight), backend="aot_eager"
    )
    expected = fused_cross_entropy(2 * case[0], *case[1:], weight)
    torch.testing.assert_close(compiled(*case[:3]), expected)


def test_no_pixels_are_refused():
    features, head, bias, target, _ = world((1, 4, 3, 3))
    none = SoftBins(target.bins[:0], target.weights[:0])
    with pytest.raises(ValueError, match=r"expected a target for each pixel of a batch of one"):
        fused_cross_entropy(features[:0], head, bias, none)


def test_a_target_of_another_size_is_refused():
    features, head, bias, target, _ = world((1, 4, 3, 3))
    with pytest.raises(ValueError, match=r"got \(1, 3, 3\) targets for \(1, 3, 2\) pixels"):
        fused_cross_entropy(features[..., :2], head, bias, target)


def test_two_processes_average_their_gradients(tmp_path):
    torch.multiprocessing.spawn(_in_a_group, (2, tmp_path), nprocs=2)
    features, head, bias, target, weight = world((2, 8, 6, 6))
    whole = results(plain, features, head, bias, target, weight)
    for rank in range(2):
        gradient = torch.load(tmp_path / f"{rank}.pt", weights_only=True)
        torch.testing.assert_close(gradient, whole[2], **ROUNDING)


def _in_a_group(rank, size, folder):
    """One of `size` processes: from its share of the batch, the gradient that all agree on."""
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{folder}/store", rank=rank, world_size=size
    )
    features, head, bias, target, weight = world((2, 8, 6, 6))
    layer = torch.nn.Conv2d(8, 313, 1)
    with torch.no_grad():
        layer.weight.copy_(head[:, :, None, None])
        layer.bias.copy_(bias)

    class Loss(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = copy.deepcopy(layer)

        def forward(self, features, target):
            weights = self.layer.weight.flatten(1), self.layer.bias
            return fused_cross_entropy(features, *weights, target, weight)

    shared = torch.nn.parallel.DistributedDataParallel(Loss())
    one = slice(rank, rank + 1)
    shared(features[one], SoftBins(target.bins[one], target.weights[one])).backward()
    torch.save(shared.module.layer.weight.grad.flatten(1), folder / f"{rank}.pt")
    # Without destructors: gloo's thread may want the GIL to drop the last gradient while DDP's,
    # which holds it, waits for that thread, and neither goes on.
    os._exit(0)
