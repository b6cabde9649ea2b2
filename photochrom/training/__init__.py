"""Training runs: one folder each, resumable."""

from photochrom.training.callbacks import Progress as Progress, read_log as read_log
from photochrom.training.module import (
    DivergedError as DivergedError,
    TrainingModule as TrainingModule,
)
from photochrom.training.run import fit as fit, has_bf16 as has_bf16, refuse_unfit as refuse_unfit
