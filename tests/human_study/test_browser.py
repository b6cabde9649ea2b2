"""The human-study page in a real browser: Debian's chromium, driven by Playwright."""

import json
import shutil
from collections import Counter

import numpy as np
import pytest
from playwright.sync_api import expect, sync_playwright

from photochrom.human_study import read_answers, write_human_study

SECONDS = 60_000  # ms: cores may be busy
HOSTILE = "</script><script>window.hacked = 1</script>"
TRIALS, CHECKS, PRACTICE = 7, 2, 4

# When the stage was seen to change, by the browser's own clock.
WATCH = """
window.changes = [];
document.addEventListener("DOMContentLoaded", () => new MutationObserver(() => {
  changes.push([performance.now(), document.getElementById("stage").classList.contains("shown")]);
}).observe(document.getElementById("stage"), { attributeFilter: ["class"] }));
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A page on 13 images: a photograph is light, gray is dark, and the other method is red."""
    rng = np.random.default_rng(0)
    truth = {f"{n}.png": rng.integers(128, 256, (32, 48, 3), dtype=np.uint8) for n in range(13)}
    methods = {
        HOSTILE: {name: rgb // 2 for name, rgb in truth.items()},
        "red": {name: rgb * np.array([1, 0, 0], np.uint8) for name, rgb in truth.items()},
    }
    folder = tmp_path_factory.mktemp("study")
    return write_human_study(truth, methods, folder, trials=TRIALS, attention=CHECKS)


@pytest.fixture(scope="module")
def browser():
    found = shutil.which("chromium")
    assert found, "expected chromium, found none: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visit(browser, study):
    """Open the page as one more person; whatever it asks for or complains of fails the test."""
    contexts, heard = [], []

    def open_page(rater="anna", *, clock=True, width=1280, height=800, **options):
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(SECONDS)
        page.on("console", lambda message: heard.append(message.text))
        page.on("pageerror", lambda error: heard.append(str(error)))
        page.on("request", lambda request: heard.append(request.url[:80]))
        if clock:
            page.clock.install()
        else:
            page.add_init_script(WATCH)
        page.goto(f"{study.as_uri()}?rater={rater}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [line for line in heard if not line.startswith(("data:", study.as_uri()))] == []


def begin(page):
    page.get_by_role("button", name="I agree, start the practice").press("Enter")


def wait_for(page, selector):
    """Let the page's clock run until it shows something."""
    for _ in range(200):
        if page.locator(selector).is_visible():
            return
        page.clock.run_for(400)  # less than a pair is visible for
    raise AssertionError(f"{selector} is not shown")


def answer(page, key="ArrowLeft"):
    wait_for(page, "#stage.asking")
    page.keyboard.press(key)


def practice(page):
    for _ in range(PRACTICE):
        answer(page)
        page.keyboard.press("Enter")  # Next pair
    expect(page.get_by_role("heading", name="The practice is over")).to_be_visible()
    page.keyboard.press("Enter")  # Continue


def finish(page, key="ArrowLeft"):
    begin(page)
    practice(page)
    for _ in range(TRIALS + CHECKS):
        answer(page, key)
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()


def state(page):
    """What the browser has saved."""
    return page.evaluate("JSON.parse(Object.values(localStorage)[0])")


def download(page, kind, folder):
    with page.expect_download() as waiting:
        page.get_by_role("button", name=f"Download answers ({kind})").click()
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


def test_a_pair_is_visible_for_one_second_and_then_asked_about(visit):
    page = visit(clock=False)
    begin(page)
    page.wait_for_selector("#stage.shown")
    assert page.locator("#stage img").count() == 2
    assert page.get_by_role("button", name="Left was real").get_attribute("aria-disabled") == "true"
    page.keyboard.press("ArrowLeft")  # too early: not an answer
    page.wait_for_selector("#stage.asking")
    assert page.locator("#stage img").count() == 0
    (shown, hidden) = page.evaluate("changes.filter(([, s], i, all) => s !== (all[i - 1]?.[1]))")[
        -2:
    ]
    assert (shown[1], hidden[1]) == (True, False)
    assert state(page)["answers"] == []
    recorded = state(page)["shown"]["ms"]
    assert recorded >= 992  # the frame nearest to the second, at 60 Hz or more
    assert recorded == pytest.approx(hidden[0] - shown[0], abs=50)  # three frames


def test_a_session_by_keyboard_ends_in_files_that_judge_reads(visit, tmp_path):
    page = visit()
    finish(page)
    files = [download(page, kind, tmp_path) for kind in ("JSON", "CSV")]
    assert [path.name for path in files] == ["answers-anna.json", "answers-anna.csv"]
    (merged,) = read_answers(files)  # equal, or they would be refused
    assert (merged.rater, merged.session) == ("anna", state(page)["session"])
    content = json.loads(files[0].read_text())
    assert content["answers"] == state(page)["answers"]
    assert content["complete"]
    kinds = [one.kind for one in merged.answers]
    assert kinds[:PRACTICE] == ["practice"] * PRACTICE
    assert Counter(kinds[PRACTICE:]) == {"test": TRIALS, "attention": CHECKS}
    assert all(one.answer == "left" and one.seen for one in merged.answers)


def test_methods_and_sides_are_balanced_and_no_image_comes_twice(visit):
    page = visit()
    finish(page)
    tests = [one for one in state(page)["answers"] if one["kind"] == "test"]
    assert len({one["image"] for one in tests}) == TRIALS
    assert sorted(Counter(one["method"] for one in tests).values()) == [3, 4]  # 7 = 3 + 4
    sides = Counter((one["method"], one["real"]) for one in tests)
    assert set(sides.values()) <= {1, 2}  # of 3 and 4 pairs
    checks = [one["real"] for one in state(page)["answers"] if one["kind"] == "attention"]
    assert sorted(checks) == ["left", "right"]


def plan(page):
    finish(page)
    return [(one["image"], one["method"], one["real"]) for one in state(page)["answers"]]


def test_raters_differ_and_a_rater_is_reproducible(visit):
    anna, again, bert = (plan(visit(name)) for name in ("anna", "anna", "bert"))
    assert anna == again
    assert anna != bert
    assert {image for image, *_ in anna} == {image for image, *_ in bert}


def light(page):
    """The mean of the red channel of what each side shows."""
    return page.evaluate("""() => ["left", "right"].map((side) => {
      const image = document.querySelector(`#${side} img`);
      const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
      const context = canvas.getContext("2d");
      context.drawImage(image, 0, 0);
      const data = context.getImageData(0, 0, canvas.width, canvas.height).data;
      return data.reduce((sum, value, i) => sum + (i % 4 === 1 ? value : 0), 0) / data.length;
    })""")


def test_the_side_that_is_called_real_shows_the_photograph(visit):
    page = visit()
    begin(page)
    for number in range(1, PRACTICE + 1):
        wait_for(page, "#stage.shown")
        left, right = light(page)  # green is 128 or more in a photograph, less in all others
        real, wrong = ("Left", "Right") if left > right else ("Right", "Left")
        key = real if number % 2 else wrong
        answer(page, f"Arrow{key}")
        said = "Correct" if number % 2 else "Not correct"
        expect(page.locator("#ask")).to_have_text(
            f"{said}: the {real.lower()} one was the real photograph."
        )
        page.keyboard.press("Enter")


def test_a_reload_resumes_and_shows_no_pair_twice(visit, tmp_path):
    page = visit()
    begin(page)
    practice(page)
    answer(page)
    wait_for(page, "#stage.asking")
    before = state(page)
    page.reload()
    expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()
    said = f"1 of {TRIALS + CHECKS} pairs are done. You have seen the next pair already;"
    expect(page.get_by_text(said)).to_be_visible()
    partial = download(page, "JSON", tmp_path)
    assert not json.loads(partial.read_text())["complete"]
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#stage.asking")).to_be_visible()  # at once: the clock stands still
    assert state(page) == before
    for _ in range(TRIALS + CHECKS - 1):
        answer(page)
    full = download(page, "JSON", tmp_path.joinpath("full"))
    (merged,) = read_answers([partial, full])
    assert len(merged.answers) == PRACTICE + TRIALS + CHECKS


def test_a_reload_while_a_pair_is_visible_makes_its_answer_count_for_nothing(visit):
    page = visit()
    begin(page)
    wait_for(page, "#stage.shown")
    page.reload()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Right was real").click()
    (only,) = state(page)["answers"]
    assert (only["answer"], only["shown_ms"]) == ("right", None)


def test_a_pause_before_a_pair_keeps_it_for_later(visit):
    page = visit()
    begin(page)
    expect(page.locator("#cross")).to_be_visible()
    page.keyboard.press("p")
    expect(page.get_by_role("heading", name="Paused")).to_be_visible()
    page.clock.run_for(5000)
    assert state(page)["shown"] is None
    page.keyboard.press("Enter")
    wait_for(page, "#stage.shown")


def test_a_pause_during_a_pair_follows_its_answer(visit):
    page = visit()
    begin(page)
    practice(page)
    wait_for(page, "#stage.asking")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#pause")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Left was real").click()
    expect(page.get_by_text(f"1 of {TRIALS + CHECKS} pairs are done.")).to_be_visible()


def test_another_person_starts_over_on_the_same_computer(visit):
    page = visit()
    finish(page)
    page.reload()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    page.get_by_text("Start over with another person").click()
    page.get_by_role("button", name="Delete the answers and start over").click()
    expect(page.get_by_role("heading", name="Which photograph is real?")).to_be_visible()
    assert page.evaluate("localStorage.length") == 0


def test_a_code_of_other_letters_does_not_start(visit):
    page = visit("%3Cb%3E")
    code = page.get_by_label("Your code")
    assert len(code.input_value()) == 8  # a random one in place of the address's <b>
    code.fill("anna & bert")
    begin(page)
    expect(page.locator("#trial")).to_be_hidden()


def test_without_storage_the_page_works_and_warns(visit):
    page = visit()
    page.evaluate("() => { Storage.prototype.setItem = () => { throw Error('full'); }; }")
    begin(page)
    expect(page.get_by_text("This browser does not save progress.")).to_be_visible()
    answer(page)


def test_a_hostile_name_does_nothing(visit):
    page = visit()
    finish(page)
    assert HOSTILE in {one["method"] for one in state(page)["answers"]}
    assert page.evaluate("window.hacked") is None


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_images_stand_on_the_same_gray_side_by_side_on_a_phone(scheme, visit):
    page = visit(width=390, height=844, color_scheme=scheme)
    begin(page)
    wait_for(page, "#stage.shown")
    left, right = (page.locator(f"#{side} img").bounding_box() for side in ("left", "right"))
    assert left["y"] == right["y"]
    assert 0 <= left["x"] < left["x"] + left["width"] < right["x"]
    assert right["x"] + right["width"] <= 390
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    gray = page.locator("#stage").evaluate("(stage) => getComputedStyle(stage).backgroundColor")
    assert gray == "rgb(128, 128, 128)"
    buttons = [page.locator(f"#answer-{side}").bounding_box() for side in ("left", "right")]
    wait_for(page, "#stage.asking")
    again = [page.locator(f"#answer-{side}").bounding_box() for side in ("left", "right")]
    assert again == buttons  # the question moves nothing
    assert all(box["height"] >= 44 for box in buttons)  # WCAG 2.5.5


CONTRAST = """(element) => {
  const channel = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const weights = [0.2126, 0.7152, 0.0722];
  const luminance = (color) => color.match(/[\\d.]+/g).slice(0, 3)
    .reduce((sum, v, i) => sum + weights[i] * channel(v / 255), 0.05);
  const style = (one) => getComputedStyle(one);
  let under = element;
  while (style(under).backgroundColor === "rgba(0, 0, 0, 0)") under = under.parentElement;
  const both = [luminance(style(element).color), luminance(style(under).backgroundColor)];
  return Math.max(...both) / Math.min(...both);
}"""


def contrast(page, selector):
    """The ratio of WCAG 2.1 between an element's text and what it stands on."""
    return page.locator(selector).evaluate(CONTRAST)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_readable_and_everything_has_a_name(scheme, visit):
    page = visit(color_scheme=scheme)
    for selector in ("#intro p >> nth=0", "#rater-help", "#rater", "#consent button"):
        assert contrast(page, selector) >= 4.5  # WCAG 1.4.3
    begin(page)
    wait_for(page, "#stage.shown")
    for side in ("Left", "Right"):
        expect(page.get_by_role("img", name=f"{side} image")).to_be_visible()
    expect(page.get_by_role("progressbar", name=f"Practice 1 of {PRACTICE}")).to_be_visible()
    answer(page)
    expect(page.get_by_role("status").filter(has_text="was the real photograph")).to_be_visible()
    assert contrast(page, "#ask") >= 4.5
    names = page.locator("button").evaluate_all("(all) => all.map((b) => b.textContent.trim())")
    assert len(names) == 9
    assert all(names)
