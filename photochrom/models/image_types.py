"""Pictures as programs hold them, Pillow images, arrays and tensors: to pages and back."""

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from photochrom.config import ColorizeConfig
from photochrom.image_io import Page
from photochrom.image_io.depth import from_numbers, in_srgb, pixels_of
from photochrom.image_io.pixels import as_bytes
from photochrom.rendering.predict import Model, paint, predicted

Picture = Image.Image | np.ndarray | Tensor
_OF_A_BATCH = 4  # axes; of one picture 2 or 3
_CHANNELS = (1, 2, 3, 4)
_ALPHA = (2, 4)  # channels, of which the last is alpha


def in_color(
    pictures: Picture | Sequence[Picture], model: Model, config: ColorizeConfig
) -> Picture | list[Picture]:
    """What `Colorizer.forward` says, by any model."""
    if isinstance(pictures, np.ndarray | Tensor) and pictures.ndim == _OF_A_BATCH:
        made = _all_in_color(list(pictures), model, config)
        if not made:
            raise ValueError("expected a batch of 1 picture or more, got none")
        if isinstance(pictures, np.ndarray):
            return np.stack([np.asarray(one) for one in made])
        return torch.stack([torch.as_tensor(one) for one in made])
    if isinstance(pictures, Picture):
        return _all_in_color([pictures], model, config)[0]
    return _all_in_color(pictures, model, config)


def _all_in_color(
    pictures: Sequence[Picture], model: Model, config: ColorizeConfig
) -> list[Picture]:
    pages = [_page(picture) for picture in pictures]
    made: list[Picture] = []
    for picture, page, colors in zip(pictures, pages, predicted(pages, model, config), strict=True):
        paint(page, colors)
        made.append(_like(picture, page))
    return made


def _page(picture: Picture) -> Page:
    if isinstance(picture, Image.Image):
        image = picture.copy()
        image.info.pop("exif", None)  # it would be turned
        pixels, _ = pixels_of(image, image.copy, [])
        return Page(pixels)
    numbers = _numbers(picture)
    array, _ = from_numbers(numbers, alpha=numbers.shape[-1] in _ALPHA, notes=[])
    return Page(in_srgb(array, None, []))


def _numbers(picture: np.ndarray | Tensor) -> np.ndarray:
    """Height, width and channels of an array or a tensor; `ValueError` if it is no picture."""
    if isinstance(picture, Tensor):
        numbers = picture.detach().cpu().numpy()
        numbers = np.moveaxis(numbers, 0, -1) if numbers.ndim > 2 else numbers
        axes = "(C, H, W)"
    else:
        numbers, axes = picture, "(H, W, C)"
    numbers = numbers[..., None] if numbers.ndim == 2 else numbers
    if numbers.ndim != 3 or numbers.shape[-1] not in _CHANNELS or 0 in numbers.shape:
        shape = (*picture.shape,)
        raise ValueError(f"expected a picture of shape {axes}, C of 1, 2, 3 or 4, got {shape}")
    if numbers.dtype in (np.uint8, np.uint16):
        return numbers
    if numbers.dtype.kind != "f":
        raise ValueError(f"expected a picture in uint8, uint16 or floats, got {picture.dtype}")
    low, high = numbers.min(), numbers.max()
    if not (low >= 0 and high <= 1):  # also of nan
        raise ValueError(f"expected floats within 0 and 1, got {low:g} to {high:g}")
    return numbers.astype(np.float32)


def _like(picture: Picture, page: Page) -> Picture:
    """The page as what the picture was."""
    if isinstance(picture, Image.Image):
        return as_bytes(page.pixels, alpha=True)
    numbers = np.ascontiguousarray(page.pixels.stored(slice(0, page.height)))
    if isinstance(picture, np.ndarray):
        return numbers.astype(picture.dtype, copy=False)
    return torch.from_numpy(np.moveaxis(numbers, -1, 0).copy()).to(picture)
