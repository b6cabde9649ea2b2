"""Features → ab by blocks against softmax and einsum over all logits.

Without a gradient on one image of 1024². With one, on 8 × 224² pixels, from the last
features to the gradients of features and head, in the arithmetic that training chooses on
this machine.
"""

import torch
from torch.nn import functional as F

from benchmarks.measure import Act, against_plain, report
from photochrom.quantize import Gamut, decode_features
from photochrom.quantize.differentiable_decode import annealed_mean_of_features
from photochrom.training import has_bf16

_SIZE, _TEMPERATURE = 1024, 0.38
_BATCH, _TRAINING_SIZE = 8, 224


def prepare(channels: int, fused: bool) -> Act:
    """One way to decode an image of so many channels in float32, ready to be run."""
    torch.manual_seed(0)
    features = torch.randn(1, channels, _SIZE, _SIZE).to(memory_format=torch.channels_last)
    gamut = Gamut.srgb()
    weight, bias = torch.randn(len(gamut), channels), torch.randn(len(gamut))
    if fused:
        return lambda: decode_features(features, weight, bias, gamut, [_TEMPERATURE])
    return lambda: _plain(features, weight, bias, gamut)


def prepare_gradient(channels: int, fused: bool) -> Act:
    """Colors of one batch and the gradients of their squares, ready to be run."""
    torch.manual_seed(0)
    shape = (_BATCH, channels, _TRAINING_SIZE, _TRAINING_SIZE)
    dtype = torch.bfloat16 if has_bf16() else torch.float32
    features = torch.randn(shape, dtype=dtype).to(memory_format=torch.channels_last)
    gamut = Gamut.srgb()
    inputs = features, torch.randn(len(gamut), channels), torch.randn(len(gamut))
    for x in inputs:
        x.requires_grad_()

    def step() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=has_bf16()):
            if fused:
                ab = annealed_mean_of_features(*inputs, gamut, _TEMPERATURE)
            else:
                ab = _plain(*inputs, gamut)
        ab.square().mean().backward()
        for x in inputs:
            x.grad = None

    return step


def _plain(
    features: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, gamut: Gamut
) -> torch.Tensor:
    logits = F.conv2d(features, weight[:, :, None, None], bias)
    with torch.autocast("cpu", enabled=False):
        p = torch.softmax(logits.float() / _TEMPERATURE, dim=1)
        return torch.einsum("bqhw,qc->bchw", p, gamut.bins)


def main() -> None:
    """Measure, print and write the rows."""
    name = "fused decoder against softmax + einsum, 1024²"
    rows = against_plain(name, prepare, repeats=3, time_target="<= 0.35", memory_target="<= 0.1")
    name = "fused decoder with gradients against autograd, 8 × 224²"
    rows += against_plain(
        name, prepare_gradient, repeats=5, time_target="<= 0.5", memory_target="<= 0.1"
    )
    report("fused_decoder", rows)


if __name__ == "__main__":
    main()
