"""Encoders that a U-Net can be built on, and their pretrained weights."""
