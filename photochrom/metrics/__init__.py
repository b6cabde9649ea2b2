"""How well predicted colors agree with the true ones: pure functions, and counts that add up."""

from photochrom.metrics.accumulator import Gathered as Gathered
from photochrom.metrics.aggregate import (
    FEW_IMAGES as FEW_IMAGES,
    Contributions as Contributions,
    chroma_shares as chroma_shares,
    contributions as contributions,
    hue_shares as hue_shares,
    main_contributions as main_contributions,
    pooled_scores as pooled_scores,
)
from photochrom.metrics.auc import (
    THRESHOLDS as THRESHOLDS,
    AucCounts as AucCounts,
    auc_levels as auc_levels,
)
from photochrom.metrics.auc_variants import (
    AUC_READINGS as AUC_READINGS,
    Reading as Reading,
    readings as readings,
)
from photochrom.metrics.color_difference import (
    BLUE as BLUE,
    GREEN as GREEN,
    SECTORS as SECTORS,
    ciede2000 as ciede2000,
    ciede2000_same_L as ciede2000_same_L,
    delta_e as delta_e,
)
from photochrom.metrics.frechet import (
    Moments as Moments,
    frechet_distance as frechet_distance,
    lite0_features as lite0_features,
)
from photochrom.metrics.image_quality import (
    colorfulness as colorfulness,
    colorfulness_absolute as colorfulness_absolute,
    psnr as psnr,
    ssim as ssim,
)
from photochrom.metrics.likelihood import Likelihood as Likelihood, likelihood as likelihood
from photochrom.metrics.per_image import Tally as Tally, Truth as Truth
from photochrom.metrics.reference import Reference as Reference
from photochrom.metrics.registry import (
    METRICS as METRICS,
    ONE_COLOR as ONE_COLOR,
    Metric as Metric,
)
