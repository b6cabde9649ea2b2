"""A network's ab at an image's own size: the network's input size, prediction, upsampling."""
