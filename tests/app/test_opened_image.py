"""The app without its pages: opened images, looks, choices, downloads, zips."""

import io

import numpy as np
import pytest
import torch
from app_world import (
    drawn,
    encoded,
    opened,
    photo as photo,
    regression as regression,
    shipped as shipped,
)
from PIL import Image

from photochrom.app.components.ab_plane import plane
from photochrom.app.display import Display
from photochrom.app.session import Look, Point, Seen
from photochrom.color.lab import lab_from_rgb
from photochrom.config import ColorizeConfig
from photochrom.image_io import of_rgb
from photochrom.models import Colorizer
from photochrom.rendering.predict import enlarged, paint

# The display


@pytest.mark.parametrize("name", ["palace", "dahlia", "grace_hopper"])
def test_the_display_shows_what_painting_paints(name, samples, shipped):
    page = of_rgb(np.array(Image.open(samples / f"{name}.jpg").convert("RGB"))).pages[0]
    seen = Seen.by(shipped, page.scaled_lightness(shipped.size))
    ab = seen.ab(Look())
    made = np.asarray(Display(page).colored(ab, seen.L, shipped.stride)).astype(int)
    with torch.inference_mode():
        colors = enlarged(ab, seen.L, shipped.stride, page, ColorizeConfig())
        paint(page, colors)
    off = np.abs(made - np.asarray(page.pixels.image).astype(int))
    assert off.max() == 0


def test_a_display_is_at_most_1200_pixels_long():
    display = Display(of_rgb(np.zeros((40, 2400, 3), np.uint8)).pages[0])
    assert display.size == (1200, 20)
    assert Image.open(io.BytesIO(display.by_lightness)).size == (1200, 20)


def test_by_lightness_has_no_color(photo):
    display = opened(photo).display
    rgb = torch.from_numpy(np.array(Image.open(io.BytesIO(display.by_lightness))))
    # A level of 8 bits, by JPEG, is up to 2 in b.
    assert lab_from_rgb(rgb.movedim(-1, 0) / 255)[1:].abs().max() < 2


def test_lightness_at_a_point_is_that_of_the_image():
    rgb = np.zeros((10, 20, 3), np.uint8)
    rgb[:, 10:] = 255
    display = Display(of_rgb(rgb).pages[0])
    assert display.lightness_at(0.2, 0.5) == 0
    assert display.lightness_at(0.9, 0.5) == pytest.approx(100, abs=1e-4)


# Looks


def test_the_network_runs_once_whatever_is_asked(photo, shipped, monkeypatch):
    calls, features = [], Colorizer.features
    monkeypatch.setattr(Colorizer, "features", lambda self, L: calls.append(1) or features(self, L))
    image = opened(photo)
    seen = image.see("photochrom", shipped)
    for temperature in (0.1, 0.5, 1.0):
        image.shown(seen, seen.ab(Look(temperature)))
    seen.choose(Point(0.5, 0.1), (0.0, -30.0))
    seen.ab(Look())
    seen.entropy(), seen.alternatives(), seen.palette(Point(0.5, 0.5), 50.0)
    image.see("photochrom", shipped)
    image.download(seen, Look())
    assert len(calls) == 1


@pytest.mark.parametrize("decoder", ["annealed", "mode", "mean"])
def test_a_look_is_what_the_colorizer_decodes(decoder, photo, shipped):
    seen = opened(photo).see("photochrom", shipped)
    expected = shipped.small(seen.L, 0.2, decoder)
    assert seen.ab(Look(0.2, decoder)).equal(expected)


def test_a_choice_recolors_its_region_until_it_is_undone(photo, shipped):
    seen = opened(photo).see("photochrom", shipped)
    plain = seen.ab(Look())
    seen.choose(Point(0.5, 0.05), (-20.0, -25.0))
    blue = seen.ab(Look())
    seen.choose(Point(0.5, 0.05), (0.0, 50.0))
    row, column = seen._place(Point(0.5, 0.05))
    sky = seen.ab(Look())[0, :, row, column]
    assert (sky - torch.tensor([0.0, 50.0])).norm() < 20  # the bins within r of it decide
    seen.undo()
    assert seen.ab(Look()).equal(blue)
    seen.undo()
    assert seen.ab(Look()).equal(plain)
    seen.undo()  # nothing is left: nothing happens
    assert seen.choices == ()


def test_the_mode_of_a_choice_is_a_bin(photo, shipped):
    seen = opened(photo).see("photochrom", shipped)
    seen.choose(Point(0.5, 0.05), (-20.0, -25.0))
    assert (seen.ab(Look(decoder="mode")) % 10 == 0).all()


def test_a_result_is_made_anew_only_if_it_differs(photo, shipped, regression):
    image = opened(photo)
    seen = image.see("photochrom", shipped)
    image.see("mean", regression)
    first, mean = image.result("photochrom", Look()), image.result("mean", Look())
    assert image.result("photochrom", Look()) is first
    assert image.result("photochrom", Look(0.9)) is not first
    assert image.result("mean", Look(0.9)) is mean
    seen.choose(Point(0.5, 0.05), (-20.0, -25.0))
    assert not image.result("photochrom", Look()).ab.equal(first.ab)


def test_an_alternative_goes_before_choices(photo, shipped):
    seen = opened(photo).see("photochrom", shipped)
    seen.choose(Point(0.5, 0.05), (-20.0, -25.0))
    assert seen.ab(Look(alternative=2)).equal(seen.alternatives()[1])


def test_of_a_regression_every_look_is_its_one_color(photo, regression):
    seen = opened(photo).see("mean", regression)
    assert not seen.classifies
    assert seen.ab(Look(0.1, "mode", 3)).equal(seen.ab(Look()))


def test_the_distribution_of_a_point_sums_to_one_and_its_palette_is_of_it(photo, shipped):
    seen = opened(photo).see("photochrom", shipped)
    p = seen.distribution(Point(0.999999, 0.999999))
    assert p.sum() == pytest.approx(1, abs=1e-5)  # float32
    colors = seen.palette(Point(0.999999, 0.999999), 50.0)
    assert 0.5 < sum(color.probability for color in colors) <= 1 + 1e-6


@pytest.mark.parametrize("x", [-0.1, 1.0, float("nan")])
def test_a_point_outside_is_refused(x):
    with pytest.raises(ValueError, match="expected a point of the image, got"):
        Point(x, 0.5)


def test_the_likeliest_bin_fills_its_square_on_the_plane(shipped):
    p = torch.full((313,), 0.1 / 312)
    p[100] = 0.9
    svg = plane(p, shipped.gamut, 60.0)
    a, b = shipped.gamut.bins[100].tolist()
    assert svg.count('class="bin"') == 313
    assert f'<rect x="{a - 5:g}" y="{-b - 5:g}" width="10" height="10" fill="rgb(' in svg
    assert svg.count('fill="rgb(') == 1  # the others are too small to be seen


# Opened files


def test_a_download_is_what_colorize_writes(run, tmp_path, photo, shipped):
    (tmp_path / "photo.jpg").write_bytes(photo)
    image = opened(photo, "photo.jpg")
    made = image.download(image.see("photochrom", shipped), Look())
    assert image.download_name == "photo-color.jpg"
    assert run("colorize", tmp_path / "photo.jpg", "--format", "jpeg")[0] == 0
    assert made.data == (tmp_path / "photo-color.jpg").read_bytes()


def test_a_download_of_a_very_long_image_is_what_colorize_writes(
    run, tmp_path, shipped, monkeypatch
):
    monkeypatch.setattr("photochrom.rendering.predict._MOST", 1)
    # Of such a page the network sees less: else it would be as slow as a thousand squares.
    strip = np.random.default_rng(0).integers(0, 256, (60, 60 * 80, 3), np.uint8)
    (tmp_path / "strip.png").write_bytes(encoded(strip))
    image = opened((tmp_path / "strip.png").read_bytes(), "strip.png")
    seen = image.see("photochrom", shipped)
    assert seen.L.shape[-2] < 60
    assert run("colorize", tmp_path / "strip.png")[0] == 0
    assert image.download(seen, Look()).data == (tmp_path / "strip-color.png").read_bytes()


def test_a_download_has_the_choices_of_the_screen(photo, shipped):
    image = opened(photo)
    seen = image.see("photochrom", shipped)
    plain = image.download(seen, Look()).data
    seen.choose(Point(0.5, 0.05), (-20.0, -25.0))
    assert image.download(seen, Look()).data != plain
    seen.undo()
    assert image.download(seen, Look()).data == plain


@pytest.mark.parametrize(("format", "suffix"), [("PNG", ".png"), ("BMP", ".bmp"), ("GIF", ".png")])
def test_a_download_keeps_the_format_where_that_can_hold_it(format, suffix, shipped):
    image = opened(encoded(drawn(), format), f"a.{format}")
    assert image.download_name == f"a-color{suffix}"
    assert image.download(image.see("photochrom", shipped), Look()).suffix == suffix


def test_another_model_may_want_another_size(photo, shipped, regression):
    image = opened(photo)
    image.see("photochrom", shipped)
    assert min(image.see("mean", regression).L.shape[-2:]) == 32
