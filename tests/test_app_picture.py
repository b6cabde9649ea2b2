"""The app without its pages: opened pictures, looks, choices, downloads, zips."""

import io
import pickle
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from photochrom.app.batch import Dropped, Zip
from photochrom.app.display import Display
from photochrom.app.dropped import prior_at, prior_of
from photochrom.app.given import Given
from photochrom.app.picture import Opened, safe_stem
from photochrom.app.plane import plane
from photochrom.app.seen import Look, Point, Seen
from photochrom.app.study_page import report_in
from photochrom.color import lab_from_rgb
from photochrom.config import AppConfig, Architecture, ColorizeConfig
from photochrom.images import PictureError, TooLargeError
from photochrom.models import Colorizer
from photochrom.originals import of_rgb
from photochrom.painting import enlarged, paint
from photochrom.prior import PriorFile
from photochrom.quantize import Gamut

MOST = 1_000_000


@pytest.fixture(scope="session")
def shipped():
    return Colorizer.load("photochrom")


@pytest.fixture
def regression():
    return Colorizer(Architecture(method="regression", width=2, size=32), Gamut.srgb(20)).eval()


def encoded(rgb, format="PNG", **options):
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, format, **options)
    return buffer.getvalue()


def drawn(height=60, width=80, seed=0):
    random = np.random.default_rng(seed)
    noise = random.integers(0, 256, (5, 7, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(noise).resize((width, height)))


def opened(data, name="a.png"):
    return Opened(data, name, most_pixels=MOST, sizes=[160])


@pytest.fixture
def photo(samples):
    return (samples / "palace.jpg").read_bytes()


# The display


@pytest.mark.parametrize("name", ["palace", "dahlia", "grace_hopper"])
def test_the_display_shows_what_painting_paints(name, samples, shipped):
    page = of_rgb(np.array(Image.open(samples / f"{name}.jpg").convert("RGB"))).pages[0]
    seen = Seen.by(shipped, page.reduced_lightness(shipped.size))
    ab = seen.ab(Look())
    made = np.asarray(Display(page).colored(ab, seen.L, shipped.stride)).astype(int)
    with torch.inference_mode():
        colors = enlarged(ab, seen.L, shipped.stride, page, ColorizeConfig())
        paint(page, colors)
    off = np.abs(made - np.asarray(page.pixels.image).astype(int))
    # 8-bit L, a and b are each off by up to half a step: about 1 level, and 2 near the gamut's
    # edge, where the table is not linear.
    assert off.mean() < 1.5
    assert np.quantile(off, 0.99) <= 8


def test_a_display_is_at_most_1200_pixels_long():
    display = Display(of_rgb(np.zeros((40, 2400, 3), np.uint8)).pages[0])
    assert display.size == (1200, 20)
    assert Image.open(io.BytesIO(display.by_lightness)).size == (1200, 20)


def test_by_lightness_has_no_colour(photo):
    display = opened(photo).display
    rgb = torch.from_numpy(np.array(Image.open(io.BytesIO(display.by_lightness))))
    # Two levels of 8 bits, one of the table and one of JPEG, are up to 3 in b.
    assert lab_from_rgb(rgb.movedim(-1, 0) / 255)[1:].abs().max() < 3


def test_lightness_at_a_point_is_that_of_the_picture():
    rgb = np.zeros((10, 20, 3), np.uint8)
    rgb[:, 10:] = 255
    display = Display(of_rgb(rgb).pages[0])
    assert display.lightness_at(0.2, 0.5) == 0
    assert display.lightness_at(0.9, 0.5) == pytest.approx(100, abs=0.2)  # a step of 8 bits


# Looks


def test_the_network_runs_once_whatever_is_asked(photo, shipped, monkeypatch):
    calls, features = [], Colorizer.features
    monkeypatch.setattr(Colorizer, "features", lambda self, L: calls.append(1) or features(self, L))
    picture = opened(photo)
    seen = picture.see("photochrom", shipped)
    for temperature in (0.1, 0.5, 1.0):
        picture.shown(seen, seen.ab(Look(temperature)))
    seen.choose(Point(0.5, 0.1), (0.0, -30.0))
    seen.ab(Look())
    seen.entropy(), seen.alternatives(), seen.palette(Point(0.5, 0.5), 50.0)
    picture.see("photochrom", shipped)
    picture.download(seen, Look())
    assert len(calls) == 1


@pytest.mark.parametrize("decoder", ["annealed", "mode", "mean"])
def test_a_look_is_what_the_colorizer_decodes(decoder, photo, shipped):
    seen = opened(photo).see("photochrom", shipped)
    expected = shipped.small(seen.L, 0.2, decoder)
    assert seen.ab(Look(0.2, decoder)).equal(expected)


def test_a_choice_recolours_its_region_until_it_is_undone(photo, shipped):
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
    picture = opened(photo)
    seen = picture.see("photochrom", shipped)
    picture.see("mean", regression)
    first, mean = picture.result("photochrom", Look()), picture.result("mean", Look())
    assert picture.result("photochrom", Look()) is first
    assert picture.result("photochrom", Look(0.9)) is not first
    assert picture.result("mean", Look(0.9)) is mean
    seen.choose(Point(0.5, 0.05), (-20.0, -25.0))
    assert not picture.result("photochrom", Look()).ab.equal(first.ab)


def test_an_alternative_goes_before_choices(photo, shipped):
    seen = opened(photo).see("photochrom", shipped)
    seen.choose(Point(0.5, 0.05), (-20.0, -25.0))
    assert seen.ab(Look(alternative=2)).equal(seen.alternatives()[1])


def test_of_a_regression_every_look_is_its_one_colour(photo, regression):
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
    with pytest.raises(ValueError, match="expected a point of the picture, got"):
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
    picture = opened(photo, "photo.jpg")
    made = picture.download(picture.see("photochrom", shipped), Look())
    assert picture.download_name == "photo-color.jpg"
    assert run("colorize", tmp_path / "photo.jpg", "--format", "jpeg")[0] == 0
    assert made.data == (tmp_path / "photo-color.jpg").read_bytes()


def test_a_download_has_the_choices_of_the_screen(photo, shipped):
    picture = opened(photo)
    seen = picture.see("photochrom", shipped)
    plain = picture.download(seen, Look()).data
    seen.choose(Point(0.5, 0.05), (-20.0, -25.0))
    assert picture.download(seen, Look()).data != plain
    seen.undo()
    assert picture.download(seen, Look()).data == plain


@pytest.mark.parametrize(("format", "suffix"), [("PNG", ".png"), ("BMP", ".bmp"), ("GIF", ".png")])
def test_a_download_keeps_the_format_where_that_can_hold_it(format, suffix, shipped):
    picture = opened(encoded(drawn(), format), f"a.{format}")
    assert picture.download_name == f"a-color{suffix}"
    assert picture.download(picture.see("photochrom", shipped), Look()).suffix == suffix


def test_another_model_may_want_another_size(photo, shipped, regression):
    picture = opened(photo)
    picture.see("photochrom", shipped)
    assert min(picture.see("mean", regression).L.shape[-2:]) == 32


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"no picture", "not a picture"),
        (encoded(drawn())[:200], "truncated|broken"),
        (b"", "not a picture"),
    ],
)
def test_a_wrong_file_is_refused(data, said):
    with pytest.raises(PictureError, match=said):
        opened(data)


def test_too_many_pixels_are_refused_before_they_are_decoded():
    data = encoded(np.zeros((1000, 1001, 3), np.uint8))
    with pytest.raises(TooLargeError, match="expected at most 1000000 pixels, got 1001 × 1000"):
        opened(data)


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\photo.jpg", "photo"),
        ("..", "picture"),
        ("a\nb;rm -rf.png", "a_b_rm -rf"),
        ("größe 1.tif", "größe 1"),
        ("x" * 300, "x" * 80),
    ],
)
def test_a_name_from_outside_leads_nowhere(name, stem):
    assert safe_stem(name) == stem


def test_a_colour_picture_is_the_truth_and_scores_itself_well(photo, shipped):
    picture = opened(photo)
    seen = picture.see("photochrom", shipped)
    assert picture.has_colors
    scores = {score.name: score.value for score in picture.scores(seen, seen.ab(Look()))}
    assert list(scores) == ["raw AuC", "ΔE", "PSNR", "SSIM", "colourfulness"]
    assert 15 < scores["PSNR"] < 40
    # ΔE and the raw AuC tell the same: of 151 thresholds a pixel is beyond about ΔE.
    assert scores["raw AuC"] == pytest.approx(100 - 100 * (scores["ΔE"] + 0.5) / 151, abs=0.2)


@pytest.mark.parametrize("tone", [(1.0, 1.0, 1.0), (1.0, 0.85, 0.65)])
def test_a_grey_or_toned_picture_is_no_truth(tone, samples):
    grey = np.asarray(Image.open(samples / "palace.jpg").convert("L"))[..., None]
    assert not opened(encoded((grey * np.array(tone)).astype(np.uint8))).has_colors


# Many at once


def test_a_zip_holds_every_picture_and_tells_what_failed(shipped, photo):
    files = [Dropped("x/a.jpg", photo), Dropped("a.jpg", photo), Dropped("b.jpg", b"no")]
    archive = Zip()
    done = list(archive.fill(files, shipped, Look(), most_pixels=MOST))
    assert done == ["x/a.jpg", "a.jpg", "b.jpg"]
    assert [(one.name, one.reason) for one in archive.failed] == [("b.jpg", "not a picture")]
    alone = opened(photo)
    expected = alone.download(alone.see("photochrom", shipped), Look()).data
    with zipfile.ZipFile(io.BytesIO(archive.data)) as held:
        assert held.namelist() == ["a-color.jpg", "a-color-2.jpg"]
        assert {held.read(name) for name in held.namelist()} == {expected}


def test_twenty_at_once_all_get_their_own_answer_and_few_are_worked_on(model):
    given = Given({"tiny": str(model)}, AppConfig(at_once=2))
    within, most, lock = 0, 0, threading.Lock()

    def answer(data):
        nonlocal within, most
        with lock:
            within += 1
            most = max(most, within)
        picture = opened(data)
        made = picture.download(picture.see("tiny", given.model("tiny")), Look()).data
        with lock:
            within -= 1
        return made

    pictures = [encoded(drawn(seed=seed)) for seed in range(20)]
    with ThreadPoolExecutor(20) as asking:
        answers = list(asking.map(lambda data: given.work(answer, data), pictures))
    assert most <= 2
    assert answers == [answer(data) for data in pictures]
    assert len(set(answers)) == 20


def test_what_fails_is_told_to_who_asked():
    with pytest.raises(PictureError, match="not a picture"):
        Given({}).work(opened, b"no")


def test_an_opened_picture_keeps_its_bytes_and_not_its_pixels():
    data = encoded(np.zeros((2000, 3000, 3), np.uint8))  # 18 MB of pixels
    picture = Opened(data, "a.png", most_pixels=6_000_000, sizes=[160])
    # As shown, 1200 × 800: 2.9 MB in colour, 1 of L, 0.7 + 1 at half the size.
    assert len(pickle.dumps(picture)) < 6.5e6


# Priors and studies


def test_a_dropped_prior_is_read_without_a_path(prior):
    data = prior.read_bytes()
    found = prior_of([Dropped("../x.h5", data)], MOST, lambda done, total: None)
    assert np.array_equal(found.prior.p, PriorFile.load(prior).prior.p)
    with pytest.raises(ValueError, match=r"mine: expected a prior as photochrom prior build"):
        PriorFile.read(data[:500], "mine")


def test_dropped_pictures_are_counted_as_a_folder_is(photos):
    files = [Dropped(path.name, path.read_bytes()) for path in sorted(photos.iterdir())]
    told = []
    dropped = prior_of(files, MOST, lambda *done: told.append(done))
    folder = prior_at(str(photos), lambda done, total: None)
    assert np.array_equal(dropped.histogram.pixels, folder.histogram.pixels)
    assert told[-1] == (8, 8)


def test_dropped_files_that_are_no_pictures_of_a_bearable_size_are_told(photos):
    good = Dropped("0.png", (photos / "0.png").read_bytes())
    large = Dropped("large.png", encoded(np.zeros((1000, 1001, 3), np.uint8)))
    found = prior_of([good, large, Dropped("b", b"no")], MOST, lambda done, total: None)
    assert found.histogram.pictures == 1
    assert found.histogram.failed == 2
    assert "not a picture" in found.histogram.reasons()


def test_a_study_is_known_by_its_report(tmp_path):
    with pytest.raises(ValueError, match="expected the folder of a finished study, found no"):
        report_in(tmp_path)
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "index.html").write_text("a page")
    with pytest.raises(ValueError, match="found no report in it"):
        report_in(tmp_path)  # any folder may have an index.html
    (tmp_path / "report" / "scores.json").write_text("{}")
    assert report_in(tmp_path) == report_in(tmp_path / "report") == "a page"


def test_only_at_home_may_folders_be_named():
    assert AppConfig().at_home
    assert not AppConfig(host="0.0.0.0").at_home
    assert Path(AppConfig().host).name == "127.0.0.1"
