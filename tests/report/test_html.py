"""What stands on a report's page, and how it is marked."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest
from report_world import bare as bare, evaluation as evaluation, example, headings, pair, row

from photochrom.evaluation.results import Estimate, Row, SourceScores, Thresholds, Trial
from photochrom.report import write_report


@pytest.fixture
def html_of(tmp_path):
    return lambda evaluation: write_report(evaluation, tmp_path).read_text(encoding="utf-8")


def test_names_are_escaped(evaluation, html_of):
    html = html_of(evaluation)
    assert not re.search(r"<script|<b>|<0>", html)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\n🌅?.jpg" in html


def test_a_method_may_be_called_anything(bare, html_of):
    name = "<b> $\\foo$ \udce9🌅"
    rows = [replace(bare.rows[1], name=name, method=name), bare.rows[2]]
    pairs = [pair(name, "second", 1, key="psnr", wins=math.nan)]
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


def test_every_image_has_a_text(evaluation, html_of):
    images = re.findall(r"<img[^>]*>", html_of(evaluation))
    assert images
    assert all(re.search(r'alt="[^"]+"', image) for image in images)


def test_a_full_report_has_every_part(evaluation, html_of):
    assert headings(html_of(evaluation)) == [
        *("What the numbers say", "Scores", "Probabilities of the classifiers", "Pairs"),
        *("Figures", "AuC against threshold", "Temperature", "Chroma", "Calibration"),
        *("Training", "Hue confusion", "Images", "Random images", "Left out", "Made with"),
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
    assert names == ["first", "second", "gray"]


def test_a_significant_lead_is_bold(evaluation, html_of):
    assert '<td class="leads"><span>67.00</span>' in html_of(evaluation)


def test_a_lead_that_is_not_significant_is_not_bold(evaluation, html_of):
    html = html_of(replace(evaluation, pairs=[pair("second", "first", 1, p=0.06, needed=1234)]))
    assert not re.search('<td class="leads">', html)
    assert re.findall('<td class="level"><span>([^<]*)', html) == ["66.00", "67.00"]
    assert "not significant; about 1,300 images needed" in html
    assert "p = .030, adjusted p = .060" in html


def test_intervals_that_are_apart_claim_nothing_without_a_pair(evaluation, html_of):
    html = html_of(replace(evaluation, pairs=[]))  # 65 to 67 and 66 to 68 would overlap anyhow
    assert not re.search('<td class="leads">', html)


def test_the_primary_metric_is_named_and_its_pairs_come_first(evaluation, html_of):
    pairs = [pair("second", "first", 1), pair("second", "first", 1, key="psnr")]
    html = html_of(replace(evaluation, pairs=pairs, primary="psnr"))
    assert "Primary metric, set before the run: PSNR." in html
    columns = re.findall(r'<th scope="col">([^<]*)', html[html.index('<section id="pairs">') :])
    assert columns[:3] == ["first − second", "PSNR, dB", "rebalanced AuC, %"]


def test_what_was_tried_is_a_table_and_never_a_result(evaluation, html_of):
    trials = [
        Trial("first", "lr-0.001", 61.0, "gain 2", True),
        Trial("first", "lr-0.1", math.nan, "diverged", False),
        Trial("first/seed-0", "", 62.0, "gain 1.5", True),
    ]
    html = html_of(replace(evaluation, trials=trials))
    section = html[html.index('<section id="selection">') :].partition("</section>")[0]
    assert "they are no results" in section
    assert re.findall("<span>([^<]*)</span>", section) == ["61.00", "–", "62.00"]
    assert section.count('class="leads"') == 1


def test_pairs_by_source_are_a_table_of_the_primary_metric(evaluation, html_of):
    scores = {"first": {"auc_raw": Estimate(90.0)}}
    source = SourceScores("birds", 40, 33.0, scores, [pair("second", "first", 1)])
    html = html_of(replace(evaluation, sources=[source]))
    assert headings(html)[-1] == "Made with"
    section = html[html.index("Pairs by source, rebalanced AuC") :]
    assert "<small>40 images</small></th><td>second − first</td>" in section
    assert "<td>first is better</td>" in section


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
        pairs = [pair("first", "second", 1, key=key) for key in of]
        html = html_of(replace(bare, rows=rows, pairs=pairs))
        assert html.count('<td class="leads">') == marked


def test_a_image_stands_with_its_scores(evaluation, html_of):
    assert "AuC 91.2, ΔE 4.6" in html_of(evaluation)


def test_random_images_come_first(evaluation, html_of):
    shown = [example(why=why) for why in ("disagree", "worst", "best", "random")]
    found = [head for head in headings(html_of(replace(evaluation, examples=shown)))]
    assert found[found.index("Images") + 1 : found.index("Left out")] == [
        "Random images",
        "Where the methods did best",
        "Where the methods did worst",
        "Where the methods disagree most",
    ]


def test_a_map_of_entropy_is_a_image_more(evaluation, html_of):
    entropy = {"first": np.full((16, 16), 255, dtype=np.uint8)}
    html = html_of(replace(evaluation, examples=[replace(example(), entropy=entropy)]))
    assert html.count("<img") == 4
    assert "first, entropy" in html


def test_a_small_image_is_shown_as_it_is(evaluation, html_of):
    html = html_of(evaluation)
    assert html.count("data:image/png") == 3
    assert "JPEG" not in html


def test_a_large_image_is_shown_as_jpeg_and_the_page_says_so(evaluation, html_of):
    large = example(image=np.zeros((193, 193, 3), dtype=np.uint8))
    html = html_of(replace(evaluation, size=193, examples=[large]))
    assert html.count("data:image/jpeg") == 3
    assert "shown as JPEG of quality 90" in html


def test_many_images_become_jpeg_before_the_page_is_too_heavy(evaluation, html_of, monkeypatch):
    noise = np.random.default_rng(0).integers(0, 256, (48, 48, 3), dtype=np.uint8)
    monkeypatch.setattr("photochrom.report.image_grid._BYTES", 22_000)  # PNG: 3 × 9.3 kB
    html = html_of(replace(evaluation, examples=[example(image=noise)]))
    assert "data:image/jpeg" in html


def test_what_is_too_heavy_even_so_is_left_out_and_the_page_says_so(
    evaluation, html_of, monkeypatch
):
    shown = [example(), example(), example(), example(why="worst")]
    monkeypatch.setattr("photochrom.report.image_grid._BYTES", 10_000)  # JPEG: 3 × 0.9 kB each
    html = html_of(replace(evaluation, examples=shown, size=193))
    assert len(re.findall("<h4>", html)) == 3  # two random and the worst
    assert "1 more example would have made the page too heavy" in html


def test_a_cost_that_no_method_has_leaves_its_column_empty(bare, tmp_path):
    rows = [replace(row, steps=None if row.baseline else 10) for row in bare.rows]
    page = write_report(replace(bare, rows=rows), tmp_path).read_text()
    assert "<h3>Cost</h3>" in page
