import csv
import json
import re
from dataclasses import replace

import numpy as np
import pytest

from photochrom.evaluate import Evaluation, Example, PictureScore, Row
from photochrom.images import Skipped
from photochrom.report import sentences, write_report


def row(name, rebalanced, *, baseline=False, psnr=22.0):
    return Row(name, f"how {name} is made", baseline, 90.0, rebalanced, 30.0, psnr, 0.9)


@pytest.fixture
def evaluation():
    picture = np.zeros((16, 16, 3), dtype=np.uint8)
    return Evaluation(
        rows=[
            row("first", 66.0),
            row("second", 67.0),
            row("grey", 60.0, baseline=True, psnr=float("inf")),
        ],
        pictures=[PictureScore("a.jpg", "first", 90.0, 30.0, float("inf"), 0.9)],
        examples=[Example("<script>alert(1)</script>\n🌅.jpg", {"truth": picture})],
        skipped=[Skipped("bad\udce9.jpg", "not a picture")],
        truth_colorfulness=40.0,
        counted=8,
        size=16,
        curves={"first": [(10, 2.0), (20, 1.0)], "second": []},
        provenance={"photochrom": "0"},
    )


def test_a_report_is_four_files(evaluation, tmp_path):
    page = write_report(evaluation, tmp_path / "report")
    assert page.name == "index.html"
    names = {path.name for path in (tmp_path / "report").iterdir()}
    assert names == {"index.html", "scores.json", "scores.csv", "pictures.csv"}


def test_names_are_escaped(evaluation, tmp_path):
    html = write_report(evaluation, tmp_path).read_text(encoding="utf-8")
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_the_page_refers_to_nothing_outside(evaluation, tmp_path):
    html = write_report(evaluation, tmp_path).read_text(encoding="utf-8")
    assert all(found.startswith("data:") for found in re.findall(r'(?:src|href)="([^"]*)', html))
    assert "@import" not in html


def test_json_has_null_for_what_is_no_number(evaluation, tmp_path):
    write_report(evaluation, tmp_path)
    scores = json.loads((tmp_path / "scores.json").read_text(), parse_constant=pytest.fail)
    assert scores["rows"][2]["psnr"] is None
    assert scores["rows"][1]["auc_rebalanced"] == 67.0


def test_csv_has_a_line_a_row(evaluation, tmp_path):
    write_report(evaluation, tmp_path)
    with open(tmp_path / "scores.csv", newline="") as file:
        assert [line["name"] for line in csv.DictReader(file)] == ["first", "second", "grey"]


def test_the_sentences_name_the_leader_and_the_laggards(evaluation):
    said = " ".join(sentences(evaluation))
    assert "second has the highest rebalanced AuC" in said
    assert "every trained method is above grey" in said
    low = replace(evaluation, rows=[row("first", 50.0), *evaluation.rows[1:]])
    assert "1 of 2 trained methods are above grey" in " ".join(sentences(low))


def test_without_a_trained_method_it_says_so(evaluation):
    said = sentences(replace(evaluation, rows=evaluation.rows[2:]))
    assert said == ["No trained method was evaluated; the rows below are baselines."]


def test_a_report_that_fails_has_no_page(evaluation, tmp_path, monkeypatch):
    def full_disk(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("photochrom.report.png_bytes", full_disk)
    with pytest.raises(OSError, match="No space left"):
        write_report(evaluation, tmp_path)
    assert not (tmp_path / "index.html").exists()
