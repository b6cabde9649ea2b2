"""Run every benchmark, each in a process of its own."""

import subprocess
import sys

NAMES = (
    *("training_step", "fused_loss", "fused_decoder", "encoding", "color", "training_data"),
    *("prior", "gray_guard", "evaluation", "upsampling", "originals", "onnx", "app", "serving"),
    *("human_study", "coverage"),
)

if __name__ == "__main__":
    for name in NAMES:
        subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=True)
