"""Where images come from: archives, lists and URLs, whole and damaged."""

import os
import re
import struct
import zipfile
import zlib
from pathlib import Path

import fsspec
import numpy as np
import pytest

from photochrom import storage
from photochrom.image_io import ImageError, Skipped, SourceImage, find, iterate, read_rgb


def zip_of(path, folder, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as archive:
        for image in sorted(folder.iterdir()):
            archive.write(image, f"deep/{image.name}")
    return path


def same(one: SourceImage, other: SourceImage) -> bool:
    return np.array_equal(read_rgb(one), read_rgb(other))


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_zip_holds_the_images_that_were_put_in(photos, tmp_path, method):
    inside = find([str(zip_of(tmp_path / "a.zip", photos, method))]).images
    outside = find([str(photos)]).images
    assert [p.name for p in inside] == [f"deep/{p.name}" for p in outside]
    assert all(map(same, inside, outside))


def test_a_cut_zip_is_reported(photos, tmp_path):
    path = zip_of(tmp_path / "a.zip", photos)
    path.write_bytes(path.read_bytes()[:-30])
    (skipped,) = iterate([str(path)])
    assert isinstance(skipped, Skipped)
    assert skipped.reason.startswith("not a whole zip")


def test_another_zip_method_is_reported(photos, tmp_path):
    (image, *_) = find([str(zip_of(tmp_path / "a.zip", photos, zipfile.ZIP_LZMA))]).images
    with pytest.raises(ImageError, match=r"a stored or deflated member, got zip method 14"):
        read_rgb(image)


def test_damaged_zip_members_are_reported(photos, tmp_path):
    path = zip_of(tmp_path / "a.zip", photos)
    first = find([str(path)]).images[0]
    data = bytearray(path.read_bytes())
    start = first.offset + 30 + len("deep/0.png")
    data[start : start + first.length] = os.urandom(first.length)
    path.write_bytes(data)
    with pytest.raises(ImageError, match=r"got damaged bytes|inflated bytes, got"):
        read_rgb(first)
    with pytest.raises(ImageError, match=r"expected a member of a zip, got other bytes"):
        read_rgb(first._replace(offset=first.offset + 1))


@pytest.mark.parametrize("declared", [1000, 1_900_000_000])
def test_a_zip_bomb_is_not_inflated(tmp_path, declared):
    """A member of 2 GB of zeros, one honest about it and one that declares 1,000 bytes."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = b"".join(packer.compress(bytes(1 << 24)) for _ in range(115)) + packer.flush()
    name = b"bomb.png"
    sizes = struct.pack("<III", 0, len(data), declared)
    local = b"PK\3\4" + struct.pack("<5H", 20, 0, 8, 0, 0) + sizes
    local += struct.pack("<HH", len(name), 0) + name + data
    central = b"PK\1\2" + struct.pack("<6H", 20, 20, 0, 8, 0, 0) + sizes
    central += struct.pack("<5HII", len(name), 0, 0, 0, 0, 0, 0) + name
    end = b"PK\5\6" + struct.pack("<4HIIH", 0, 0, 1, 1, len(central), len(local), 0)
    (tmp_path / "b.zip").write_bytes(local + central + end)
    (image,) = find([str(tmp_path / "b.zip")]).images
    with pytest.raises(ImageError, match=r"that inflate to 19|expected 1000 inflated bytes, got"):
        read_rgb(image)


def test_an_encrypted_member_is_reported(photos, tmp_path):
    path = zip_of(tmp_path / "a.zip", photos)
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(data)
    found = find([str(path)])
    assert (len(found.images), [s.reason for s in found.skipped]) == (7, ["encrypted"])


def test_a_list_names_sources_of_any_kind(photos, tmp_path):
    zip_of(tmp_path / "a.zip", photos)
    (tmp_path / "list.txt").write_text(
        "# a comment\nphotos/1.jpg\nnonsense://x\n\na.zip\nphotos/*.png\nnowhere\nphotos/gone.jpg\nlist.txt\n"
    )
    found = find([str(tmp_path / "list.txt")])
    names = ["photos/1.jpg", *(f"deep/{p.name}" for p in sorted(photos.iterdir()))]
    assert [p.name for p in found.images] == [
        *names,
        *("0.png", "2.png", "4.png", "6.png"),
        "photos/gone.jpg",
    ]
    assert [s.reason.split(": ")[-1] for s in found.skipped] == [
        "nonsense",
        "expected images, found no such file or folder",
        "a list in a list",
    ]
    with pytest.raises(OSError, match="No such file"):
        read_rgb(found.images[-1])


def test_sources_are_not_listed_before_the_first_is_given(monkeypatch, photos):
    walked = []
    walk = storage.walk
    monkeypatch.setattr(storage, "walk", lambda f: (walked.append(p) or p for p in walk(f)))
    entries = iterate([str(photos)])
    next(entries)
    assert len(walked) == 1


def test_a_missing_source_is_named_before_the_first_image(photos, tmp_path):
    with pytest.raises(ImageError, match=r"gone: expected images, found no such file"):
        next(iterate([str(photos), str(tmp_path / "gone")]))


@pytest.fixture
def bucket(photos, tmp_path):
    """The images in a file system that is no folder, as they are, in a zip and packed."""
    import tarfile

    from photochrom.data.hdf5_images import pack

    memory = fsspec.filesystem("memory")
    zip_of(tmp_path / "a.zip", photos)
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        tar.add(photos, "deep")
    pack(find([str(photos)]).images, 256, tmp_path / "a.h5")
    for path in (*photos.iterdir(), tmp_path / "a.zip", tmp_path / "a.tar", tmp_path / "a.h5"):
        below = "photos/" if path.parent == photos else ""
        memory.pipe(f"/bucket/{below}{path.name}", Path(path).read_bytes())
    memory.pipe("/bucket/list.txt", b"photos/0.png\nmemory://bucket/photos/1.jpg\n")
    yield "memory://bucket"
    memory.rm("/bucket", recursive=True)


@pytest.mark.parametrize("source", ["photos", "photos/*", "a.zip", "a.tar", "a.h5"])
def test_a_url_gives_what_the_folder_gives(bucket, photos, source):
    there, here = find([f"{bucket}/{source}"]).images, find([str(photos)]).images
    assert len(there) == 8
    assert all(map(same, there, here))


def test_a_list_at_a_url_names_what_lies_beside_it(bucket, photos):
    there = find([f"{bucket}/list.txt"]).images
    assert all(map(same, there, find([str(photos)]).images[:2]))


def test_a_missing_url_is_named(bucket):
    with pytest.raises(ImageError, match=r"gone: expected images, found no such file"):
        find([f"{bucket}/gone"])


def test_a_url_without_its_extra_says_what_to_install(monkeypatch):

    def missing(*_, **__):
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr("fsspec.core.url_to_fs", missing)
    with pytest.raises(OSError, match=r"s3://, found none: pip install 'photochrom\[s3\]'"):
        find(["s3://bucket/photos"])


def test_a_url_of_no_known_kind_is_named():
    with pytest.raises(OSError, match=r"nonsense://x: expected a URL that can be opened"):
        find(["nonsense://x"])


def test_a_folder_that_may_not_be_looked_into_is_reported(photos, monkeypatch):
    (photos / "0 locked").mkdir()  # before the images, in the order of names
    scandir = os.scandir

    def refusing(path):
        if os.path.basename(path) == "0 locked":
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    found = find([str(photos)])
    assert len(found.images) == 8
    (skipped,) = found.skipped
    assert (skipped.name, skipped.reason) == (str(photos / "0 locked"), "Permission denied")


def test_bad_ones_among_many_are_counted_by_reason(photos, tmp_path, run):
    """A damaged tar member, a header of 30,000 × 30,000, a foreign .h5, a name of no UTF-8."""
    import tarfile

    import h5py

    from photochrom.prior import PriorFile

    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        tar.add(photos, "deep")
    second = find([str(tmp_path / "a.tar")]).images[1]
    data = bytearray((tmp_path / "a.tar").read_bytes())
    data[second.offset : second.offset + 200] = bytes(200)
    (tmp_path / "a.tar").write_bytes(data)
    (tmp_path / "huge.ppm").write_bytes(b"P6 30000 30000 255\n")
    with h5py.File(tmp_path / "b.h5", "w") as file:
        file["x"] = 1
    named = os.path.join(os.fsencode(tmp_path), b"\xff\xfe.png")
    with open(named, "wb") as file:
        file.write((photos / "0.png").read_bytes())
    sources = [tmp_path / "a.tar", tmp_path / "huge.ppm", tmp_path / "b.h5", os.fsdecode(named)]
    code, out, lines = run("prior", "build", *sources, "-o", tmp_path / "p.h5")
    assert (code, "8 images counted" in out) == (0, True)
    assert "left out 3: " in lines[-1]
    failures = PriorFile.load(tmp_path / "p.h5").histogram.failures
    assert sorted(re.split("[,:]", reason)[0] for reason in failures) == [
        "expected at most … pixels",
        "expected photochrom pictures version 1",
        "not an image",
    ]


def test_of_a_folder_only_some_names_are_held(tmp_path, monkeypatch):
    monkeypatch.setattr("photochrom.storage.local._SORTED", 3)
    for number in range(8):
        (tmp_path / f"{number}.png").touch()
    names = [Path(p.path).name for p in find([str(tmp_path)]).images]
    assert sorted(names) == [f"{number}.png" for number in range(8)]
    assert all(names[i : i + 3] == sorted(names[i : i + 3]) for i in range(0, 8, 3))
