"""Profiles: colors come into sRGB, at 8 bits as LittleCMS does it and deeper to the last bit."""

import io
import re
import struct

import numpy as np
import pytest
import tifffile
from originals_world import encoded
from PIL import Image, ImageCms

from photochrom.image_io import decode_original
from photochrom.image_io.icc.matrix_profiles import MatrixProfile
from photochrom.image_io.icc.profiles import _sampled, srgb_profile

# Adobe RGB (1998), section 4.3.5.3: its primaries adapted to D50; its gamma is 563 / 256.
ADOBE = [(0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)]


def profile(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    """An ICC profile by hand (ICC.1:2022, section 7)."""
    tags = {b"wtpt": xyz(0.9642, 1.0, 0.8249), **tags}
    start, table, body = 132 + 12 * len(tags), b"", b""
    for name, data in tags.items():
        table += struct.pack(">4sII", name, start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    size = start + len(body)
    header = struct.pack(
        ">I4sI4s4s4s12s4s",
        size,
        b"\0\0\0\0",
        0x02400000,
        b"mntr",
        space,
        b"XYZ ",
        bytes(12),
        b"acsp",
    )
    header += bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def xyz(*values: float) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(65536 * v) for v in values))


def gamma(value: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(256 * value)) + bytes(2)


def adobe() -> bytes:
    curves = {name: gamma(563 / 256) for name in (b"rTRC", b"gTRC", b"bTRC")}
    columns = zip((b"rXYZ", b"gXYZ", b"bXYZ"), ADOBE, strict=True)
    return profile(b"RGB ", {**curves, **{name: xyz(*column) for name, column in columns}})


def gray() -> bytes:
    return profile(b"GRAY", {b"kTRC": gamma(1.8)})


def by_lcms(image: Image.Image, icc: bytes) -> np.ndarray:
    flags = ImageCms.Flags.BLACKPOINTCOMPENSATION
    intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
    made = ImageCms.profileToProfile(
        image,
        io.BytesIO(icc),
        ImageCms.createProfile("sRGB"),
        renderingIntent=intent,
        outputMode="RGB",
        flags=flags,
    )
    return np.asarray(made)


def colors() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "LA"])
def test_8_bits_are_converted_as_littlecms_does(mode):
    icc = gray() if mode.startswith("L") else adobe()
    image = Image.fromarray(colors()).convert("RGB").convert(mode)
    file = decode_original(encoded(image, "PNG", icc_profile=icc))
    stored = file.pages[0].pixels.stored(slice(0, 20))
    expected = by_lcms(image.convert(mode.removesuffix("A")), icc)
    np.testing.assert_array_equal(stored[..., :3], expected)
    assert len(file.notes) == 1
    assert file.notes[0].endswith("to sRGB")


@pytest.mark.parametrize("space", ["RGB", "L"])
def test_16_bits_are_converted_as_littlecms_does_8(space):
    icc = adobe() if space == "RGB" else gray()
    image = Image.fromarray(colors()).convert(space)
    deep = np.asarray(image).astype(np.uint16) * 257
    buffer = io.BytesIO()
    photometric = "rgb" if space == "RGB" else "minisblack"
    tifffile.imwrite(buffer, deep, photometric=photometric, iccprofile=icc)
    file = decode_original(buffer.getvalue())
    stored = file.pages[0].pixels.stored(slice(0, 20)) / 257
    # LittleCMS rounds to 8 bits, after tables of curves that are coarse near black.
    assert np.abs(stored - by_lcms(image, icc)).max() < 2
    assert np.abs(stored - by_lcms(image, icc)).mean() < 0.3
    assert "by its matrix and curves" in file.notes[0]


def test_gray_by_gamma_is_exact():
    # By hand: 0.5 ** 1.8 = 0.28717 linear; 1.055 × 0.28717^(1 / 2.4) - 0.055 = 0.57232.
    matrix = MatrixProfile.parse(profile(b"GRAY", {b"kTRC": gamma(1.80078125)}))
    linear = 0.5**1.80078125
    expected = 1.055 * linear ** (1 / 2.4) - 0.055
    np.testing.assert_allclose(matrix.to_srgb(np.full((1, 1, 3), 0.5)), expected, rtol=1e-12)


def test_srgb_itself_is_the_identity_by_matrix_and_curves():
    values = np.random.default_rng(0).random((9, 9, 3))
    # LittleCMS's white differs in the fifth digit, and sRGB rises by 12.92 from black.
    np.testing.assert_allclose(
        MatrixProfile.parse(srgb_profile()).to_srgb(values), values, atol=2e-3
    )


def test_a_sampled_profile_is_close_to_the_exact_one():
    opened = ImageCms.ImageCmsProfile(io.BytesIO(adobe()))
    values = np.random.default_rng(0).random((4, 4, 3)) * 0.8 + 0.1
    exact = MatrixProfile.parse(adobe()).to_srgb(values)
    # Half a step of 8 bits at each node, and the curve between nodes where sRGB clips.
    assert np.abs(_sampled(opened, "RGB")(values) - exact).mean() < 1 / 255


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_images_in_srgb_already_are_untouched(mode):
    image = Image.fromarray(colors()).convert(mode)
    file = decode_original(encoded(image, "PNG", icc_profile=srgb_profile()))
    np.testing.assert_array_equal(
        file.pages[0].pixels.stored(slice(0, 20)), np.asarray(image.convert("RGB"))
    )
    assert file.notes == []


def test_lab_images_are_converted():
    lab = np.zeros((4, 4, 3), np.uint8)
    lab[..., 0] = 128  # L = 50.2, without color
    image = Image.frombytes("LAB", (4, 4), lab.tobytes())
    page = decode_original(encoded(image, "TIFF")).pages[0]
    # A step of L and half a step of each channel.
    assert abs(page.lightness(slice(0, 4)).mean().item() - 50.2) < 0.4


@pytest.mark.parametrize(
    ("icc", "note"),
    [
        (b"nonsense", "cannot be applied"),
        (profile(b"CMYK", {}), "ignored|cannot be applied"),
    ],
)
def test_a_profile_that_does_not_fit_is_said_and_ignored(icc, note):
    image = Image.fromarray(colors())
    file = decode_original(encoded(image, "PNG", icc_profile=icc))
    np.testing.assert_array_equal(file.pages[0].pixels.stored(slice(0, 20)), np.asarray(image))
    assert len(file.notes) == 1

    assert re.search(note, file.notes[0])
