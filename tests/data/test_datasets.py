import itertools

import numpy as np
import pytest
import torch
from skimage.color import rgb2lab

from photochrom.color.lab import compose
from photochrom.data import CenterSquares, TrainingSquares, center_loader, collate, is_gray
from photochrom.image_io import find


def squares(photos, **changes):
    settings = {"size": 40, "crop": 32, "seed": 0} | changes
    return TrainingSquares(find([str(photos)]).images, **settings)


def test_a_pass_shows_every_image_once(photos):
    names = [squares(photos)[position].name for position in range(8, 16)]
    assert sorted(names) == sorted(path.name for path in photos.iterdir())


def test_passes_differ_in_order(photos):
    passes = [[squares(photos)[8 * turn + i].name for i in range(8)] for turn in range(3)]
    assert len(set(map(tuple, passes))) == 3


def test_what_a_position_holds_depends_on_the_seed_alone(photos):
    assert torch.equal(squares(photos)[5].rgb, squares(photos)[5].rgb)
    first, other = ([squares(photos, seed=s)[i].name for i in range(8)] for s in (0, 1))
    assert first != other


def test_crops_move_and_flip(photos):
    # One image: 8 positions a pass, the same image each time.
    (image,) = find([str(photos / "0.png")]).images
    one = TrainingSquares([image], size=40, crop=32, seed=0)
    crops = {one[position].rgb.numpy().tobytes() for position in range(12)}
    assert len(crops) > 6


def test_a_bad_image_gives_its_place_to_the_next_and_is_named(photos):
    (photos / "3.jpg").write_text("no image")
    loaded = [squares(photos)[position] for position in range(8)]
    assert all(square.rgb.shape == (3, 32, 32) for square in loaded)
    assert [name for square in loaded for name, _ in square.skipped] == ["3.jpg"]


def test_gray_images_are_left_out_of_training(photos, save_image):
    save_image("photos/9.png", np.full((40, 50, 3), 77, dtype=np.uint8))
    skipped = itertools.chain(*(squares(photos)[position].skipped for position in range(9)))
    assert list(skipped) == [("9.png", "gray")]


def test_a_data_set_without_color_ends_in_words(save_image, tmp_path):
    for name in "ab":
        save_image(f"g/{name}.png", np.full((40, 50, 3), 77, dtype=np.uint8))
    with pytest.raises(ValueError, match=r"expected color images to train on, got 2 in a row"):
        squares(tmp_path / "g")[0]


def test_a_tint_of_five_is_the_last_gray():
    # (127, 127, 127) is gray; (140, 127, 120) has b = 6.7 by scikit-image.
    tinted = np.full((2, 2, 3), (140, 127, 120), dtype=np.uint8)
    assert abs(rgb2lab(tinted)[..., 1:]).max() > 5
    assert not is_gray(tinted)
    assert is_gray(np.full((2, 2, 3), (130, 127, 125), dtype=np.uint8))


def test_the_short_cut_for_gray_leaves_no_gray_out():
    # is_gray trusts that a spread above 50 is color: every 8-bit color on a grid of 3 agrees.
    level = np.arange(0, 256, 3, dtype=np.uint8)
    cube = np.stack(np.meshgrid(level, level, level), axis=-1).reshape(1, -1, 3)
    gray = (abs(rgb2lab(cube)[..., 1:]) <= 5).all(axis=-1)
    spread = cube.max(axis=-1).astype(int) - cube.min(axis=-1)
    assert spread[gray].max() <= 50


def test_a_batch_holds_scikit_images_lab(photos):
    batch = collate([squares(photos)[position] for position in range(4)])
    rgb = torch.stack([squares(photos)[position].rgb for position in range(4)])
    expected = rgb2lab(rgb.movedim(1, -1).numpy())
    # float32: seven digits of values up to 110
    np.testing.assert_allclose(batch.L[:, 0].numpy(), expected[..., 0], atol=1e-4)
    np.testing.assert_allclose(batch.ab.movedim(1, -1).numpy(), expected[..., 1:], atol=1e-4)
    assert torch.equal(compose(batch.L, batch.ab), rgb)


def test_center_squares_are_centerd(save_image, tmp_path):
    rgb = np.zeros((20, 60, 3), dtype=np.uint8)
    rgb[:, 20:40] = 200
    save_image("c/w.png", rgb)
    square = CenterSquares(find([str(tmp_path / "c")]).images, size=20)[0]
    assert (square.rgb == 200).all()


def test_unreadable_images_of_a_batch_are_named(photos):
    (photos / "0.png").write_text("no image")
    loader = center_loader(find([str(photos)]).images, size=32, batch=8, workers=0)
    (batch,) = loader
    assert len(batch.names) == len(batch.L) == 7
    assert batch.skipped == (("0.png", "not an image"),)
