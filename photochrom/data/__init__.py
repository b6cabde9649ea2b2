"""Pictures → batches of L and ab.

What a training batch holds is a pure function of the seed and its position in the run: neither
workers nor a stop and resume change it.
"""

from photochrom.data.batch import (
    Batch as Batch,
    Square as Square,
    collate as collate,
    is_grey as is_grey,
)
from photochrom.data.datasets import (
    CentreSquares as CentreSquares,
    TrainingSquares as TrainingSquares,
)
from photochrom.data.groups import read_sources as read_sources
from photochrom.data.loading import (
    TrainingData as TrainingData,
    centre_loader as centre_loader,
    training_loader as training_loader,
)
from photochrom.data.sampler import Order as Order
