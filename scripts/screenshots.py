"""Pictures of the studio's page for the documents, by a real browser, and the time to the first swap.

    python scripts/screenshots.py            # docs/images/studio-*.png
    python scripts/screenshots.py -o FOLDER  # also every view at 1280 and 390 pixels, light and dark, to look at

It needs playwright and Debian's /usr/bin/chromium. The faces are the packaged ones of nobody.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

from aotface.samples import sample

CHROMIUM = "/usr/bin/chromium"
IMAGES = Path(__file__).parents[1] / "docs" / "images"
PUBLISHED = {
    "swap-1280-light": "studio-swap",
    "compare-1280-dark": "studio-compare",
    "swap-390-dark": "studio-phone",
}
"""Views that the documents show, and their files."""

SIZES = {1280: 900, 390: 844}
PATIENCE = 300_000
BYTES = 190_000


@contextmanager
def server() -> Iterator[str]:
    """A studio of its own; gives its address."""
    with tempfile.TemporaryDirectory() as state:
        words = [sys.executable, "-m", "aotface", "serve", "--port", "0", "--state", state]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
            assert process.stdout is not None
            line = next(line for line in process.stdout if "http://" in line)
            yield line[line.index("http://") :].split()[0]
            process.terminate()


class Camera:
    """Takes a view at each size and in each scheme: the published ones into docs/images, all into ``folder``."""

    def __init__(self, page: Any, folder: Path | None):
        self.page, self.folder = page, folder

    def take(self, name: str) -> None:
        for width, height in SIZES.items():
            for scheme in ("light", "dark"):
                self._take(f"{name}-{width}-{scheme}", width, height, scheme)
        self.page.set_viewport_size({"width": 1280, "height": SIZES[1280]})

    def _take(self, view: str, width: int, height: int, scheme: str) -> None:
        if self.folder is None and view not in PUBLISHED:
            return
        self.page.set_viewport_size({"width": width, "height": height})
        self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        self.page.evaluate("scrollTo(0, 0)")
        self.page.wait_for_timeout(300)
        if self.folder is not None:
            self.page.screenshot(path=str(self.folder / f"{view}.png"), full_page=True)
        if view in PUBLISHED:
            if width == 390:
                self.page.locator(".stage >> visible=true").evaluate("stage => stage.scrollIntoView()")
            place = IMAGES / f"{PUBLISHED[view]}.png"
            self.page.screenshot(path=str(place))
            shrink(place)


def shrink(place: Path) -> None:
    """A palette in place of true colours, of as many as fit into `BYTES`."""
    picture = Image.open(place).convert("RGB")
    for colours in (256, 192, 128, 64):
        palette = picture.quantize(colours, method=Image.Quantize.MEDIANCUT, kmeans=2)
        picture.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG).save(place, optimize=True)
        if place.stat().st_size < BYTES:
            return


def first_swap(page: Any, address: str, camera: Camera) -> dict[str, float]:
    """Open the page, use the synthetic faces, swap; the seconds from the start to each step."""
    began, seconds = time.monotonic(), {}

    def reached(step: str) -> None:
        seconds[step] = time.monotonic() - began

    page.goto(address)
    page.wait_for_selector("body.started")
    reached("page")
    page.get_by_role("button", name="Try it with synthetic faces").click()
    page.wait_for_selector(".mark.taken")
    reached("faces found")
    page.check("#panel-swap .consent input")
    page.locator("#panel-swap button.main:enabled").click()
    page.locator(".after img").evaluate("picture => picture.decode()")
    reached("swap shown")
    camera.take("swap")
    return seconds


def other_views(page: Any, camera: Camera) -> None:
    """Faces and their menu, marks, an error, the other tabs."""
    page.get_by_role("button", name="Verify this").click()
    page.wait_for_selector(".verdict")
    camera.take("marks")
    page.get_by_role("button", name="Choose faces again").click()
    page.click(".mark")
    camera.take("faces")
    page.keyboard.press("Escape")
    page.click("#tab-refine")
    camera.take("refine")
    page.click("#tab-verify")
    wrong = {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"no picture"}
    page.set_input_files("#panel-verify .slot input", wrong)
    page.wait_for_selector(".notice")
    camera.take("error")


def compare(page: Any, camera: Camera) -> None:
    """All transfers on one pair."""
    page.click("#tab-compare")
    for number, name in enumerate(("source_medium_woman", "target_light_man_yellow"), 1):
        page.set_input_files(f"#panel-compare .slot:nth-child({number}) input", str(sample(name)))
    page.check("#panel-compare .consent input")
    page.locator("#panel-compare button.main:enabled").click()
    page.wait_for_selector(".cards")
    page.evaluate(
        "Promise.all([...document.images].map(one => { one.loading = 'eager'; return one.decode().catch(() => 0); }))"
    )
    camera.take("compare")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-o", "--output", type=Path, help="also every view, into this folder")
    folder = parser.parse_args().output
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    with server() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": 1280, "height": SIZES[1280]})
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        camera = Camera(page, folder)
        for step, seconds in first_swap(page, address, camera).items():
            print(f"{step}: {seconds:.1f} s")
        if folder is not None:
            other_views(page, camera)
        compare(page, camera)
        browser.close()


if __name__ == "__main__":
    main()
