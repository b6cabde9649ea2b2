"""Scores of each source's images by themselves: computed, written, shown."""

import csv
import json
import math
import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from tallies import counted, ends

from photochrom.config import Architecture, EvaluateConfig
from photochrom.evaluation.evaluate import Contender, evaluate
from photochrom.evaluation.groups import by_source
from photochrom.evaluation.inference import holm
from photochrom.evaluation.methods import BASELINES
from photochrom.evaluation.results import Estimate, Evaluation, Row, SourceScores
from photochrom.models import Colorizer
from photochrom.quantize import Gamut
from photochrom.report import write_report

# One image at a time: convolutions of other batches round otherwise.
SMALL = EvaluateConfig(size=32, batch_size=1, examples=0)
SOURCES = ["flowers", "scenes", "flowers", "flowers", "scenes", "one", "scenes", "flowers"]
SCORES = ("auc_raw", "auc_rebalanced", "colorfulness", "colorfulness_difference")


@pytest.fixture
def contenders():
    """A method of two seeds."""
    torch.manual_seed(0)
    made = {}
    for seed in range(2):
        network = Colorizer(Architecture(method="regression", width=2, size=32), Gamut.srgb())
        with torch.no_grad():
            network.network.head.bias += seed
        made[f"net/seed-{seed}"] = Contender(network, "", method="net", seed=seed)
    return made


def of(source, images):
    return [image for image, own in zip(images, SOURCES, strict=True) if own == source]


def assert_same_values(found, alone):
    """`found`, of a source among others, has the values of the table `alone`."""
    assert found.images == alone.counted
    assert found.true_colorfulness == pytest.approx(alone.truth["colorfulness"], rel=1e-12)
    for row in alone.rows:
        # Those borrow from images of other sources, and draw by an image's place among all.
        if row.name not in ("random-image", "prior-sample"):
            for key in SCORES:
                value = row.scores[key].value
                # Sums of float64 in another order.
                assert found.scores[row.name][key].value == pytest.approx(value, rel=1e-12)


def test_a_source_scores_what_its_images_score_alone(contenders, images):
    found = evaluate(contenders, images, SMALL, sources=SOURCES).sources
    assert [one.source for one in found] == ["flowers", "scenes", "one"]  # the largest first
    for one in found:
        assert list(one.scores) == ["net", *BASELINES]
        assert_same_values(one, evaluate(contenders, of(one.source, images), SMALL))


def test_unreadable_images_are_left_out_of_their_source(photos, images):
    for name in ("2.png", "5.jpg"):  # one of the flowers, and the only one of its source
        (photos / name).write_text("no image")
    flowers, scenes = evaluate({}, images, SMALL, sources=SOURCES).sources
    assert (flowers.images, scenes.images) == (3, 3)
    for one in (flowers, scenes):
        assert_same_values(one, evaluate({}, of(one.source, images), SMALL))


def test_a_single_source_has_the_scores_and_intervals_of_the_table(contenders, images):
    # Each thrice: intervals need 20.
    told = evaluate(contenders, images * 3, SMALL, sources=["photos"] * 24)
    (found,) = told.sources
    for row in told.rows:
        for key in SCORES:
            one, other = found.scores[row.name][key], row.scores[key]
            assert ends(one) == pytest.approx(ends(other), rel=1e-12, nan_ok=True)
            assert math.isnan(one.low) is (key == "auc_rebalanced")  # which needs 50


def test_a_source_of_one_image_has_no_interval(images):
    *_, one = evaluate({}, images, SMALL, sources=SOURCES).sources
    for scores in one.scores.values():
        for score in scores.values():
            assert math.isfinite(score.value)
            assert math.isnan(score.low)
            assert math.isnan(score.high)


def test_without_sources_there_are_no_scores_by_source(images):
    assert evaluate({}, images[:2], SMALL).sources == []


def test_sources_are_as_many_as_images(images):
    with pytest.raises(ValueError, match=r"expected 8 sources, one an image, got 7"):
        evaluate({}, images, SMALL, sources=SOURCES[:7])


def shifted(*shifts, images=40):
    """Truth, rows and groups whose raw AuC differs by so many standard deviations in each group."""
    rng = np.random.default_rng(0)
    apart = rng.normal(size=(len(shifts), images))
    apart -= apart.mean(axis=1, keepdims=True)
    apart = apart / apart.std(axis=1, keepdims=True) + np.array(shifts)[:, None]
    base = rng.uniform(900, 1100, size=apart.size)
    areas = (base + apart.ravel(), base, base - 1 + rng.normal(size=apart.size), 0 * base)
    truth, *tallies = counted(np.full((apart.size, 1), 10), *(x[:, None] for x in areas))
    runs = {name: [tally] for name, tally in zip(("a", "b", "c", "gray"), tallies, strict=True)}
    return runs, truth, np.repeat([f"g{at}" for at in range(len(shifts))], images).tolist()


def pairs_of(runs, truth, sources, methods="ab", primary="auc_raw"):
    found = by_source(runs, truth, sources, dict.fromkeys(methods), primary)
    return {one.source: one.pairs for one in found}


def test_methods_are_compared_in_every_source_by_the_primary_metric():
    found = pairs_of(*shifted(0.5, 0.1), methods="abc")
    named = [("a", "b"), ("a", "c"), ("b", "c")]
    for source in ("g0", "g1"):
        assert [(one.first, one.second) for one in found[source]] == named
        assert {one.metric for one in found[source]} == {"auc_raw"}
    # In percent of 151 thresholds of ten pixels.
    difference = found["g0"][0].difference
    assert difference.value == pytest.approx(100 * 0.5 / 1510)
    assert difference.low > 0


def test_a_metric_that_is_not_told_by_source_has_no_pairs():
    assert pairs_of(*shifted(0.5, 0.1), primary="psnr") == {"g0": [], "g1": []}


def test_p_values_are_adjusted_over_all_sources():
    found = pairs_of(*shifted(0.34, 0.8, 0.02))
    pairs = [found[source][0] for source in ("g0", "g1", "g2")]
    assert [one.p_adjusted for one in pairs] == holm([one.p for one in pairs])
    # Of one source alone the first would be supported.
    assert pairs[0].p < 0.05 < pairs[0].p_adjusted
    assert [one.supported for one in pairs] == [False, True, False]


def test_a_pair_is_that_of_its_sources_images_alone():
    runs, truth, sources = shifted(0.34, 0.8)
    places = [place for place, source in enumerate(sources) if source == "g1"]
    alone = {name: [one.at(places) for one in tallies] for name, tallies in runs.items()}
    (one,) = pairs_of(alone, truth.at(places), ["g1"] * 40)["g1"]
    (other,) = pairs_of(runs, truth, sources)["g1"]
    assert (one.difference, one.p) == (other.difference, other.p)


def test_a_source_of_few_images_has_no_claims_and_costs_others_none():
    runs, truth, sources = shifted(0.34, 3.0)
    places = list(range(40 + 19))
    some = {name: [one.at(places) for one in tallies] for name, tallies in runs.items()}
    found = by_source(some, truth.at(places), sources[:59], dict.fromkeys("ab"), "auc_raw")
    (large,), (small,) = (one.pairs for one in found)
    assert np.isnan([small.p, small.p_adjusted, small.difference.low]).all()
    assert not small.supported
    assert large.p_adjusted == large.p < 0.05
    assert large.supported
    assert np.isnan([ends(one["auc_raw"])[1:] for one in found[1].scores.values()]).all()
    assert np.isfinite([ends(one["auc_raw"]) for one in found[0].scores.values()]).all()


def test_what_is_not_supported_over_all_sources_says_how_many_images_are_needed():
    pair = pairs_of(*shifted(0.34, 0.02))["g0"][0]
    assert pair.p < 0.05 < pair.p_adjusted
    # (2.802 / 0.34)² = 67.9, of a variance over 39.
    assert pair.images_needed == math.ceil(67.9 * 40 / 39)


@pytest.fixture
def told():
    def scores(value):
        return {key: Estimate(value, value - 1, value + 1) for key in SCORES}

    rows = [Row("gray", "", True, scores(10.0)), Row("<mine>", "", False, scores(20.0))]
    single = {key: Estimate(31.5) for key in SCORES}
    sources = [
        SourceScores("<b>\udce9", 1200, 33.3, {"gray": scores(11.0), "<mine>": scores(21.0)}),
        SourceScores("one", 1, math.nan, {"gray": single, "<mine>": single}),
    ]
    return Evaluation(rows, [], [], [], [], {"colorfulness": 40.0}, 1201, 16, sources=sources)


def test_sources_csv_has_a_line_a_source_and_row(told, tmp_path):
    write_report(told, tmp_path)
    with open(tmp_path / "sources.csv", newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert [(line["source"], line["row"]) for line in lines] == [
        *(("<b>?", "gray"), ("<b>?", "<mine>"), ("one", "gray"), ("one", "<mine>"))
    ]
    first, last = lines[1], lines[3]
    assert (first["images"], first["true_colorfulness"]) == ("1200", "33.3")
    assert [first[f"auc_raw{end}"] for end in ("", "_low", "_high")] == ["21.0", "20.0", "22.0"]
    assert [last[f"colorfulness{end}"] for end in ("", "_low", "_high")] == ["31.5", "", ""]
    assert last["true_colorfulness"] == ""


def test_scores_json_has_the_scores_by_source(told, tmp_path):
    write_report(told, tmp_path)
    first, one = json.loads((tmp_path / "scores.json").read_text("utf-8"))["sources"]
    assert (first["source"], first["images"]) == ("<b>?", 1200)
    assert first["scores"]["<mine>"]["auc_rebalanced"] == {"value": 21.0, "low": 20.0, "high": 22.0}
    assert one["scores"]["gray"]["auc_raw"] == {"value": 31.5, "low": None, "high": None}


def section(told, folder):
    page = write_report(told, folder).read_text("utf-8")
    return page.partition('<section id="by-source">')[2].partition("</section>")[0]


def test_the_page_has_a_table_a_score_with_a_line_a_source(told, tmp_path):
    html = section(told, tmp_path)
    assert re.findall("<h[23]>(.*)</h[23]>", html) == [
        *(
            "By source",
            "Raw AuC, %",
            "Rebalanced AuC, %",
            "Colorfulness",
            "Colorfulness − truth&#39;s",
        )
    ]
    assert re.findall(r'<th scope="row">(.*)<small>(.*)</small>', html) == 4 * [
        ("all", "1,201 images"),
        ("&lt;b&gt;?", "1,200 images"),
        ("one", "1 image"),
    ]
    assert html.count("<span>21.00</span><small>20.00 to 22.00</small>") == 2
    assert html.count("<span>31.50</span><small></small>") == 4


def test_trained_methods_stand_before_baselines_and_the_truth_before_colorfulness(told, tmp_path):
    tables = section(told, tmp_path).split("<h3>")[1:]
    heads = [re.findall(r'<th scope="col"[^>]*>(.*)</th>', table) for table in tables]
    plain = ["source", "&lt;mine&gt;", "gray"]
    assert heads == [plain, plain, ["source", "true images", *plain[1:]], plain]
    assert re.findall(r"<td>([\d.–]+)</td>", tables[2]) == ["40.0", "33.3", "–"]


def test_a_report_without_sources_keeps_no_older_ones(told, tmp_path):
    write_report(told, tmp_path)
    assert "By source" not in write_report(replace(told, sources=[]), tmp_path).read_text("utf-8")
    assert not (tmp_path / "sources.csv").exists()


@pytest.fixture
def table(tmp_path, images):
    path = tmp_path / "index.tsv"
    lines = [f"{p.name}\t{source}\n" for p, source in zip(images, SOURCES, strict=True)]
    path.write_text("".join(["key\tsource\n", *lines[::-1]]))
    return path


def test_the_command_tells_scores_by_source(run, reading, table, photos, tmp_path):
    assert run(*reading("evaluate", photos), "--group-by", table)[0] == 0
    scores = json.loads((tmp_path / "out" / "scores.json").read_text("utf-8"))
    found = [(one["source"], one["images"]) for one in scores["sources"]]
    assert found == [("flowers", 4), ("scenes", 3), ("one", 1)]
    assert scores["provenance"]["sources"] == str(table)


def test_a_image_without_a_source_is_refused_before_any_is_scored(
    refusal, reading, table, photos, tmp_path
):
    table.write_text("key\tsource\n0.png\tflowers\n")
    said = refusal(*reading("evaluate", photos), "--group-by", table)
    assert said == (
        f"{table}: expected a line for each of 8 images, got none for 7: the first is 1.jpg"
    )
    assert not (tmp_path / "out").exists()
