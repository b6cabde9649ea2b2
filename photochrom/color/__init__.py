"""Color spaces on tensors: sRGB, CIELAB, lookup tables for 8 bits, and the limits of sRGB."""

from photochrom.color.lab import (
    GRAY_REACH as GRAY_REACH,
    LAB_MEETING as LAB_MEETING,
    LAB_SLOPE as LAB_SLOPE,
    LINEAR_FROM_XYZ as LINEAR_FROM_XYZ,
    LINEAR_MAX as LINEAR_MAX,
    LUMINANCE as LUMINANCE,
    compose as compose,
    lab_from_rgb as lab_from_rgb,
    lightness_from_luminance as lightness_from_luminance,
    lightness_from_rgb as lightness_from_rgb,
    linear_from_rgb as linear_from_rgb,
    rgb_from_lab as rgb_from_lab,
    rgb_from_linear as rgb_from_linear,
)
