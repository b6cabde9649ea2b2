"""Images as programs hold them, Pillow images, arrays and tensors: to pages and back."""

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from photochrom.config import ColorizeConfig
from photochrom.errors import ModelError
from photochrom.image_io import Page
from photochrom.image_io.depth import from_numbers, in_srgb, pixels_of
from photochrom.image_io.pixels import as_bytes
from photochrom.rendering.predict import Model, paint, predicted

ImageLike = Image.Image | np.ndarray | Tensor
_OF_A_BATCH = 4  # axes; of one image 2 or 3
_CHANNELS = (1, 2, 3, 4)
_ALPHA = (2, 4)  # channels, of which the last is alpha


def in_color(
    images: ImageLike | Sequence[ImageLike], model: Model, config: ColorizeConfig
) -> ImageLike | list[ImageLike]:
    """What `Colorizer.forward` says, by any model."""
    if isinstance(images, np.ndarray | Tensor) and images.ndim == _OF_A_BATCH:
        made = _all_in_color(list(images), model, config)
        if not made:
            raise ModelError("expected a batch of 1 image or more, got none")
        if isinstance(images, np.ndarray):
            return np.stack([np.asarray(one) for one in made])
        return torch.stack([torch.as_tensor(one) for one in made])
    if isinstance(images, ImageLike):
        return _all_in_color([images], model, config)[0]
    return _all_in_color(images, model, config)


def _all_in_color(
    images: Sequence[ImageLike], model: Model, config: ColorizeConfig
) -> list[ImageLike]:
    pages = [_page(image) for image in images]
    made: list[ImageLike] = []
    for image, page, colors in zip(images, pages, predicted(pages, model, config), strict=True):
        paint(page, colors)
        made.append(_like(image, page))
    return made


def _page(image: ImageLike) -> Page:
    if isinstance(image, Image.Image):
        image = image.copy()
        image.info.pop("exif", None)  # it would be turned
        pixels, _ = pixels_of(image, image.copy, [])
        return Page(pixels)
    numbers = _numbers(image)
    array, _ = from_numbers(numbers, alpha=numbers.shape[-1] in _ALPHA, notes=[])
    return Page(in_srgb(array, None, []))


def _numbers(image: np.ndarray | Tensor) -> np.ndarray:
    """Height, width and channels of an array or a tensor; `ValueError` if it is no image."""
    if isinstance(image, Tensor):
        numbers = image.detach().cpu().numpy()
        numbers = np.moveaxis(numbers, 0, -1) if numbers.ndim > 2 else numbers
        axes = "(C, H, W)"
    else:
        numbers, axes = image, "(H, W, C)"
    numbers = numbers[..., None] if numbers.ndim == 2 else numbers
    if numbers.ndim != 3 or numbers.shape[-1] not in _CHANNELS or 0 in numbers.shape:
        shape = (*image.shape,)
        raise ModelError(f"expected an image of shape {axes}, C of 1, 2, 3 or 4, got {shape}")
    if numbers.dtype in (np.uint8, np.uint16):
        return numbers
    if numbers.dtype.kind != "f":
        raise ModelError(f"expected an image in uint8, uint16 or floats, got {image.dtype}")
    low, high = numbers.min(), numbers.max()
    if not (low >= 0 and high <= 1):  # also of nan
        raise ModelError(f"expected floats within 0 and 1, got {low:g} to {high:g}")
    return numbers.astype(np.float32)


def _like(image: ImageLike, page: Page) -> ImageLike:
    """The page as what the image was."""
    if isinstance(image, Image.Image):
        return as_bytes(page.pixels, alpha=True)
    numbers = np.ascontiguousarray(page.pixels.stored(slice(0, page.height)))
    if isinstance(image, np.ndarray):
        return numbers.astype(image.dtype, copy=False)
    return torch.from_numpy(np.moveaxis(numbers, -1, 0).copy()).to(image)
