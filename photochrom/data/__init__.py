"""Images → batches of L and ab.

What a training batch holds is a pure function of the seed and its position in the run: neither
workers nor a stop and resume change it.
"""

from photochrom.data.batch import (
    Batch as Batch,
    Square as Square,
    collate as collate,
    is_gray as is_gray,
)
from photochrom.data.datasets import (
    CenterSquares as CenterSquares,
    TrainingSquares as TrainingSquares,
)
from photochrom.data.groups import read_sources as read_sources
from photochrom.data.loading import (
    TrainingData as TrainingData,
    center_loader as center_loader,
    training_loader as training_loader,
)
from photochrom.data.sampler import Order as Order
