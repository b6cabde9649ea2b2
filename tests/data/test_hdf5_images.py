import os

import h5py
import numpy as np
import pytest
from skimage.io import imread

from photochrom.data import hdf5_images as packing
from photochrom.data.hdf5_images import pack
from photochrom.image_io import ImageError, find, read_rgb
from photochrom.training import fit


@pytest.fixture
def packed(photos, tmp_path):
    pack(find([str(photos)]).images, 32, tmp_path / "p.h5")
    return tmp_path / "p.h5"


def test_images_come_out_as_they_were_read(photos, packed):
    ours, theirs = find([str(packed)]).images, find([str(photos)]).images
    assert [image.name for image in ours] == [image.name for image in theirs]
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(read_rgb(mine), read_rgb(other, 32))
        np.testing.assert_array_equal(
            read_rgb(mine, 32, fit="scale"), read_rgb(other, 32, fit="scale")
        )
        assert min(read_rgb(mine, 20).shape[:2]) == 20


def test_plain_h5py_reads_the_file(packed):
    with h5py.File(packed) as file:
        assert dict(file.attrs)["format"] == "photochrom pictures"
        assert list(file["key"].asstr())[:2] == ["0.png", "1.jpg"]
        assert list(file["source"].asstr())[:2] == ["0.png", "1.jpg"]
        assert file["pictures/0"].dtype == np.uint8
        assert file["pictures/7"].chunks is None  # in one piece


def test_training_from_packed_images_is_training_from_files(photos, packed, tmp_path):
    from photochrom.config import TrainConfig

    config = TrainConfig(
        steps=3, width=2, crop=24, size=32, batch_size=2, workers=0, precision="32", rebalance=False
    )
    for name, source in (("a", photos), ("b", packed)):
        fit(find([str(source)]).images, None, config, tmp_path / name)
    weights = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("a", "b")]
    assert weights[0] == weights[1]


@pytest.mark.slow
def test_every_command_takes_packed_images(run, packed, model, tmp_path):
    tiny = ["--width", 2, "--crop", 32, "--size", 32, "--batch-size", 2, "--workers", 1]
    assert run("prior", "build", packed, "-o", tmp_path / "prior.h5")[0] == 0
    study = ("study", packed, "-o", tmp_path / "study", "--steps", 2, "--evaluation-size", 32)
    assert run(*study, *tiny)[0] == 0
    assert run("evaluate", model, "--images", packed, "-o", tmp_path / "e", "--size", 32)[0] == 0
    assert run("colorize", packed, "--model", model, "-o", tmp_path / "out")[0] == 0
    assert min(imread(tmp_path / "out/0.png").shape[:2]) == 32


def test_unreadable_images_are_left_out_and_reported(run, photos, tmp_path):
    (photos / "bad.jpg").write_text("no image")
    code, out, lines = run("pack", photos, "-o", tmp_path / "p.h5", "--size", 32)
    assert (code, "8 images" in out) == (0, True)
    assert "left out 1: 1 × not an image (first: bad.jpg)" in lines[-1]


def test_without_a_readable_image_nothing_is_written(run, tmp_path):
    (tmp_path / "bad.jpg").write_text("no image")
    code, _, lines = run("pack", tmp_path / "bad.jpg", "-o", tmp_path / "p.h5")
    assert (code, len(lines)) == (2, 1)
    assert "expected images that can be read_rgb, got none of 1" in lines[0]
    assert [path.name for path in tmp_path.iterdir()] == ["bad.jpg"]


def test_what_was_done_is_not_done_again(photos, tmp_path, monkeypatch):
    monkeypatch.setattr(packing, "_PART_SECONDS", 0.0)  # a part for every image
    images = find([str(photos)]).images

    def stop(items, _):
        for count, item in enumerate(items):
            if count == 5:
                raise KeyboardInterrupt
            yield item

    with pytest.raises(KeyboardInterrupt):
        pack(images, 32, tmp_path / "p.h5", track=stop)
    assert not (tmp_path / "p.h5").exists()
    calls = []
    monkeypatch.setattr(
        packing, "read_rgb", lambda p, size: calls.append(p.name) or read_rgb(p, size)
    )
    pack(images, 32, tmp_path / "p.h5")
    assert calls == [image.name for image in images[5:]]
    assert len(find([str(tmp_path / "p.h5")]).images) == 8
    assert [path.name for path in tmp_path.iterdir() if "p.h5" in path.name] == ["p.h5"]


def test_another_size_does_not_continue_it(photos, tmp_path):
    (tmp_path / "p.h5.parts").mkdir()
    images = find([str(photos)]).images
    (tmp_path / "p.h5.parts/pack.json").write_text('{"size": 64, "pictures": "x"}')
    with pytest.raises(ValueError, match=r"p.h5.parts: expected the images and the size that"):
        pack(images, 32, tmp_path / "p.h5")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.999])
def test_a_cut_file_is_refused(share, packed, run, tmp_path):
    whole = packed.read_bytes()
    packed.write_bytes(whole[: int(share * len(whole))])
    code, _, lines = run("prior", "build", packed, "-o", tmp_path / "prior.h5")
    assert (code, len(lines)) == (2, 1)
    assert "not a whole file of photochrom pack" in lines[0]
    assert "pack it again" in lines[0]
    assert run("pack", packed.parent / "photos", "-o", packed, "--overwrite")[0] == 0
    assert len(find([str(packed)]).images) == 8


def test_another_hdf5_file_is_refused(run, tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = 1
    code, _, lines = run("prior", "build", tmp_path / "other.h5", "-o", tmp_path / "prior.h5")
    assert code == 2
    assert "expected photochrom pictures version 1, got None None" in lines[0]


def broken(file, what):
    del file["pictures/2"]
    if what == "shape":
        file["pictures/2"] = np.zeros((4, 4), dtype=np.uint8)
    if what == "type":
        file["pictures/2"] = np.zeros((4, 4, 3))
    if what == "elsewhere":
        segment = [(os.fspath("/etc/hostname"), 0, h5py.h5f.UNLIMITED)]
        file["pictures"].create_dataset("2", shape=(1, 1, 3), dtype="u1", external=segment)
    if what == "link":
        file["pictures/2"] = h5py.ExternalLink("elsewhere.h5", "x")
    if what == "huge":
        file["pictures"].create_dataset("2", shape=(10**5, 10**5, 3), dtype="u1", chunks=True)


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("shape", "expected bytes of H × W × 3, got uint8 of"),
        ("type", "expected bytes of H × W × 3, got float64 of"),
        ("elsewhere", "got a reference to another file"),
        ("link", "expected pictures/2 in the file, got a reference to another place"),
        ("huge", "expected at most 200000000 pixels"),
    ],
)
def test_a_damaged_image_among_good_ones_is_left_out(what, said, packed):
    with h5py.File(packed, "a") as file:
        broken(file, what)
    images = find([str(packed)]).images
    with pytest.raises(ImageError, match=said):
        read_rgb(images[2])
    assert read_rgb(images[3]).shape[2] == 3
