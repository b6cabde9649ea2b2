"""The colors that one point may have, on the ab plane, as SVG: one text, there at once."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from photochrom.color.gamut_mapping import rgb_within_gamut
from photochrom.quantize import Gamut

_LEAST = 1e-3  # of the likeliest bin's probability; what is below could not be seen


def plane(p: Float[Tensor, " Q"], gamut: Gamut, lightness: float) -> str:
    """Every bin as an outline, and filled in its own color at that L: its area is p.

    The likeliest bin fills its square; a is to the right and b upwards.
    """
    bins, step = gamut.bins.double().numpy(), gamut.step
    reach = float(np.abs(bins).max() + step)
    lab = torch.cat([torch.full((len(bins), 1), lightness), gamut.bins], dim=1)
    colors = rgb_within_gamut(lab.mT[..., None])[..., 0].mT.mul(255).round().int().tolist()
    share = (p / p.max()).double().numpy()
    squares = [_square(a, b, step, 'class="bin"') for a, b in bins]
    squares += [
        _square(a, b, step * float(np.sqrt(share[q])), f'fill="rgb{(*colors[q],)}"')
        for q, (a, b) in enumerate(bins)
        if share[q] >= _LEAST
    ]
    box = f"{-reach:g} {-reach:g} {2 * reach:g} {2 * reach:g}"
    style = (
        ".bin{fill:none;stroke:#8884;stroke-width:.6}.axis{stroke:#888;stroke-width:.8}"
        "text{font:10px sans-serif;fill:#888}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" role="img" '
        'aria-label="Distribution of the color at the point on the ab plane">'
        f"<style>{style}</style>{''.join(squares)}"
        f'<path class="axis" d="M{-reach:g} 0H{reach:g}M0 {-reach:g}V{reach:g}"/>'
        f'<text x="{reach - 8:g}" y="-3">a</text><text x="4" y="{10 - reach:g}">b</text></svg>'
    )


def _square(a: float, b: float, side: float, how: str) -> str:
    x, y = a - side / 2, -b - side / 2
    return f'<rect x="{x:.4g}" y="{y:.4g}" width="{side:.4g}" height="{side:.4g}" {how}/>'
