"""ONNX: export a model to one file, and run such a file."""
