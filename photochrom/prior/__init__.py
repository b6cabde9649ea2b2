"""Colour priors of a data set: counted once, seen through any gamut, kept in HDF5."""

from photochrom.prior.build import build as build, build_prior as build_prior, count as count
from photochrom.prior.histogram import AbHistogram as AbHistogram
from photochrom.prior.prior import (
    ColorPrior as ColorPrior,
    rebalancing_weights as rebalancing_weights,
)
from photochrom.prior.show import describe as describe, plot_prior as plot_prior
from photochrom.prior.store import PriorFile as PriorFile, PriorFileError as PriorFileError
