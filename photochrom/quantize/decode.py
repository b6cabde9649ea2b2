"""Distributions over bins → ab.

Zhang et al. 2016, section 2.3: the mean of a distribution is dull and its mode patchy; the
annealed mean lies between them.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from photochrom.errors import ParameterError
from photochrom.quantize.encode import SoftBins
from photochrom.quantize.gamut import Gamut


def annealed_mean(
    logits: Float[Tensor, "*batch Q H W"], gamut: Gamut, temperature: float = 0.38
) -> Float[Tensor, "*batch 2 H W"]:
    """The mean color after the distribution is sharpened by `temperature`.

    Zhang et al. 2016, equation 5: f_T(z) = exp(log z / T) / Σ_q exp(log z_q / T). The
    normalizer of the softmax cancels, so log z may be the raw logits. T = 1 gives the mean
    (smooth, desaturated) and T → 0 the mode (vivid, patchy).

    >>> gamut = Gamut(torch.tensor([[0.0, 0.0], [10.0, 0.0]]), step=10)
    >>> annealed_mean(torch.zeros(2, 1, 1), gamut).flatten().tolist()
    [5.0, 0.0]
    """
    if not temperature > 0:
        raise ParameterError(f"temperature must be positive, got {temperature:g}")
    # The maximum goes first: logits / T may overflow where the differences do not.
    z = logits - logits.amax(dim=-3, keepdim=True)
    p = torch.softmax(z / temperature, dim=-3)
    return torch.einsum("...qhw,qc->...chw", p, gamut.bins.to(p))


def mean(logits: Float[Tensor, "*batch Q H W"], gamut: Gamut) -> Float[Tensor, "*batch 2 H W"]:
    """The expected color: the annealed mean at T = 1."""
    return annealed_mean(logits, gamut, 1.0)


def mode(logits: Float[Tensor, "*batch Q H W"], gamut: Gamut) -> Float[Tensor, "*batch 2 H W"]:
    """The center of the likeliest bin; nan where the logits make no distribution, as with a nan."""
    likeliest, q = logits.max(dim=-3)
    known = likeliest.isfinite()[..., None]  # of nan and others, max is nan
    return gamut.bins.to(logits)[q].where(known, torch.nan).movedim(-1, -3)


def soft_mean(
    code: SoftBins, gamut: Gamut, temperature: float = 0.38
) -> Float[Tensor, "*batch 2 H W"]:
    """The annealed mean of K pairs: the best that a perfect classifier could give back.

    Equation 5 of Zhang et al. 2016 with z = 0 outside the pairs.
    """
    log_p = code.weights.clamp(min=torch.finfo(code.weights.dtype).tiny).log()
    p = torch.softmax(log_p / temperature, dim=-3)
    return (p.unsqueeze(-4) * gamut.bins.to(p)[code.bins].movedim(-1, -4)).sum(dim=-3)
