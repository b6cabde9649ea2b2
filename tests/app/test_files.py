"""What people bring to the app and take home: odd files, priors, studies, zips."""

import io
import pickle
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from app_world import (
    MOST,
    drawn,
    encoded,
    opened,
    photo as photo,
    regression as regression,
    shipped as shipped,
)
from PIL import Image

from photochrom.app.batch import Dropped, Zip
from photochrom.app.opened_image import Opened, safe_stem
from photochrom.app.server_state import Given
from photochrom.app.session import Look
from photochrom.app.uploads import prior_at, prior_of
from photochrom.app.views.study import report_in
from photochrom.config import AppConfig
from photochrom.image_io import ImageError, TooLargeError
from photochrom.prior import PriorFile


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"no image", "not an image"),
        (encoded(drawn())[:200], "truncated|broken"),
        (b"", "not an image"),
    ],
)
def test_a_wrong_file_is_refused(data, said):
    with pytest.raises(ImageError, match=said):
        opened(data)


def test_too_many_pixels_are_refused_before_they_are_decoded():
    data = encoded(np.zeros((1000, 1001, 3), np.uint8))
    with pytest.raises(TooLargeError, match="expected at most 1 megapixels, got 1001 × 1000"):
        opened(data)


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\photo.jpg", "photo"),
        ("..", "image"),
        ("a\nb;rm -rf.png", "a_b_rm -rf"),
        ("größe 1.tif", "größe 1"),
        ("x" * 300, "x" * 80),
    ],
)
def test_a_name_from_outside_leads_nowhere(name, stem):
    assert safe_stem(name) == stem


def test_a_color_image_is_the_truth_and_scores_itself_well(photo, shipped):
    image = opened(photo)
    seen = image.see("photochrom", shipped)
    assert image.has_colors
    scores = {score.name: score.value for score in image.scores(seen, seen.ab(Look()))}
    assert list(scores) == ["raw AuC", "ΔE", "PSNR", "SSIM", "colorfulness"]
    assert 15 < scores["PSNR"] < 40
    # ΔE and the raw AuC tell the same: of 151 thresholds a pixel is beyond about ΔE.
    assert scores["raw AuC"] == pytest.approx(100 - 100 * (scores["ΔE"] + 0.5) / 151, abs=0.2)


@pytest.mark.parametrize("tone", [(1.0, 1.0, 1.0), (1.0, 0.85, 0.65)])
def test_a_gray_or_toned_image_is_no_truth(tone, samples):
    gray = np.asarray(Image.open(samples / "palace.jpg").convert("L"))[..., None]
    assert not opened(encoded((gray * np.array(tone)).astype(np.uint8))).has_colors


# Many at once


def test_a_zip_holds_every_image_and_tells_what_failed(shipped, photo):
    files = [Dropped("x/a.jpg", photo), Dropped("a.jpg", photo), Dropped("b.jpg", b"no")]
    archive = Zip()
    done = list(archive.fill(files, shipped, Look(), most_pixels=MOST))
    assert done == ["x/a.jpg", "a.jpg", "b.jpg"]
    assert [(one.name, one.reason) for one in archive.failed] == [("b.jpg", "not an image")]
    alone = opened(photo)
    expected = alone.download(alone.see("photochrom", shipped), Look()).data
    with zipfile.ZipFile(io.BytesIO(archive.data)) as held:
        assert held.namelist() == ["a-color.jpg", "a-color-2.jpg"]
        assert {held.read(name) for name in held.namelist()} == {expected}


def test_twenty_at_once_all_get_their_own_answer_and_few_are_worked_on(model):
    given = Given({"tiny": str(model)}, AppConfig(concurrency=2))
    within, most, lock = 0, 0, threading.Lock()

    def answer(data):
        nonlocal within, most
        with lock:
            within += 1
            most = max(most, within)
        image = opened(data)
        made = image.download(image.see("tiny", given.model("tiny")), Look()).data
        with lock:
            within -= 1
        return made

    images = [encoded(drawn(seed=seed)) for seed in range(20)]
    with ThreadPoolExecutor(20) as asking:
        answers = list(asking.map(lambda data: given.work(answer, data), images))
    assert most <= 2
    assert answers == [answer(data) for data in images]
    assert len(set(answers)) == 20


def test_what_fails_is_told_to_who_asked():
    with pytest.raises(ImageError, match="not an image"):
        Given({}).work(opened, b"no")


def test_an_opened_image_keeps_its_bytes_and_not_its_pixels():
    data = encoded(np.zeros((2000, 3000, 3), np.uint8))  # 18 MB of pixels
    image = Opened(data, "a.png", most_pixels=6_000_000, works=[(192, 4)])
    # As shown, 1200 × 800: 2.9 MB in color, 1 of L, 0.7 + 1 at half the size.
    assert len(pickle.dumps(image)) < 6.5e6


# Priors and studies


def test_a_dropped_prior_is_read_without_a_path(prior):
    data = prior.read_bytes()
    found = prior_of([Dropped("../x.h5", data)], MOST, lambda done, total: None)
    assert np.array_equal(found.prior.p, PriorFile.load(prior).prior.p)
    with pytest.raises(ValueError, match=r"mine: expected a prior as photochrom prior build"):
        PriorFile.read(data[:500], "mine")


def test_dropped_images_are_counted_as_a_folder_is(photos):
    files = [Dropped(path.name, path.read_bytes()) for path in sorted(photos.iterdir())]
    told = []
    dropped = prior_of(files, MOST, lambda *done: told.append(done))
    folder = prior_at(str(photos), lambda done, total: None)
    assert np.array_equal(dropped.histogram.pixels, folder.histogram.pixels)
    assert told[-1] == (8, 8)


def test_dropped_files_that_are_no_images_of_a_bearable_size_are_told(photos):
    good = Dropped("0.png", (photos / "0.png").read_bytes())
    large = Dropped("large.png", encoded(np.zeros((1000, 1001, 3), np.uint8)))
    found = prior_of([good, large, Dropped("b", b"no")], MOST, lambda done, total: None)
    assert found.histogram.images == 1
    assert found.histogram.failed == 2
    assert "not an image" in found.histogram.reasons()


def test_a_study_is_known_by_its_report(tmp_path):
    with pytest.raises(ValueError, match="expected the folder of a finished study, found no"):
        report_in(str(tmp_path))
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "index.html").write_text("a page")
    with pytest.raises(ValueError, match="found no report in it"):
        report_in(str(tmp_path))  # any folder may have an index.html
    (tmp_path / "report" / "scores.json").write_text("{}")
    assert report_in(str(tmp_path)) == report_in(str(tmp_path / "report")) == "a page"


def test_only_at_home_may_folders_be_named():
    assert AppConfig().at_home
    assert not AppConfig(host="0.0.0.0").at_home
    assert Path(AppConfig().host).name == "127.0.0.1"
