"""Colorization as classification over the 313 ab bins of the sRGB gamut.

- `photochrom.quantize`: the bins, encoding and decoding.
- `photochrom.prior`: how often each bin occurs in a data set, and the rebalancing weights.
- `photochrom.losses`, `photochrom.models`: loss functions and networks.
- `photochrom.data`, `photochrom.training`: images to batches, batches to a model.
- `photochrom.metrics`, `photochrom.evaluation`, `photochrom.report`: scores, intervals and tests,
  the report page.
- `photochrom.inference`: grayscale images to color images.
- `photochrom.study`: a whole comparison of methods.
- `photochrom.serve`, `photochrom.app`, `photochrom.cli`: HTTP, the web app, the command line.
- `photochrom.color`, `photochrom.image_io`, `photochrom.storage`, `photochrom.config`,
  `photochrom.recipes`: color spaces, image files, storage, settings, training recipes.
"""

__version__ = "0.1.0"
