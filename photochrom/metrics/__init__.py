"""How well predicted colours agree with the true ones: pure functions, and counts that add up."""

from photochrom.metrics.definitions import METRICS as METRICS, Metric as Metric
from photochrom.metrics.scores import (
    AucCounts as AucCounts,
    Scores as Scores,
    auc_per_picture as auc_per_picture,
    colorfulness as colorfulness,
    psnr as psnr,
    ssim as ssim,
)
