import csv
import json
import math
import re
from dataclasses import replace

import numpy as np
import pytest

from photochrom.images import Skipped
from photochrom.metrics import METRICS
from photochrom.report import write_report
from photochrom.report.wording import DEFINITIONS
from photochrom.results import (
    CalibrationBin,
    Estimate,
    Evaluation,
    Example,
    Pair,
    PictureScore,
    Row,
    SweepPoint,
    Thresholds,
)

NAME = "<script>alert(1)</script>\n🌅\udce9.jpg"
PICTURE = np.zeros((16, 16, 3), dtype=np.uint8)
FILES = {"index.html", "scores.json", "scores.csv", "pairs.csv", "pictures.csv"}


def row(name, rebalanced, *, baseline=False, **scores):
    known = {"auc_rebalanced": rebalanced, "psnr": 22.0, "colorfulness": 30.0, **scores}
    estimates = {key: Estimate(value, value - 1, value + 1) for key, value in known.items()}
    return Row(name, f"how {name} is made", baseline, estimates)


def example(name=NAME, why="random", picture=PICTURE):
    images = dict.fromkeys(["grey input", "truth", "first"], picture)
    return Example(name, why, images, {"first": {"auc_raw": 91.23, "delta_e": 4.56}})


@pytest.fixture
def bare():
    """Without anything that may be left out."""
    rows = [
        row("grey", 60.0, baseline=True, psnr=math.inf, colorfulness=0.0),
        row("first", 66.0, colorfulness=35.0),
        row("second", 67.0, nll=4.0),
    ]
    return Evaluation(rows, [], [], [], [], {"colorfulness": 40.0}, counted=8, size=16)


@pytest.fixture
def evaluation(bare):
    points = [SweepPoint(t, 90 + t, 60 - t, 40 - 20 * t) for t in (0.0, 0.38, 1.0)]
    return replace(
        bare,
        pairs=[Pair("auc_rebalanced", "second", "first", Estimate(1, 0.5, 1.5), 0.7, True)],
        pictures=[PictureScore(NAME, "first", 1, {"auc_raw": 90.0, "psnr": math.inf})],
        examples=[example()],
        skipped=[Skipped("bad\udce9<b>.jpg", "not a picture")],
        thresholds={"first": Thresholds([50.0] * 151, [math.nan] * 151)},
        sweeps={"second": points, "first": []},
        chroma={"first": [0.9, 0.1], "truth": [0.5, 0.5]},
        hue={"first": [[100 / 13] * 13] * 12 + [[math.nan] * 13]},
        calibration={"second": [CalibrationBin(0.5, 0.25, 0.5), CalibrationBin(0, 0, 0)]},
        curves={"first": [(10, 2.0), (20, 1.0)], "second": []},
        provenance={"photochrom": "<0>"},
    )


@pytest.fixture
def html_of(tmp_path):
    return lambda evaluation: write_report(evaluation, tmp_path).read_text(encoding="utf-8")


@pytest.fixture
def lines_of(evaluation, tmp_path):
    def read(name):
        write_report(evaluation, tmp_path)
        with open(tmp_path / name, newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    return read


def headings(html):
    return re.findall("<h[23]>(.*)</h[23]>", html)


def test_a_report_is_five_files(evaluation, tmp_path):
    page = write_report(evaluation, tmp_path / "report")
    assert page == tmp_path / "report" / "index.html"
    assert {path.name for path in page.parent.iterdir()} == FILES


def test_names_are_escaped(evaluation, html_of):
    html = html_of(evaluation)
    assert not re.search(r"<script|<b>|<0>", html)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\n🌅?.jpg" in html


def test_a_method_may_be_called_anything(bare, html_of):
    name = "<b> $\\foo$ \udce9🌅"
    rows = [replace(bare.rows[1], name=name, method=name), bare.rows[2]]
    pairs = [Pair("psnr", name, "second", Estimate(1, 0.5, 1.5), math.nan, True)]
    html = html_of(
        replace(
            bare,
            rows=rows,
            pairs=pairs,
            thresholds={name: Thresholds([1.0] * 151, [1.0] * 151)},
            hue={name: [[1.0] * 13] * 13},
            curves={name: [(1, 1.0)]},
        )
    )
    assert "<b> $" not in html
    assert html.count("&lt;b&gt; $\\foo$ ?🌅") >= 5


def test_the_page_refers_to_nothing_outside(evaluation, html_of):
    html = html_of(evaluation)
    references = re.findall(r"""(?:src|href)\s*=\s*["']?([^"'>\s]*)""", html)
    images = [found for found in references if not found.startswith("#")]
    assert len(images) == 3
    assert all(found.startswith("data:image/") for found in images)
    assert not re.search(r"https?://|@import|url\(|<script|<link", html)


def test_every_link_leads_somewhere_and_no_place_is_named_twice(evaluation, html_of):
    html = html_of(replace(evaluation, examples=[example(), example(), example(why="worst")]))
    places = re.findall(r'\bid="([^"]*)"', html)
    assert len(places) == len(set(places))
    assert set(re.findall(r'href="#([^"]*)"', html)) <= set(places)


def test_every_picture_has_a_text(evaluation, html_of):
    images = re.findall(r"<img[^>]*>", html_of(evaluation))
    assert images
    assert all(re.search(r'alt="[^"]+"', image) for image in images)


def test_a_full_report_has_every_part(evaluation, html_of):
    assert headings(html_of(evaluation)) == [
        *("What the numbers say", "Scores", "Probabilities of the classifiers", "Pairs"),
        *("Figures", "AuC against threshold", "Temperature", "Chroma", "Calibration"),
        *("Training", "Hue confusion", "Pictures", "Random pictures", "Left out", "Made with"),
    ]


def test_a_report_needs_no_part_but_the_scores(bare, html_of):
    html = html_of(bare)
    parts = headings(html)
    assert parts == ["What the numbers say", "Scores", "Probabilities of the classifiers"]
    assert not re.search("leads|level", html[html.index("<tbody>") : html.index("</tbody>")])


def test_a_score_stands_with_its_interval(evaluation, html_of):
    assert "<span>67.00</span><small>66.00 to 68.00</small>" in html_of(evaluation)


def test_what_has_no_score_or_no_interval_is_told_so(bare, html_of):
    scores = {"psnr": Estimate(math.inf), "ssim": Estimate(math.nan)}
    html = html_of(replace(bare, rows=[Row("a", "a", False, scores), bare.rows[1]]))
    assert "<span>∞</span><small></small>" in html
    assert "<span>–</span><small></small>" in html
    assert "<td>–</td>" in html


def test_methods_stand_above_baselines(evaluation, html_of):
    html = html_of(evaluation)
    names = re.findall(r'<th scope="row">(\w+)', html[: html.index("</table>")])
    assert names == ["first", "second", "grey"]


def test_a_supported_lead_is_bold(evaluation, html_of):
    assert '<td class="leads"><span>67.00</span>' in html_of(evaluation)


def test_a_lead_that_is_not_supported_is_not_bold(evaluation, html_of):
    pair = Pair("auc_rebalanced", "second", "first", Estimate(1, -0.5, 2.5), 0.5, False, 1234)
    html = html_of(replace(evaluation, pairs=[pair]))
    assert not re.search('<td class="leads">', html)
    assert re.findall('<td class="level"><span>([^<]*)', html) == ["66.00", "67.00"]
    assert "not told apart; about 1,300 pictures would" in html


def test_a_lead_over_some_alone_is_not_bold(evaluation, html_of):
    rows = [*evaluation.rows, row("third", 66.9)]
    html = html_of(replace(evaluation, rows=rows))  # the pair of second and third is missing
    assert not re.search('<td class="leads"><span>67.00', html)


def test_classifiers_over_unequal_bins_and_those_more_certain_lead_nothing(bare, html_of):
    of = {"nll": (4.0, 3.0), "top1": (9.0, 8.0), "entropy": (5.0, 4.0)}
    for bins, marked in (((313, 313), 2), ((313, 78), 0)):
        rows = [
            Row(name, "", False, {key: Estimate(one[at]) for key, one in of.items()}, bins=many)
            for at, (name, many) in enumerate(zip(("first", "second"), bins, strict=True))
        ]
        pairs = [Pair(key, "first", "second", Estimate(1, 0.5, 1.5), 0.7, True) for key in of]
        html = html_of(replace(bare, rows=rows, pairs=pairs))
        assert html.count('<td class="leads">') == marked


def test_a_picture_stands_with_its_scores(evaluation, html_of):
    assert "AuC 91.2, ΔE 4.6" in html_of(evaluation)


def test_random_pictures_come_first(evaluation, html_of):
    shown = [example(why=why) for why in ("disagree", "worst", "best", "random")]
    found = [head for head in headings(html_of(replace(evaluation, examples=shown)))]
    assert found[found.index("Pictures") + 1 : found.index("Left out")] == [
        "Random pictures",
        "Where the methods did best",
        "Where the methods did worst",
        "Where the methods disagree most",
    ]


def test_a_map_of_entropy_is_a_picture_more(evaluation, html_of):
    entropy = {"first": np.full((16, 16), 255, dtype=np.uint8)}
    html = html_of(replace(evaluation, examples=[replace(example(), entropy=entropy)]))
    assert html.count("<img") == 4
    assert "first, entropy" in html


def test_a_small_picture_is_shown_as_it_is(evaluation, html_of):
    html = html_of(evaluation)
    assert html.count("data:image/png") == 3
    assert "JPEG" not in html


def test_a_large_picture_is_shown_as_jpeg_and_the_page_says_so(evaluation, html_of):
    large = example(picture=np.zeros((193, 193, 3), dtype=np.uint8))
    html = html_of(replace(evaluation, size=193, examples=[large]))
    assert html.count("data:image/jpeg") == 3
    assert "shown as JPEG of quality 90" in html


def test_many_pictures_become_jpeg_before_the_page_is_too_heavy(evaluation, html_of, monkeypatch):
    noise = np.random.default_rng(0).integers(0, 256, (48, 48, 3), dtype=np.uint8)
    monkeypatch.setattr("photochrom.report.pictures._BYTES", 22_000)  # PNG: 3 × 9.3 kB
    html = html_of(replace(evaluation, examples=[example(picture=noise)]))
    assert "data:image/jpeg" in html


def test_what_is_too_heavy_even_so_is_left_out_and_the_page_says_so(
    evaluation, html_of, monkeypatch
):
    shown = [example(), example(), example(), example(why="worst")]
    monkeypatch.setattr("photochrom.report.pictures._BYTES", 10_000)  # JPEG: 3 × 0.9 kB each
    html = html_of(replace(evaluation, examples=shown, size=193))
    assert len(re.findall("<h4>", html)) == 3  # two random and the worst
    assert "1 more example would have made the page too heavy" in html


def test_json_has_null_for_what_is_no_number(evaluation, tmp_path):
    write_report(evaluation, tmp_path)
    scores = json.loads((tmp_path / "scores.json").read_text("utf-8"), parse_constant=pytest.fail)
    assert scores["rows"][0]["scores"]["psnr"]["value"] is None
    assert scores["rows"][2]["scores"]["auc_rebalanced"]["value"] == 67.0
    assert scores["thresholds"]["first"]["rebalanced"][0] is None
    assert scores["examples"] == [
        {
            "picture": NAME.replace("\udce9", "?"),
            "why": "random",
            "scores": {"first": {"auc_raw": 91.23, "delta_e": 4.56}},
        }
    ]


def test_scores_csv_has_a_line_a_row_and_three_columns_a_score(lines_of):
    lines = lines_of("scores.csv")
    assert [line["name"] for line in lines] == ["grey", "first", "second"]
    assert [lines[2][f"auc_rebalanced{end}"] for end in ("", "_low", "_high")] == [
        *("67.0", "66.0", "68.0")
    ]
    assert lines[0]["nll"] == lines[0]["nll_low"] == ""
    assert {metric.key for metric in METRICS} < set(lines[0])


def test_pictures_csv_keeps_a_name_of_two_lines_in_one_field(lines_of):
    (line,) = lines_of("pictures.csv")
    assert list(line) == ["picture", "row", "seed", "auc_raw", "psnr"]
    assert list(line.values()) == [NAME.replace("\udce9", "?"), "first", "1", "90.0", "inf"]


def test_pairs_csv_has_both_ends_of_the_interval(lines_of):
    (line,) = lines_of("pairs.csv")
    assert [line[f"difference{end}"] for end in ("", "_low", "_high")] == ["1", "0.5", "1.5"]
    assert (line["supported"], line["pictures_needed"]) == ("True", "")


def full_disk(*_):
    raise OSError(28, "No space left on device")


def test_a_page_that_cannot_be_made_leaves_an_older_report(evaluation, tmp_path, monkeypatch):
    write_report(evaluation, tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    monkeypatch.setattr("photochrom.report.pictures.png_bytes", full_disk)
    with pytest.raises(OSError, match="No space left"):
        write_report(replace(evaluation, counted=9), tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_report_that_fails_midway_has_no_page(evaluation, tmp_path, monkeypatch):
    write_report(evaluation, tmp_path)  # nor may this older one stand over newer numbers
    monkeypatch.setattr("photochrom.report.page.scores_csv", full_disk)
    with pytest.raises(OSError, match="No space left"):
        write_report(evaluation, tmp_path)
    assert not (tmp_path / "index.html").exists()


def test_every_score_is_explained():
    assert set(DEFINITIONS) == {metric.key for metric in METRICS}


def test_a_cost_that_no_method_has_leaves_its_column_empty(bare, tmp_path):
    rows = [replace(row, steps=None if row.baseline else 10) for row in bare.rows]
    page = write_report(replace(bare, rows=rows), tmp_path).read_text()
    assert "<h3>Cost</h3>" in page
