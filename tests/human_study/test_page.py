"""The human-study page as a file: its images, its names and what it allows."""

import base64
import hashlib
import html
import io
import json
import re

import numpy as np
import pytest
from PIL import Image
from skimage.color import rgb2gray

from photochrom.human_study import (
    write_human_study,
)
from photochrom.human_study.page import absurd


def drawn(seed, side=24):
    return np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)


def grayed(rgb):
    return np.repeat(rgb[..., 1:2], 3, axis=-1)


@pytest.fixture
def truth():
    return {f"{n:02}.png": drawn(n) for n in range(20)}


@pytest.fixture
def methods(truth):
    return {
        "gray": {name: grayed(rgb) for name, rgb in truth.items()},
        "inverted": {name: 255 - rgb for name, rgb in truth.items()},
    }


def embedded(page):
    """What the page's script reads."""
    text = page.read_text(encoding="utf-8")
    return json.loads(re.search(r'id="study">(.*?)</script>', text, re.DOTALL)[1])


def pixels(uri):
    return Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2])))


def test_the_page_and_its_description_belong_together(truth, methods, tmp_path):
    page = write_human_study(truth, methods, tmp_path / "study", seed=3, trials=5, attention=2)
    assert page == tmp_path / "study" / "index.html"
    told = json.loads((tmp_path / "study" / "study.json").read_text())
    study = embedded(page)
    assert (told["id"], told["seed"], told["methods"]) == (study["id"], 3, ["gray", "inverted"])
    assert told["images"] == [one["name"] for one in study["images"]]
    assert sorted(path.name for path in page.parent.iterdir()) == ["index.html", "study.json"]


def test_the_same_study_is_written_byte_for_byte(truth, methods, tmp_path):
    one, other, reseeded = (
        write_human_study(truth, methods, tmp_path / name, seed=seed, trials=5)
        for name, seed in (("one", 0), ("other", 0), ("reseeded", 1))
    )
    assert one.read_bytes() == other.read_bytes()
    assert embedded(one)["id"] != embedded(reseeded)["id"]


def test_counted_pairs_share_no_image_with_practice_and_attention(truth, methods, tmp_path):
    study = embedded(write_human_study(truth, methods, tmp_path, trials=12, attention=4))
    counted = {one["name"] for one in study["images"]}
    beside = {one["image"] for one in (*study["practice"], *study["attention"])}
    assert (len(counted), len(beside)) == (12, 8)  # 4 practice pairs, 2 of each method; 4 checks
    assert not counted & beside


def test_too_few_images_leave_at_most_a_sixth_to_practice_and_attention(truth, methods, tmp_path):
    study = embedded(write_human_study(truth, methods, tmp_path, trials=80, attention=8))
    beside = {one["image"] for one in (*study["practice"], *study["attention"])}
    assert (len(beside), study["trials"]) == (3, 17)  # 20 // 6 = 3
    assert len(study["attention"]) == 8


def test_two_images_make_a_study(truth, methods, tmp_path):
    two = dict(list(truth.items())[:2])
    assert embedded(write_human_study(two, methods, tmp_path))["trials"] == 1


@pytest.mark.parametrize("number", [1, 2, 3, 5, 7])
def test_practice_shows_every_method_equally_often(number, truth, tmp_path):
    many = {str(n): {name: rgb // (n + 2) for name, rgb in truth.items()} for n in range(number)}
    study = embedded(write_human_study(truth, many, tmp_path))
    shown = [one["method"] for one in study["practice"]]
    assert len(shown) >= 4
    assert {shown.count(name) for name in many} == {len(shown) // number}


@pytest.mark.parametrize(("side", "kind"), [(191, "PNG"), (192, "JPEG")])
def test_the_photograph_and_its_colorization_are_encoded_alike(side, kind, tmp_path):
    truth = {"a": drawn(0, side), "b": drawn(1, side)}
    study = embedded(
        write_human_study(truth, {"m": {n: grayed(a) for n, a in truth.items()}}, tmp_path)
    )
    files = [pixels(uri) for uri in study["sources"]]
    assert {file.format for file in files} == {kind}
    if kind == "JPEG":
        assert {str(file.quantization) for file in files} == {str(files[0].quantization)}
        # Quality 95: a tenth of the tables of annex K, whose luminance begins with 16: 1.6 ≈ 2.
        assert files[0].quantization[0][0] == 2
        assert {layer[1:3] for file in files for layer in file.layer} == {(1, 1)}  # 4:4:4


def test_a_small_image_is_embedded_as_it_is(truth, methods, tmp_path):
    study = embedded(write_human_study(truth, methods, tmp_path))
    for one in study["images"]:
        np.testing.assert_array_equal(pixels(study["sources"][one["truth"]]), truth[one["name"]])
        for place, method in enumerate(study["methods"]):
            shown = pixels(study["sources"][one["made"][place]])
            np.testing.assert_array_equal(shown, methods[method][one["name"]])


def test_an_image_is_embedded_once(truth, methods, tmp_path):
    same = {"one": methods["gray"], "other": methods["gray"], "perfect": truth}
    page = write_human_study(truth, same, tmp_path, trials=5, attention=1)
    study = embedded(page)
    assert len(set(study["sources"])) == len(study["sources"]) == page.read_text().count("data:i")
    # 5 counted and 3 + 3 practice pairs of two images each, and one fake for attention; of the 6
    # practice pairs 2 are of the method that is the truth; the attention check has its own truth.
    assert len(study["sources"]) == 5 * 2 + 6 + 4 + 2


def test_an_attention_check_is_colored_absurdly_whatever_it_shows():
    for rgb in (drawn(0), np.full((40, 60, 3), 128, np.uint8), np.zeros((40, 60, 3), np.uint8)):
        fake = absurd(rgb)
        assert fake.shape == rgb.shape
        spread = np.ptp(fake.astype(int), axis=-1)  # 0 where gray
        assert np.median(spread) > 60
    middle = np.full((40, 60, 3), 128, np.uint8)
    # Clipping of saturated colors to sRGB changes luma: within a tenth for most pixels.
    assert np.median(np.abs(rgb2gray(absurd(middle)) - rgb2gray(middle))) < 0.1


@pytest.mark.parametrize(
    "name", ["</script><script>alert(1)</script>", "<!--<script>", "a'\"&\u2028`${x}{{ 7 }}"]
)
def test_a_name_is_never_markup(name, truth, methods, tmp_path):
    renamed = {f"{name}{n}": rgb for n, rgb in enumerate(truth.values())}
    made = {f"{name}{n}": rgb for n, rgb in enumerate(methods["gray"].values())}
    page = write_human_study(renamed, {name: made}, tmp_path)
    text = page.read_text(encoding="utf-8")
    assert (text.count("<script"), text.count("</script>")) == (2, 2)
    assert "<" not in re.search(r'id="study">(.*?)</script>', text, re.DOTALL)[1]
    assert embedded(page)["methods"] == [name]


def test_a_name_that_is_not_utf_8_is_written_as_text(truth, tmp_path):
    odd = {f"\udce9{name}": rgb for name, rgb in truth.items()}
    study = embedded(write_human_study(odd, {"\udce9": odd}, tmp_path))
    assert study["methods"] == ["\\udce9"]


def test_the_page_allows_its_own_script_and_style_and_nothing_else(truth, methods, tmp_path):
    text = write_human_study(truth, methods, tmp_path).read_text(encoding="utf-8")
    policy = html.unescape(re.search(r'Security-Policy" content="([^"]*)"', text)[1])
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]
    script = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)[0]

    def allowed(code):
        return "'sha256-" + base64.b64encode(hashlib.sha256(code.encode()).digest()).decode() + "'"

    assert policy == (
        f"default-src 'none'; img-src data:; style-src {allowed(style)}; "
        f"script-src {allowed(script)}; base-uri 'none'; form-action 'none'"
    )
    assert not re.search(r"https?://|@import|url\(|<link|\bstyle=|\bon\w+=", text)


def test_the_visible_page_names_no_method(truth, methods, tmp_path):
    text = write_human_study(truth, methods, tmp_path).read_text(encoding="utf-8")
    visible = re.sub(r"<(script|style).*?</\1>", "", text, flags=re.DOTALL)
    assert not re.search("gray|inverted|data:", visible.partition("<body>")[2])


def test_eighty_photographs_and_four_methods_stay_below_40_megabytes(samples, tmp_path):
    squares = [
        np.asarray(Image.open(path).convert("RGB").resize((256, 256)))
        for path in sorted(samples.glob("*.jpg"))
    ]
    turned = [np.rot90(rgb, k) for rgb in squares for k in range(4)][:80]
    truth = {str(n): np.ascontiguousarray(rgb) for n, rgb in enumerate(turned)}
    methods = {
        str(m): {name: np.ascontiguousarray(np.roll(rgb, m + 1, -1)) for name, rgb in truth.items()}
        for m in range(4)  # channels in another order: as much detail as a photograph has
    }
    assert write_human_study(truth, methods, tmp_path).stat().st_size < 40e6


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"truth": {"a": drawn(0)}},
            "expected 2 images or more for a human study, got 1: add some",
        ),
        ({"methods": {}}, "expected at least one method for a human study, got none: name one"),
        ({"trials": 0}, "trials must be 1 or more, got 0"),
        ({"attention": -1}, "attention must be 0 or more, got -1"),
        ({"methods": {"m": {}}}, "m: expected a colorization of 00.png, found none: add it"),
        (
            {"methods": {"m": {f"{n:02}.png": drawn(n, 25) for n in range(20)}}},
            "m: expected 00.png as 24×24, got 25×25: resize it",
        ),
    ],
)
def test_a_study_that_cannot_be_made_is_refused(change, said, truth, methods, tmp_path):
    asked = {"truth": truth, "methods": methods, "folder": tmp_path / "study"} | change
    with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        write_human_study(**asked)
    assert not (tmp_path / "study").exists()
