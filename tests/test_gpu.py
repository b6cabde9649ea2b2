"""The fast paths on a GPU give what they give on a CPU: `make test-gpu`."""

import pytest
import torch

from photochrom.color.lab import lab_from_rgb
from photochrom.losses import fused_cross_entropy
from photochrom.quantize import Gamut, SoftBins, decode_features, soft_encode

pytestmark = pytest.mark.gpu


def world(device):
    torch.manual_seed(0)
    features = torch.randn(2, 32, 70, 50)
    head, bias, weight = torch.randn(313, 32), torch.randn(313), torch.rand(313)
    target = soft_encode(torch.randn(2, 2, 70, 50) * 25, Gamut.srgb())
    moved = [x.to(device) for x in (features, head, bias)]
    return moved, SoftBins(*(x.to(device) for x in target)), weight.to(device)


def gradients(device):
    inputs, target, weight = world(device)
    inputs = [x.requires_grad_() for x in inputs]
    loss = fused_cross_entropy(*inputs, target, weight)
    return [x.cpu() for x in (loss, *torch.autograd.grad(loss, inputs))]


def test_the_fused_loss():
    for ours, theirs in zip(gradients("cuda"), gradients("cpu"), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)  # float32, other order


def test_the_fused_decoder():
    temperatures = [0.1, 0.38, 1.0]
    for ours, theirs in zip(
        *(decode_features(*world(d)[0], Gamut.srgb(), temperatures).cpu() for d in ("cuda", "cpu")),
        strict=True,
    ):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-2)  # float32, of ab up to 110


def test_the_conversion_and_the_code():
    rgb = torch.rand(2, 3, 64, 64)
    ours, theirs = lab_from_rgb(rgb.cuda()).cpu(), lab_from_rgb(rgb)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=5e-4)  # float32, each within 3e-4
    on_gpu, on_cpu = (soft_encode(theirs[:, 1:].to(d), Gamut.srgb()) for d in ("cuda", "cpu"))
    assert torch.equal(on_gpu.bins.cpu(), on_cpu.bins)
    torch.testing.assert_close(on_gpu.weights.cpu(), on_cpu.weights, rtol=0, atol=1e-6)
