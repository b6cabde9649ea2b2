"""What a classifier offers beside an image in color, by the command and by the library."""

import io
import json
import weakref

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.color import rgb2lab

from photochrom import image_io
from photochrom.config import ColorizeConfig, ExtrasConfig
from photochrom.image_io import Page, of_rgb
from photochrom.inference.side_outputs import colors_and_extras
from photochrom.rendering.predict import paint
from photochrom.sampling import entropy, entropy_image, palette

ALL = ExtrasConfig(entropy=True, alternatives=2, palette=("3,4",))


def noise(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


@pytest.fixture
def image(save_image):
    """Write noise of a size in `in`."""

    def write(name="a.png", height=24, width=36, seed=0):
        return save_image(f"in/{name}", noise(height, width, seed))

    return write


def opened(path):
    return np.asarray(Image.open(path))


def save_pages(path, count):
    path.parent.mkdir(exist_ok=True)
    pages = [Image.fromarray(noise(30, 40, seed)) for seed in range(count)]
    pages[0].save(path, save_all=True, append_images=pages[1:])


# Laws


@pytest.mark.parametrize("config", [ColorizeConfig(pages="all"), ColorizeConfig(format="webp")])
def test_the_plain_output_is_the_same_with_and_without(config, colored, image, tmp_path):
    for seed, name in enumerate(("a.png", "b.jpg", "deep/c.bmp")):
        image(name, 60 + seed, 50, seed)
    save_pages(tmp_path / "in/pages.tif", 3)
    plain = colored("plain", config=config)
    full = colored("full", ALL, config=config)
    assert [one.became for one in (*plain, *full)] == ["done"] * 8
    for one, other in zip(plain, full, strict=True):
        with open(one.output, "rb") as file, open(other.output, "rb") as another:
            assert file.read() == another.read()


def test_alternatives_differ_and_each_keeps_lightness(colored, image, tmp_path):
    rgb = opened(image())
    colored("out", ExtrasConfig(alternatives=3))
    every = [opened(tmp_path / f"out/a{which}.png") for which in ("", "-1", "-2", "-3")]
    labs = [rgb2lab(one) for one in every]
    for place, one in enumerate(labs):
        # half a step of 8 bits is at most 0.45 in L; painted twice it would be more
        assert abs(one - rgb2lab(rgb))[..., 0].max() < 0.5
        assert all(abs(one - other)[..., 1:].mean() > 1 for other in labs[:place])


def test_a_seed_gives_the_same_alternatives_and_another_seed_others(colored, image, tmp_path):
    image()
    for name, seed in (("one", 0), ("again", 0), ("other", 1)):
        colored(name, ExtrasConfig(alternatives=1, seed=seed))
    one, again, other = (
        (tmp_path / name / "a-1.png").read_bytes() for name in ("one", "again", "other")
    )
    assert one == again != other


def test_the_network_sees_a_image_once(colored, classifier, image):
    model, seen = classifier(), []
    features = model.features
    model.features = lambda L: seen.append(L.shape) or features(L)
    image()
    colored("out", ALL, model)
    assert seen == [(1, 1, 24, 36)]


def test_each_is_painted_on_a_copy_and_one_copy_is_there_at_a_time(classifier, monkeypatch):
    copies, alive = [], []
    file = of_rgb(noise(30, 40))
    copy = Page.copy

    def counted(page):
        alive.append(sum(one() is not None for one in copies))
        made = copy(page)
        copies.append(weakref.ref(made.pixels))
        return made

    monkeypatch.setattr(Page, "copy", counted)
    several = ExtrasConfig(alternatives=3)
    _, extras = colors_and_extras(file.pages, classifier(), ColorizeConfig(), several)
    made = [make() for make in extras.files(file, "PNG", None)]
    assert alive == [0, 0, 0]
    page = file.pages[0]  # as it was: it is painted now, once
    paint(page, extras.alternatives[2])
    assert (opened(io.BytesIO(made[2])) == page.pixels.stored(slice(0, 30))).all()


# What the files hold


@pytest.mark.parametrize("stride", [1, 4])
def test_entropy_is_drawn_where_it_is(stride, colored, classifier, image, tmp_path):
    model = classifier(stride, 27)
    rgb = opened(image(height=27, width=38))  # no multiple of 4: the last pixels are cut short
    colored("out", ExtrasConfig(entropy=True), model)
    L = torch.from_numpy(rgb2lab(rgb)[..., 0])[None, None].float()
    head = model.network.head
    with torch.no_grad():
        bits = entropy(model.features(L), head.weight.flatten(1), head.bias)
    large = bits.repeat_interleave(stride, 2).repeat_interleave(stride, 3)[..., :27, :38]
    gray = opened(tmp_path / "out/a-entropy.png")
    assert (gray.dtype, gray.shape) == (np.uint8, (27, 38))
    expected = entropy_image(large, (27, 38))[0, 0].numpy()
    assert len(np.unique(expected)) > 10
    np.testing.assert_allclose(gray, expected, atol=1)  # L by ours and by scikit-image


@pytest.mark.parametrize("stride", [1, 4])
def test_a_palette_is_of_the_upright_image(stride, colored, classifier, image, tmp_path):
    upright = opened(image(height=30, width=26))
    lying = Image.fromarray(np.rot90(upright))  # a quarter to the left; 6 turns it to the right
    exif = Image.Exif()
    exif[0x0112] = 6
    lying.save(tmp_path / "in/a.png", exif=exif)
    model = classifier(stride, 26)
    (outcome,) = colored("out", ExtrasConfig(palette=("25,3", "0,29")), model)
    assert outcome.notes == ()
    L = torch.from_numpy(rgb2lab(upright)[..., 0])[None, None].float()
    head = model.network.head
    with torch.no_grad():
        features = model.features(L).repeat_interleave(stride, 2).repeat_interleave(stride, 3)
    features = features[0, :, :30, :26]
    told = json.loads((tmp_path / "out/a-palette.json").read_text())
    assert [one["point"] for one in told] == [[25, 3], [0, 29]]
    for one, place in zip(told, [(3, 25), (29, 0)], strict=True):
        assert one["L"] == pytest.approx(L[0, 0][place].item(), abs=0.01)
        found = palette(features, head.weight.flatten(1), head.bias, model.gamut, L[0], place)
        assert [color["rgb"] for color in one["colors"]] == [list(each.rgb) for each in found]
        for color, each in zip(one["colors"], found, strict=True):
            assert color["probability"] == pytest.approx(each.probability, abs=1e-3)
            assert color["ab"] == pytest.approx(each.ab, abs=0.1)


def test_a_point_outside_one_image_is_noted_and_the_others_go_on(run, model, image, tmp_path):
    image("large.png", 60, 60)
    image("small.png", 20, 30)
    told = tmp_path / "told.json"
    command = ("colorize", tmp_path / "in", "--model", model, "-o", tmp_path / "out")
    code, _, lines = run(*command, "--palette", "30,19", "29,19", "--json", told)
    assert code == 0
    assert lines[-1].endswith("30 × 20 pixels: has no point 30,19 (first: small.png)")
    assert [len(one["notes"]) for one in json.loads(told.read_text())] == [0, 1]
    points = json.loads((tmp_path / "out/small-palette.json").read_text())
    assert [one["point"] for one in points] == [[29, 19]]


def test_alternatives_have_the_format_of_the_output_and_its_alpha(colored, image, tmp_path):
    rgba = np.full((20, 30, 4), 90, np.uint8)
    rgba[:5, :, 3] = 7
    (tmp_path / "in").mkdir()
    Image.fromarray(rgba).save(tmp_path / "in/a.png")
    colored("out", ExtrasConfig(alternatives=1), config=ColorizeConfig(format="tiff"))
    image = Image.open(tmp_path / "out/a-1.tif")
    assert (image.format, image.mode) == ("TIFF", "RGBA")
    assert (np.asarray(image)[..., 3] == rgba[..., 3]).all()


def test_of_many_pages_the_first_has_files_beside_it(colored, tmp_path):
    save_pages(tmp_path / "in/a.tif", 3)
    (outcome,) = colored("out", ALL, config=ColorizeConfig(pages="all"))
    assert outcome.notes == ("what lies beside its output is of its first page",)
    files = [
        image_io.decode_original((tmp_path / f"out/a{one}.tif").read_bytes(), pages="all")
        for one in ("", "-1", "-2")
    ]
    assert [len(file.pages) for file in files] == [3, 1, 1]
    expected = torch.from_numpy(rgb2lab(noise(30, 40))[..., 0])
    for file in files:
        assert abs(file.pages[0].lightness(slice(0, 30))[0, 0] - expected).max() < 0.5
    colored("first", ALL)  # of the first page alone
    of_all, of_first = (opened(tmp_path / f"{one}/a-entropy.png") for one in ("out", "first"))
    assert abs(of_all.astype(int) - of_first).max() <= 1  # sums in another order
    assert np.ptp(of_first) > 10
