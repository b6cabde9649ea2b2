import csv
import io
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from skimage.color import lab2rgb

from photochrom.evaluate import Evaluation, Example, PictureScore, Row
from photochrom.images import Skipped
from photochrom.plots import ab_plane, training_curve
from photochrom.report import sentences, write_report

NAME = "<script>alert(1)</script>\n🌅\udce9.jpg"


def row(name, rebalanced, *, baseline=False, psnr=22.0, colorfulness=30.0):
    return Row(name, f"how {name} is made", baseline, 90.0, rebalanced, colorfulness, psnr, 0.9)


@pytest.fixture
def evaluation():
    picture = np.zeros((16, 16, 3), dtype=np.uint8)
    return Evaluation(
        rows=[
            row("grey", 60.0, baseline=True, psnr=float("inf"), colorfulness=0.0),
            row("first", 66.0, colorfulness=35.0),
            row("second", 67.0),
        ],
        pictures=[PictureScore(NAME, "first", 90.0, 30.0, float("inf"), 0.9)],
        examples=[Example(NAME, {"grey input": picture, "truth": picture, "first": picture})],
        skipped=[Skipped("bad\udce9<b>.jpg", "not a picture")],
        truth_colorfulness=40.0,
        counted=8,
        size=16,
        curves={"first": [(10, 2.0), (20, 1.0)], "second": []},
        provenance={"photochrom": "<0>"},
    )


@pytest.fixture
def html_of(tmp_path):
    return lambda evaluation: write_report(evaluation, tmp_path).read_text(encoding="utf-8")


def test_a_report_is_four_files(evaluation, tmp_path):
    page = write_report(evaluation, tmp_path / "report")
    assert page == tmp_path / "report" / "index.html"
    names = {path.name for path in (tmp_path / "report").iterdir()}
    assert names == {"index.html", "scores.json", "scores.csv", "pictures.csv"}


def test_names_are_escaped(evaluation, html_of):
    html = html_of(evaluation)
    assert not re.search(r"<script|<b>|<0>", html)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\n🌅?.jpg" in html


def test_the_page_refers_to_nothing_outside(evaluation, html_of):
    html = html_of(evaluation)
    references = re.findall(r"""(?:src|href)\s*=\s*["']?([^"'>\s]*)""", html)
    assert len(references) == 4  # three pictures and a curve
    assert all(found.startswith("data:image/") for found in references)
    assert not re.search(r"https?://|@import|url\(|<script|<link", html)


def test_every_picture_has_a_text(evaluation, html_of):
    images = re.findall(r"<img[^>]*>", html_of(evaluation))
    assert all(re.search(r'alt="[^"]+"', image) for image in images)


def test_json_has_null_for_what_is_no_number(evaluation, tmp_path):
    write_report(evaluation, tmp_path)
    scores = json.loads((tmp_path / "scores.json").read_text("utf-8"), parse_constant=pytest.fail)
    assert scores["rows"][0]["psnr"] is None
    assert scores["rows"][2]["auc_rebalanced"] == 67.0


def test_csv_has_a_line_a_row(evaluation, tmp_path):
    write_report(evaluation, tmp_path)
    with open(tmp_path / "scores.csv", newline="", encoding="utf-8") as file:
        assert [line["name"] for line in csv.DictReader(file)] == ["grey", "first", "second"]


def test_csv_keeps_a_name_of_two_lines_in_one_field(evaluation, tmp_path):
    write_report(evaluation, tmp_path)
    with open(tmp_path / "pictures.csv", newline="", encoding="utf-8") as file:
        assert [line["picture"] for line in csv.DictReader(file)] == [NAME.replace("\udce9", "?")]


def test_methods_stand_above_baselines(evaluation, html_of):
    names = re.findall(r'<th scope="row">(\w+)', html_of(evaluation))
    assert names == ["first", "second", "grey"]


def test_all_that_share_a_told_score_lead(evaluation, html_of):
    tied = [row("first", 66.001), row("second", 65.999), row("third", 65.0)]
    leading = re.findall(r'class="leads">66.00<', html_of(replace(evaluation, rows=tied)))
    assert len(leading) == 2


def test_a_report_needs_no_curves_examples_or_skipped(evaluation, html_of):
    html = html_of(replace(evaluation, curves={}, examples=[], skipped=[], provenance={}))
    assert re.findall("<h2>(.*)</h2>", html) == ["What the numbers say", "Scores"]


def test_a_small_picture_is_shown_as_it_is(evaluation, html_of):
    assert len(re.findall("data:image/png", html_of(evaluation))) == 4
    assert "JPEG" not in html_of(evaluation)


def test_a_large_picture_is_shown_as_jpeg_and_the_page_says_so(evaluation, html_of):
    large = np.zeros((193, 193, 3), dtype=np.uint8)
    html = html_of(replace(evaluation, size=193, examples=[Example("a.jpg", {"truth": large})]))
    assert "data:image/jpeg" in html
    assert "shown as JPEG" in html


def test_many_pictures_become_jpeg_before_the_page_is_too_heavy(evaluation, html_of, monkeypatch):
    monkeypatch.setattr("photochrom.report._PAGE_BYTES", 100)
    assert "data:image/jpeg" in html_of(evaluation)


def test_the_sentences_tell_the_order_of_the_rows(evaluation):
    assert sentences(evaluation) == [
        "second has the highest rebalanced AuC of the trained methods: 67.00.",
        "Both trained methods are above grey (60.00) in rebalanced AuC; the smallest lead, of "
        "first, is 6.00.",
        "Both trained methods are less colourful than the true pictures, at 40.0 on average; "
        "first comes nearest, at 35.0.",
        "PSNR rewards no colour: grey, which has none, scores ∞ dB, above every trained method.",
        "No confidence intervals are given: small differences mean nothing.",
    ]


@pytest.mark.parametrize(
    ("scores", "claim"),
    [
        ((50.0, 67.0), "1 of 2 trained methods is above grey"),
        ((50.0, 51.0), "No trained method is above grey"),
        ((60.004, 59.0), "No trained method is above grey"),  # told as 60.00, as grey is
        ((66.001, 65.999), "a and b share the highest rebalanced AuC of the trained methods: 66.0"),
        ((float("nan"), 65.0), "b has the highest rebalanced AuC"),
        ((65.0,), "a, the one trained method, has a rebalanced AuC of 65.00"),
    ],
)
def test_the_sentences_claim_no_more_than_the_rows(evaluation, scores, claim):
    rows = [row(name, score) for name, score in zip("ab", scores, strict=False)]
    assert claim in " ".join(sentences(replace(evaluation, rows=[*rows, evaluation.rows[0]])))


def test_without_a_trained_method_it_says_so(evaluation):
    said = sentences(replace(evaluation, rows=evaluation.rows[:1]))
    assert said[0] == "No trained method was evaluated: the rows below are baselines."


def full_disk(*_):
    raise OSError(28, "No space left on device")


def test_a_page_that_cannot_be_made_leaves_an_older_report(evaluation, tmp_path, monkeypatch):
    write_report(evaluation, tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    monkeypatch.setattr("photochrom.report.png_bytes", full_disk)
    with pytest.raises(OSError, match="No space left"):
        write_report(replace(evaluation, counted=9), tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_report_that_fails_midway_has_no_page(evaluation, tmp_path, monkeypatch):
    write_report(evaluation, tmp_path)  # nor may this older one stand over newer numbers
    monkeypatch.setattr("photochrom.report._csv", full_disk)
    with pytest.raises(OSError, match="No space left"):
        write_report(evaluation, tmp_path)
    assert not (tmp_path / "index.html").exists()


def drawn(png):
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


@pytest.mark.parametrize(
    "losses",
    [
        [],
        [2.0],
        [0.0, 0.0],
        [float("nan")] * 30,
        [2.0, float("inf")] * 30,
        np.geomspace(9, 1, 300).tolist(),
    ],
    ids=["none", "one", "zero", "no number", "diverged", "ordinary"],
)
def test_any_losses_make_a_curve(losses):
    assert drawn(training_curve(list(enumerate(losses, start=1)), "a $\\foo$ b")).std() > 0


def test_one_loss_is_seen():
    one, none = drawn(training_curve([(0, 0.5)], "")), drawn(training_curve([], ""))
    coloured = [(np.ptp(image, axis=-1) > 20).any() for image in (one, none)]
    assert coloured == [True, False]


def test_a_panel_more_makes_a_wider_plane():
    bins = np.array([[0.0, 0.0], [10.0, 0.0]])
    p = np.array([0.5, 0.5])
    widths = [drawn(ab_plane(bins, 10.0, dict.fromkeys(n, p))).shape[1] for n in ("", "a", "ab")]
    assert widths == [widths[0], 2 * widths[0], 3 * widths[0]]


def has_color(image, rgb):
    """Over an area: single pixels of any grey are in the smooth edges of letters."""
    return (image == np.array(rgb)).all(axis=-1).sum() > 1000


def test_bins_are_painted_in_their_own_colour():
    image = drawn(ab_plane(np.array([[40.0, 20.0]]), 10.0, {}))
    # another library
    assert has_color(image, (lab2rgb([60.0, 40.0, 20.0]) * 255).round().astype(int))


def test_a_bin_of_no_probability_is_hatched_grey():
    bins = np.array([[0.0, 0.0], [10.0, 0.0]])
    light_grey = (0xEE, 0xEE, 0xEE)
    seen, unseen = np.zeros(2), np.array([0.0, -np.inf])
    assert has_color(drawn(ab_plane(bins, 10.0, {"log p": unseen})), light_grey)
    assert not has_color(drawn(ab_plane(bins, 10.0, {"log p": seen})), light_grey)


def test_a_plane_of_no_probability_at_all_is_drawn():
    nothing = np.full(2, -np.inf)
    plane = ab_plane(np.array([[0.0, 0.0], [10.0, 0.0]]), 10.0, {"log p": nothing})
    assert has_color(drawn(plane), (0xEE, 0xEE, 0xEE))
