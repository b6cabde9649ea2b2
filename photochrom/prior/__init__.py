"""Color priors of a data set: counted once, seen through any gamut, kept in HDF5."""

from photochrom.prior.build import Crew as Crew, build as build, build_prior as build_prior
from photochrom.prior.color_prior import (
    ColorPrior as ColorPrior,
    rebalancing_weights as rebalancing_weights,
)
from photochrom.prior.compare import (
    Distance as Distance,
    alike as alike,
    distance as distance,
    load_any as load_any,
    plot_difference as plot_difference,
)
from photochrom.prior.counting import count as count
from photochrom.prior.describe import describe as describe, plot_prior as plot_prior
from photochrom.prior.executors import crew_of as crew_of
from photochrom.prior.hdf5 import PriorFile as PriorFile, PriorFileError as PriorFileError
from photochrom.prior.histogram import EDGES as EDGES, AbHistogram as AbHistogram
from photochrom.prior.views import merge as merge, view as view
