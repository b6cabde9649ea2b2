"""Training runs: one folder each, resumable."""

from photochrom.training.budget import Progress as Progress
from photochrom.training.fit import fit as fit, refuse_unfit as refuse_unfit
from photochrom.training.lightning_module import (
    DivergedError as DivergedError,
    TrainingModule as TrainingModule,
)
from photochrom.training.loggers import read_log as read_log
from photochrom.training.trainer import has_bf16 as has_bf16, rank as rank
