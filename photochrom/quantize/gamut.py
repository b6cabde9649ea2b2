"""The set of ab bins that an sRGB color can fall in.

Zhang, Isola and Efros, "Colorful Image Colorization", ECCV 2016, section 2.2: the ab plane
is cut by a grid of step 10 and the Q = 313 bins in gamut are kept. The paper does not say
what "in gamut" means; the rule in `Gamut.srgb` gives the published bins exactly.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.spatial import ConvexHull
from torch import Tensor

from photochrom.color.lab import lab_from_rgb
from photochrom.errors import ParameterError

AB_LIMIT = 110
"""The published grid ends at ±110, just beyond the extremes of sRGB (-107.87 to 98.24)."""


@dataclass(frozen=True, eq=False)
class Gamut:
    """Q bin centers in ab, and the step of the grid that they come from."""

    bins: Float[Tensor, "Q 2"]
    step: float

    def __post_init__(self) -> None:
        if self.bins.ndim != 2 or self.bins.shape[1] != 2 or len(self.bins) == 0:
            raise ParameterError(f"a gamut's bins must be (Q, 2), got {tuple(self.bins.shape)}")
        if not self.bins.isfinite().all():
            raise ParameterError("a gamut's bins must be finite")
        if len(self.bins.unique(dim=0)) != len(self):
            raise ParameterError(
                f"a gamut's bins must be distinct, got duplicates among {len(self)}"
            )
        if not self.step > 0:
            raise ParameterError(f"a gamut's step must be positive, got {self.step:g}")

    def __len__(self) -> int:
        return len(self.bins)

    def same_as(self, other: "Gamut") -> bool:
        """Whether both have the same bins in the same order."""
        return self.bins.shape == other.bins.shape and bool((self.bins == other.bins).all())

    @staticmethod
    @cache  # one object a step, so that tables made for a gamut are found again
    def srgb(step: float = 10) -> "Gamut":
        """The bins of a grid that touch the sRGB gamut: 313 of them at step 10.

        The multiples of `step` within ±110 whose square of ±`step` meets the convex hull of
        the sRGB gamut in ab, a ascending, then b.

        >>> len(Gamut.srgb())
        313
        """
        if not 1 <= step <= AB_LIMIT:
            raise ParameterError(f"a gamut's step must be within 1 and {AB_LIMIT}, got {step:g}")
        reach = int(AB_LIMIT // step)
        axis = np.arange(-reach, reach + 1) * step
        grid = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
        # A square around a point meets the hull where the point lies in the hull widened by
        # that square, which is the hull of the vertices moved to the square's four corners.
        corners = np.array([(-step, -step), (-step, step), (step, -step), (step, step)])
        widened = ConvexHull((_srgb_hull()[:, None] + corners).reshape(-1, 2))
        normals, offsets = widened.equations[:, :2], widened.equations[:, 2]
        inside = (grid @ normals.T + offsets <= 1e-9).all(axis=1)  # 1e-9: rounding, in ab units
        with torch.inference_mode(False):  # whoever asks first: others may train with it
            return Gamut(torch.tensor(grid[inside], dtype=torch.float32), float(step))

    @staticmethod
    def kmeans(ab: Float[np.ndarray, "P 2"], counts: Int[np.ndarray, " P"], n: int) -> "Gamut":
        """`n` bins fitted to colors that occur `counts` times: the centers of k-means.

        Lloyd's algorithm from one k-means++ start (seed 0), a ascending, then b. The step is
        the side of a square as large as a bin's share of the area that the colors take.
        `ValueError` for fewer distinct colors than bins.
        """
        if len(ab) < n:
            raise ParameterError(f"expected colors for {n} bins, got {len(ab)}: fit fewer")
        from sklearn.cluster import KMeans  # takes a second to import

        fitted = KMeans(n, n_init=1, random_state=0).fit(ab, sample_weight=counts)
        centers = np.unique(fitted.cluster_centers_.astype(np.float32), axis=0)
        return Gamut(torch.from_numpy(centers), float(np.sqrt(len(ab) / n)))


@cache
def _srgb_hull() -> Float[np.ndarray, "vertices 2"]:
    """The convex hull in ab of all 8-bit sRGB colors, whose extremes lie on the cube's faces."""
    level = torch.linspace(0, 1, 256, dtype=torch.float64)
    u, v = torch.meshgrid(level, level, indexing="ij")
    faces = []
    for end in (torch.zeros_like(u), torch.ones_like(u)):
        faces += [torch.stack(face) for face in ([end, u, v], [u, end, v], [u, v, end])]
    ab = lab_from_rgb(torch.stack(faces))[:, 1:].movedim(1, -1).reshape(-1, 2).numpy()
    hull: np.ndarray = ab[ConvexHull(ab).vertices]
    return hull
