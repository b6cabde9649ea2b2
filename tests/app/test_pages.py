"""The pages of the app, by Streamlit's own test: what is asked, what is shown."""

import io
import zipfile

import numpy as np
import pytest
from app_world import captions, compared, data_of, dropped, encoded, errors, page as page, sound

from photochrom.app.session import Point
from photochrom.models import Colorizer

GRAY = np.tile(np.arange(0, 250, 5, dtype=np.uint8), (40, 1))


def picked(app, x, y):
    """As a click would do."""
    app.session_state["point"] = Point(x, y)
    app.session_state["view"] = "Colors at a point"
    return sound(app.run())


def test_a_sample_is_colorized_at_first_sight(page):
    app = page()
    data = compared(app)
    assert (data["left"], data["right"]) == ("gray", "photochrom")
    assert data["before"] != data["after"]
    assert [box.value for box in app.selectbox if box.label in ("Model", "Beside it")] == [
        "photochrom",
        "photochrom-l2",
    ]
    assert any("PSNR" in caption for caption in captions(app))


def test_the_slider_changes_the_image_without_the_network(page, monkeypatch):
    app = page()
    before = compared(app)
    monkeypatch.setattr(Colorizer, "features", None)
    after = compared(sound(app.slider(key="temperature").set_value(0.9).run()))
    assert after["after"] != before["after"]
    assert after["before"] == before["before"]


def test_a_dropped_image_takes_the_place_of_the_sample(page):
    app = dropped(page(), ("mine.png", encoded(GRAY)))
    assert "mine.png, 50 × 40: drag the divider, click a point." in captions(app)
    assert "sample" not in [box.key for box in app.selectbox]
    assert not any("PSNR" in caption for caption in captions(app))  # gray is no truth


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"no image", "mine.png: not an image."),
        (
            encoded(np.zeros((200, 100), np.uint8)),
            "mine.png: expected at most 0.01 megapixels, got 100 × 200 pixels: "
            "--max-megapixels raises the limit.",
        ),
    ],
)
def test_a_wrong_file_is_told_in_one_sentence(page, data, said):
    app = dropped(page(max_megapixels=0.01, models=["photochrom"]), ("mine.png", data))
    assert errors(app) == [said]
    assert not app.get("bidi_component")


def test_two_sessions_do_not_see_each_others_images(page):
    one, other = page(), page()
    dropped(one, ("mine.png", encoded(GRAY)))
    other.run()
    assert other.session_state["opened"][1].name == "snow_peaks.jpg"
    assert one.session_state["opened"][1].name == "mine.png"


def test_a_batch_is_a_zip_and_what_failed_is_told(page):
    app = page()
    dropped(app, ("a.png", encoded(GRAY)), ("b.png", b"no"), ("c.png", encoded(GRAY.T.copy())))
    (button,) = [one for one in app.button if one.label == "Colorize all 3"]
    sound(button.click().run())
    assert errors(app) == ["b.png: not an image."]
    assert [one.label for one in app.download_button] == ["Download", "Download all"]
    with zipfile.ZipFile(io.BytesIO(app.session_state["zip"][1])) as held:
        assert held.namelist() == ["a-color.png", "c-color.png"]


def test_a_point_shows_its_colors_and_a_choice_can_be_undone(page):
    app = picked(page(), 0.5, 0.1)
    data = data_of(app, "palette")
    assert data["plane"].startswith("<svg")
    assert data["colors"][0].keys() == {"css", "told"}
    plain = compared(app)["after"]
    assert app.button(key="undo").disabled
    app.session_state["opened"][1].seen["photochrom"].choose(Point(0.5, 0.1), (0.0, 50.0))
    sound(app.run())
    assert compared(app)["after"] != plain
    assert app.button(key="undo").label == "Undo (1)"
    sound(app.button(key="undo").click().run())
    assert compared(app)["after"] == plain


def test_another_image_has_no_point_and_no_alternative(page):
    app = picked(page(), 0.5, 0.1)
    app.session_state["alternative"] = 2
    sound(app.selectbox(key="sample").set_value("cat").run())
    assert compared(app)["mark"] is None
    assert "alternative" not in app.session_state


def test_an_alternative_can_be_taken_and_given_back(page):
    app = page()
    plain = compared(app)["after"]
    app.session_state["view"] = "Alternatives"
    sound(app.run())
    sound(app.button(key="alternative 2").click().run())
    assert compared(app)["after"] != plain
    (back,) = [one for one in app.button if one.label == "Back to the plain one"]
    sound(back.click().run())
    assert compared(app)["after"] == plain


def test_entropy_is_a_image_with_its_mean(page):
    app = page()
    app.session_state["view"] = "Entropy"
    sound(app.run())
    (image,) = app.image
    assert "black is certain, white 8 bits or more; mean" in image.captions[0]


@pytest.mark.parametrize("view", ["Colors at a point", "Alternatives", "Entropy"])
def test_a_regression_says_that_it_has_no_distributions(page, view):
    app = page(models=["photochrom-l2"])
    app.session_state["view"] = view
    sound(app.run())
    assert "A regression gives one color a pixel" in app.info[0].value
    assert app.slider(key="temperature").disabled


def test_the_prior_page_shows_the_shipped_prior(page):
    app = page("prior")
    assert [one.value for one in app.subheader] == ["photographs"]
    assert len(app.image) == 1


def test_a_dropped_prior_is_compared_with_the_shipped_one(page, prior):
    app = dropped(page("prior"), ("mine.h5", prior.read_bytes()))
    assert [one.value for one in app.subheader] == ["mine.h5", "mine.h5 and photographs"]
    assert app.metric[0].label == "L1"


def test_dropped_images_are_counted(page, photos):
    files = [(path.name, path.read_bytes()) for path in sorted(photos.iterdir())]
    app = dropped(page("prior"), *files)
    assert app.subheader[0].value == "8 files"


def test_a_folder_at_home_is_counted_and_a_wrong_one_is_told(page, photos):
    app = page("prior")
    sound(app.text_input[0].set_value(str(photos)).run())
    assert app.subheader[0].value == str(photos)
    sound(app.text_input[0].set_value("nowhere").run())
    (said,) = errors(app)
    assert "nowhere" in said


def test_a_foreign_file_is_no_prior(page):
    app = dropped(page("prior"), ("mine.h5", b"\x89HDF\r\n\x1a\n and nothing"))
    (said,) = errors(app)
    assert "mine.h5: expected a prior as photochrom prior build writes it" in said


@pytest.mark.parametrize("name", ["prior", "study"])
def test_away_from_home_no_folder_can_be_named(page, name):
    assert not page(name, host="0.0.0.0").text_input


def test_a_study_is_shown_and_what_is_none_is_told(page, tmp_path):
    for name, text in {"index.html": "<h1>my report</h1>", "scores.json": "{}"}.items():
        (tmp_path / name).write_text(text)
    app = page("study", studies=(str(tmp_path),), host="0.0.0.0")
    assert data_of(app, "report")["page"] == "<h1>my report</h1>"
    app = page("study")
    sound(app.text_input[0].set_value(str(tmp_path / "other")).run())
    assert errors(app) == [
        f"{tmp_path / 'other'}: expected the folder of a finished study, found no report in it."
    ]
