"""Colorization of photographs as classification, and its comparison with regression.

A way through the package, from the mathematics to the command line:

- `photochrom.quantize`: the 313 ab bins, encoding of colours over them, decoding back.
- `photochrom.prior`: how frequent each colour is in a data set, and the rebalancing weights.
- `photochrom.losses`, `photochrom.models`: what is minimised, and the networks.
- `photochrom.data`, `photochrom.training`: pictures into batches, batches into a model.
- `photochrom.metrics`, `photochrom.evaluate`, `photochrom.report`: scores with intervals, and
  their page; `photochrom.predictions`: pictures that other programs colorized.
- `photochrom.colorize`: grey pictures in, colour pictures out.
- `photochrom.study`, `photochrom.studies`: all of it in a row; `photochrom.cli`: all of it from
  a terminal.
- `photochrom.color`, `photochrom.images`, `photochrom.files`, `photochrom.config`,
  `photochrom.plots`, `photochrom.console`: what the others stand on.
"""

__version__ = "0.1.0"
