"""The files of a report: whole or not at all, and what the JSON and the CSV hold."""

import csv
import json
from dataclasses import replace

import pytest
from report_world import NAME, bare as bare, evaluation as evaluation

from photochrom.metrics import METRICS
from photochrom.report import write_report
from photochrom.report.formatting import DEFINITIONS

FILES = {"index.html", "scores.json", "scores.csv", "pairs.csv", "images.csv"}


@pytest.fixture
def lines_of(evaluation, tmp_path):
    def read(name):
        write_report(evaluation, tmp_path)
        with open(tmp_path / name, newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    return read


def test_a_report_is_five_files(evaluation, tmp_path):
    page = write_report(evaluation, tmp_path / "report")
    assert page == tmp_path / "report" / "index.html"
    assert {path.name for path in page.parent.iterdir()} == FILES


def test_json_has_null_for_what_is_no_number(evaluation, tmp_path):
    write_report(evaluation, tmp_path)
    scores = json.loads((tmp_path / "scores.json").read_text("utf-8"), parse_constant=pytest.fail)
    assert scores["rows"][0]["scores"]["psnr"]["value"] is None
    assert scores["rows"][2]["scores"]["auc_rebalanced"]["value"] == 67.0
    assert scores["thresholds"]["first"]["rebalanced"][0] is None
    assert scores["examples"] == [
        {
            "image": NAME.replace("\udce9", "?"),
            "why": "random",
            "scores": {"first": {"auc_raw": 91.23, "delta_e": 4.56}},
        }
    ]


def test_scores_csv_has_a_line_a_row_and_three_columns_a_score(lines_of):
    lines = lines_of("scores.csv")
    assert [line["name"] for line in lines] == ["gray", "first", "second"]
    assert [lines[2][f"auc_rebalanced{end}"] for end in ("", "_low", "_high")] == [
        *("67.0", "66.0", "68.0")
    ]
    assert lines[0]["nll"] == lines[0]["nll_low"] == ""
    assert {metric.key for metric in METRICS} < set(lines[0])


def test_images_csv_keeps_a_name_of_two_lines_in_one_field(lines_of):
    (line,) = lines_of("images.csv")
    assert list(line) == ["image", "row", "seed", "auc_raw", "psnr"]
    assert list(line.values()) == [NAME.replace("\udce9", "?"), "first", "1", "90.0", "inf"]


def test_pairs_csv_has_both_ends_of_the_interval(lines_of):
    (line,) = lines_of("pairs.csv")
    assert [line[f"difference{end}"] for end in ("", "_low", "_high")] == ["1", "0.5", "1.5"]
    assert (line["p"], line["p_adjusted"]) == ("0.0005", "0.001")
    assert (line["supported"], line["images_needed"]) == ("True", "")


def full_disk(*_):
    raise OSError(28, "No space left on device")


def test_a_page_that_cannot_be_made_leaves_an_older_report(evaluation, tmp_path, monkeypatch):
    write_report(evaluation, tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    monkeypatch.setattr("photochrom.report.image_grid.png_bytes", full_disk)
    with pytest.raises(OSError, match="No space left"):
        write_report(replace(evaluation, counted=9), tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_report_that_fails_midway_has_no_page(evaluation, tmp_path, monkeypatch):
    write_report(evaluation, tmp_path)  # nor may this older one stand over newer numbers
    monkeypatch.setattr("photochrom.report.html.scores_csv", full_disk)
    with pytest.raises(OSError, match="No space left"):
        write_report(evaluation, tmp_path)
    assert not (tmp_path / "index.html").exists()


def test_every_score_is_explained():
    assert set(DEFINITIONS) == {metric.key for metric in METRICS}
