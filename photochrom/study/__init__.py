"""The comparison: prior → train each method with each seed → evaluate → report, resumable."""

from photochrom.study.conduct import study as study
from photochrom.study.dry_run import Cost as Cost, Forecast as Forecast, forecast as forecast
from photochrom.study.given import Pictures as Pictures, Reporter as Reporter, hold_out as hold_out
from photochrom.study.reported import (
    curve as curve,
    provenance as provenance,
    report_on as report_on,
)
from photochrom.study.runs import Run as Run, runs_of as runs_of
