"""Colorizations that differ, each as plausible as the classifier holds it.

A draw is Perturb-and-MAP (Papandreou and Yuille, ICCV 2011) without pairwise terms: Gumbel
noise g is added to the sharpened logits, and the likeliest bin taken. At a pixel x,

    argmax_q (z_q(x) / T + g_q(x)),    g independent over the bins q,

follows f_T(z(x)), the distribution that the annealed mean is the mean of (Gumbel's theorem).
What makes it an image is noise that is correlated over pixels (`photochrom.sampling.noise_field`):
of two pixels with one noise and distributions p and p', the bins differ with a probability of
at most 2 d / (1 + d), where d = ½ Σ |p - p'| (the coupling of Bavarian et al., "Optimality of
correlated sampling strategies", Theory of Computing 2020). So what looks alike, and is held
for alike, becomes one color.

A bin is coarse, a choice between equals abrupt, and z is not smooth. So the argmax is softened,
as in the concrete distribution (Maddison, Mnih and Teh, ICLR 2017), to a color s. Its median
over the neighbors, s̃, stands in for the pairwise terms: what a few pixels choose against all
around them is given up. s̃ is then taken for a sight of the true color with an error of r ab
units. What is shown is the mean of what is believed after it, which is one step of mean shift
(Comaniciu and Meer, PAMI 2002):

    s = Σ_q softmax((z / T + g) / τ)_q c_q,    ab = Σ_q softmax(z / T - |c - s̃|² / 2r²)_q c_q.

So the draw chooses among what is held likely, and near that ab is as smooth as the annealed
mean; where all that is likely lies within r, it is nearly the annealed mean itself.
"""

from collections.abc import Iterator, Sequence

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from photochrom.errors import ParameterError
from photochrom.quantize import Gamut, decode_features
from photochrom.quantize.chunked_decode import HeadByBlocks
from photochrom.quantize.chunks import pixel_rows, product_dtype
from photochrom.sampling.noise_field import NoiseField, places, smoothed

_SOFTNESS = 0.3  # τ: small enough that a tie is the only mixture
_REACH = 25.0  # r
_DRAWS = 8  # for each alternative that is asked for
_JUDGED = 32  # pixels of the long side by which draws are compared


@torch.no_grad()
def alternatives(
    features: Float[Tensor, "B C h w"],
    head_weight: Float[Tensor, "Q C"],
    head_bias: Float[Tensor, " Q"],
    gamut: Gamut,
    L: Float[Tensor, "B 1 H W"],
    count: int,
    *,
    temperature: float = 1.0,
    seed: int = 0,
) -> Float[Tensor, "N B 2 h w"]:
    """`count` colorizations of each image, none of them the annealed mean at `temperature`.

    Each is a draw as the module describes it: at a single pixel the bin that its noise chooses
    follows f_T exactly. `temperature` is T: 1 is the model's own distribution; lower ones make
    more likely images that differ less: at 0.38, which plain decoding uses, hardly at all.

    So that none repeats another, 8 × `count` draws are made on a coarse grid, and those kept
    that stand for the others best: one after the other the draw that most lowers the sum, over
    all draws, of the mean ΔE_ab to the nearest kept one, the plain colorization being the first
    (greedy k-medoids; Nemhauser, Wolsey and Fisher, 1978). The choice among draws is no draw:
    the `count` of them are spread wider than as many draws would be. Where the classifier is
    certain all are nearly the plain one; of one thing with two likely colors only two differ.

    An image's result depends on its own pixels and `seed`, not on the batch. (B, Q, h, w) is never
    held. dtypes are those of `decode_features`; nan where logits make no distribution.
    `ValueError` for a count below 1 and a temperature that is not positive.
    """
    _check(count, temperature)
    plain, mean = decode_features(features, head_weight, head_bias, gamut, [temperature, 1.0])
    size = tuple(features.shape[-2:])
    phi = places(F.interpolate(L, size, mode="bilinear", antialias=True).to(plain), mean)
    made: Tensor = plain.new_empty((count, *plain.shape))
    with torch.autocast(features.device.type, enabled=False):
        head = HeadByBlocks(head_weight, head_bias, product_dtype(features))
        drawing = _Drawing(head, gamut.bins.to(head.p), temperature)
        fields = [NoiseField.draw(seed, len(gamut), head.p) for seed in _seeds(seed, count)]
        each = slice(None, None, -(-max(size) // _JUDGED))
        coarse = (..., each, each)
        for image, pixels in enumerate(features):
            x, few = pixel_rows(pixels), pixel_rows(pixels[coarse])
            draws = drawing.settled(
                few, drawing.chosen(few, pixel_rows(phi[image][coarse]), fields)
            )
            medoids = _medoids(draws, pixel_rows(plain[image][coarse]), count)
            kept = [fields[one] for one in medoids]
            chosen = drawing.chosen(x, pixel_rows(phi[image]), kept).mT.unflatten(-1, size)
            ab = drawing.settled(x, smoothed(chosen.nan_to_num()).flatten(2).mT)
            made[:, image] = ab.mT.unflatten(-1, size)
    return made


def _check(count: int, temperature: float) -> None:
    if count < 1:
        raise ParameterError(f"expected to make 1 alternative or more, got {count}")
    if not temperature > 0:
        raise ParameterError(f"temperature must be positive, got {temperature:g}")


def _seeds(seed: int, count: int) -> Sequence[int]:
    """Seeds of the draws, scattered: those of 0 are not those of 1 moved by one."""
    random = torch.Generator().manual_seed(seed)
    seeds: list[int] = torch.randint(1 << 62, (_DRAWS * count,), generator=random).tolist()
    return seeds


class _Drawing:
    """The colors of pixels as noise fields choose them, block by block."""

    def __init__(self, head: HeadByBlocks, bins: Float[Tensor, "Q 2"], temperature: float) -> None:
        self.head, self.bins, self.temperature = head, bins, temperature

    def _blocks(self, x: Float[Tensor, "P C"]) -> Iterator[tuple[slice, Float[Tensor, "p Q"]]]:
        """Where each block lies, and its logits less the largest, divided by T."""
        for place in self.head.blocks(len(x)):
            z = self.head.logits(x[place]).to(self.bins)
            yield place, (z - z.amax(dim=1, keepdim=True)).div_(self.temperature)

    def chosen(
        self, x: Float[Tensor, "P C"], phi: Float[Tensor, "P 5"], fields: Sequence[NoiseField]
    ) -> Float[Tensor, "N P 2"]:
        """s of every pixel and field."""
        s = phi.new_empty((len(fields), len(x), 2))
        for place, z in self._blocks(x):
            for which, field in enumerate(fields):
                perturbed = field.gumbel(phi[place]).add_(z).div_(_SOFTNESS)
                s[which, place] = torch.softmax(perturbed, dim=1) @ self.bins
        return s

    def settled(self, x: Float[Tensor, "P C"], s: Float[Tensor, "N P 2"]) -> Float[Tensor, "N P 2"]:
        """The mean of each pixel's distribution near each `s`."""
        ab = torch.empty_like(s)
        far = self.bins.square().sum(dim=1) / (-2 * _REACH**2)
        for place, z in self._blocks(x):
            for which, sight in enumerate(s[:, place]):
                # -|c - s|² / 2r² without |s|², which is the same for all bins
                near = torch.addmm(far, sight / _REACH**2, self.bins.T)
                ab[which, place] = torch.softmax(near.add_(z), dim=1) @ self.bins
        return ab


def _medoids(draws: Float[Tensor, "M P 2"], first: Float[Tensor, "P 2"], count: int) -> list[int]:
    """`count` of the draws, each the best that can be added to `first` and those before it."""
    draws, first = draws.nan_to_num(), first.nan_to_num()
    apart = torch.stack([(draws - one).norm(dim=2).mean(dim=1) for one in draws])
    nearest = (draws - first).norm(dim=2).mean(dim=1)
    kept: list[int] = []
    for _ in range(count):
        gain = (nearest - apart).clamp(min=0).sum(dim=1)
        gain[kept] = -1
        kept.append(int(gain.argmax()))
        nearest = torch.minimum(nearest, apart[kept[-1]])
    return kept
