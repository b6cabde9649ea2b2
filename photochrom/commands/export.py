"""The command that writes a model as one ONNX file."""

from typing import Annotated

from tyro.conf import Positional, arg

from photochrom.commands import terminal
from photochrom.commands.prior import Output

Model = Positional[
    Annotated[str, arg(metavar="MODEL", help="A run folder, one of photochrom models, or a URL.")]
]


@terminal.later
def export(
    model: Model,
    *,
    output: Output,
    temperature: float | None = None,
    int8: bool = False,
    overwrite: bool = False,
) -> None:
    """Write a model as one ONNX file, from L in 0-100 to ab, for programs without torch.

    photochrom colorize --model takes the file, too. Needs pip install 'photochrom[onnx]'.

    Example: photochrom export photochrom -o model.onnx

    Args:
        output: The .onnx file to write.
        temperature: Of the annealed mean, for good; by default the model's own.
        int8: Write the weights of large convolutions in 8 bits: a third of the size, and colors
            that differ a little.
        overwrite: Replace the output if it exists.
    """
    from photochrom.models.onnx import export
    from photochrom.storage import atomic

    atomic.refuse_existing(output, overwrite=overwrite)
    export.export(model, output, temperature=temperature, int8=int8)
    print(f"{output}: {output.stat().st_size / 1e6:,.1f} MB")
