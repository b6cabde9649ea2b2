"""Images of the app for the documentation, of the photographs that come with photochrom.

Needs chromium and playwright, and an app that runs: its address, and the folder to write to.
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

_SIZE = {"width": 1280, "height": 1240}
_QUALITY = 80
_SETTLED = 3000  # ms, for what is drawn softly


def main() -> None:
    """The first sight, and a sky whose color was chosen."""
    url, folder = sys.argv[1], Path(sys.argv[2])
    found = shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        page = browser.new_page(viewport=_SIZE)
        page.goto(url)
        expect(page.locator(".stImage")).to_have_count(3, timeout=60_000)
        _shot(page, folder / "app-result.jpg")
        page.locator(".stSelectbox").first.click()
        page.get_by_role("option", name="pier sunset").click()
        page.get_by_text("pier_sunset.jpg").wait_for()
        frame = page.locator(".frame")
        box = frame.bounding_box()
        assert box
        frame.click(position={"x": 0.7 * box["width"], "y": 0.12 * box["height"]})
        page.locator(".colors button").nth(4).click()
        page.get_by_text("Undo (1)").wait_for()
        _shot(page, folder / "app-palette.jpg")
        browser.close()


def _shot(page: Page, path: Path) -> None:
    page.mouse.move(5, 300)
    page.wait_for_timeout(_SETTLED)
    page.screenshot(path=path, type="jpeg", quality=_QUALITY)


if __name__ == "__main__":
    main()
