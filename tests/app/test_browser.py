"""The app in a real browser: Debian's chromium, driven by Playwright."""

import io
import re
import shutil
import signal
import socket
import subprocess
import sys

import numpy as np
import pytest
import servers
from PIL import Image
from playwright.sync_api import expect, sync_playwright

# Whatever would write an upload to a temporary file fails.
SERVER = """
import tempfile
tempfile.tempdir = "/nowhere"
from photochrom.cli import main
main()
"""
# Chromium's own images of a moving circle, without being asked for leave.
CAMERA = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
SECONDS = 60_000  # ms: cores may be busy


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """The folder of the app's gallery."""
    return tmp_path_factory.mktemp("kept") / "gallery"


@pytest.fixture(scope="module")
def url(place):
    """The address of a running app."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    flags = ["--port", str(port), "--max-megabytes", "4", "--max-megapixels", "9"]
    flags += ["--gallery", str(place)]
    command = [sys.executable, "-c", SERVER, "app", *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout.readline() == f"http://127.0.0.1:{port}: Ctrl-C stops it\n"
        servers.wait_for(lambda: servers.answers(f"http://127.0.0.1:{port}/_stcore/health"))
        yield f"http://127.0.0.1:{port}"
        server.send_signal(signal.SIGTERM)
        assert server.wait(30) in (0, -signal.SIGTERM)


@pytest.fixture(scope="module")
def browser():
    found = shutil.which("chromium")
    assert found, "expected chromium, found none: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", *CAMERA])
        yield browser
        browser.close()


@pytest.fixture
def visit(url, browser):
    """Open the app as one more person, once its first image is in color."""
    contexts = []

    def open_app(width=1280, height=1000):
        context = browser.new_context(viewport={"width": width, "height": height})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(SECONDS)
        page.goto(url)
        expect(page.locator(".divider")).to_be_visible(timeout=SECONDS)
        return page

    yield open_app
    for context in contexts:
        context.close()


def noise(side=1000):
    """An image that takes megabytes as PNG, and what the file is."""
    rgb = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "PNG")
    return {"name": "noise.png", "mimeType": "image/png", "buffer": buffer.getvalue()}


def drop(page, *files):
    page.locator("input[type=file]").set_input_files(list(files))


def wait_for(page, said):
    expect(page.get_by_text(said).first).to_be_visible(timeout=SECONDS)


def source(page):
    return page.locator(".after").get_attribute("src")


def wait_for_another(page, before):
    expect(page.locator(".after")).not_to_have_attribute("src", before, timeout=SECONDS)


def test_the_divider_moves_by_pointer_and_by_key(visit):
    page = visit()
    divider, frame = page.locator(".divider"), page.locator(".frame").bounding_box()
    assert divider.get_attribute("aria-valuenow") == "50"
    middle = frame["y"] + frame["height"] / 2
    page.mouse.move(frame["x"] + frame["width"] / 2, middle)
    page.mouse.down()
    page.mouse.move(frame["x"] + frame["width"] / 4, middle, steps=3)
    page.mouse.up()
    assert divider.get_attribute("aria-valuenow") == "25"
    divider.press("ArrowRight")
    assert divider.get_attribute("aria-valuenow") == "27"
    assert page.get_by_text("Click a point of the image").count() == 0  # a drag is no click


def test_an_upload_is_colorized_beside_a_second_model_and_never_touches_disk(visit, place):
    page, other = visit(), visit()
    before = source(page)
    drop(page, noise())  # 3 MB: more than Starlette keeps in memory of itself
    wait_for(page, "noise.png, 1000 × 1000")
    wait_for_another(page, before)
    expect(page.locator("img[alt='photochrom']")).to_have_count(1)
    wait_for(page, "photochrom-l2, regression")
    wait_for(page, "true colors")
    assert page.locator(".stImage img").count() == 3
    other.reload()
    wait_for(other, "snow_peaks.jpg, 480 × 320")
    assert other.get_by_text("noise.png").count() == 0
    assert not list(place.rglob("*.image.*"))  # nobody asked for that


def test_the_slider_answers_with_another_image(visit):
    page = visit()
    before = source(page)
    assert page.get_by_text("0.71").count() == 0
    page.locator(".stSlider input").press("ArrowRight")
    wait_for_another(page, before)
    wait_for(page, "0.71")


def test_a_color_of_the_palette_recolors_and_is_undone(visit):
    page = visit()
    plain = source(page)
    assert page.get_by_text("Undo").count() == page.locator(".plane svg").count() == 0
    page.locator(".frame").click(position={"x": 300, "y": 80})
    expect(page.locator(".plane svg")).to_be_visible(timeout=SECONDS)
    page.locator(".colors button").nth(1).click()
    wait_for(page, "Undo (1)")
    wait_for_another(page, plain)
    page.get_by_text("Undo (1)").click()
    expect(page.locator(".after")).to_have_attribute("src", plain, timeout=SECONDS)


def test_a_point_can_be_picked_by_keys(visit):
    page = visit()
    assert page.locator(".plane svg").count() == 0
    page.locator(".frame").press("ArrowUp")
    page.locator(".frame").press("Enter")
    expect(page.locator(".plane svg")).to_be_visible(timeout=SECONDS)


def test_a_download_has_the_bytes_of_colorize(visit, run, samples, tmp_path):
    page, photo = visit(), tmp_path / "dahlia.jpg"
    shutil.copy(samples / "dahlia.jpg", photo)
    drop(page, str(photo))
    wait_for(page, "dahlia.jpg, ")
    button = page.get_by_role("button", name="Download")
    expect(button).to_have_count(1, timeout=SECONDS)  # that of the sample has gone
    with page.expect_download(timeout=SECONDS) as download:
        button.click()
    assert download.value.suggested_filename == "dahlia-color.jpg"
    download.value.save_as(tmp_path / "downloaded.jpg")
    assert run("colorize", photo, "--format", "jpeg")[0] == 0
    made = (tmp_path / "dahlia-color.jpg").read_bytes()
    assert (tmp_path / "downloaded.jpg").read_bytes() == made


def test_what_is_kept_is_shown_to_others_and_downloads_as_colorize_made_it(
    visit, run, samples, tmp_path
):
    page, other, photo = visit(), visit(380, 800), tmp_path / "cat_too.jpg"
    shutil.copy(samples / "cat.jpg", photo)
    drop(page, str(photo))
    wait_for(page, "cat_too.jpg, ")
    page.get_by_role("button", name="Keep in the gallery").click()
    expect(page.get_by_role("button", name="Kept in the gallery")).to_be_disabled(timeout=SECONDS)
    other.goto(f"{other.url.rstrip('/')}/gallery")
    tile = other.locator(".tiles button").first
    expect(tile).to_contain_text("photochrom", timeout=SECONDS)
    assert tile.locator("img").evaluate("image => image.naturalWidth") == 360
    assert other.evaluate("document.documentElement.scrollWidth") == 380
    tile.click()
    expect(other.locator(".divider")).to_be_visible(timeout=SECONDS)
    expect(other.locator("dl")).to_contain_text("cat_too.jpg")
    assert "?entry=" in other.url
    # What is clicked while the page is made anew does nothing.
    app = other.locator(".stApp")
    expect(app).to_have_attribute("data-test-script-state", "notRunning", timeout=SECONDS)
    with other.expect_download(timeout=SECONDS) as download:
        other.get_by_role("button", name="Download the result").click()
    assert download.value.suggested_filename == "cat_too-color.jpg"
    download.value.save_as(tmp_path / "downloaded.jpg")
    assert run("colorize", photo, "--format", "jpeg")[0] == 0
    made = (tmp_path / "cat_too-color.jpg").read_bytes()
    assert (tmp_path / "downloaded.jpg").read_bytes() == made
    other.go_back()
    expect(tile).to_be_visible(timeout=SECONDS)


def test_what_the_camera_takes_is_colorized(visit):
    page = visit()
    before = source(page)
    page.get_by_text("Use the camera").click()
    # A click before the first image of the stream takes nothing.
    page.wait_for_function("document.querySelector('video')?.readyState >= 2")
    page.get_by_role("button", name="Take Photo").click()
    wait_for(page, re.compile(r"camera-input.*\.jpg, \d+ × \d+"))
    wait_for_another(page, before)


def test_wrong_and_too_large_files_are_told(visit):
    page = visit()
    drop(page, {"name": "b.png", "mimeType": "image/png", "buffer": bytes(5_000_000)})
    wait_for(page, re.compile("4.*MB or smaller"))
    drop(page, {"name": "a.txt", "mimeType": "text/plain", "buffer": b"no image"})
    wait_for(page, "a.txt: not an image.")
    page = visit()
    flat = io.BytesIO()
    Image.new("L", (4000, 2251)).save(flat, "PNG")
    drop(page, {"name": "c.png", "mimeType": "image/png", "buffer": flat.getvalue()})
    wait_for(page, "c.png: expected at most 9 megapixels, got 4000 × 2251 pixels")


def test_a_narrow_window_needs_no_scrolling_sideways(visit):
    page = visit(380, 800)
    assert page.evaluate("document.documentElement.scrollWidth") == 380
    for part in (".frame", ".stSlider", ".stFileUploader", ".stDownloadButton"):
        box = page.locator(part).bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 380
    assert page.locator(".frame").bounding_box()["y"] < 300  # the image is seen first
