"""Features → ab by blocks against softmax and einsum over all logits, on one picture of 1024²."""

import torch
from torch.nn import functional as F

from benchmarks.measure import Act, against_plain, report
from photochrom.quantize import Gamut, decode_features

_SIZE, _TEMPERATURE = 1024, 0.38


def prepare(channels: int, fused: bool) -> Act:
    """One way to decode a picture of so many channels in float32, ready to be run."""
    torch.manual_seed(0)
    features = torch.randn(1, channels, _SIZE, _SIZE).to(memory_format=torch.channels_last)
    gamut = Gamut.srgb()
    weight, bias = torch.randn(len(gamut), channels), torch.randn(len(gamut))
    if fused:
        return lambda: decode_features(features, weight, bias, gamut, [_TEMPERATURE])

    def plain() -> torch.Tensor:
        logits = F.conv2d(features, weight[:, :, None, None], bias)
        p = torch.softmax(logits / _TEMPERATURE, dim=1)
        return torch.einsum("bqhw,qc->bchw", p, gamut.bins)

    return plain


def main() -> None:
    """Measure, print and write the rows."""
    name = "fused decoder against softmax + einsum, 1024²"
    rows = against_plain(name, prepare, repeats=3, time_target="<= 0.35", memory_target="<= 0.1")
    report("fused_decoder", rows)


if __name__ == "__main__":
    main()
