"""The page of the studio in a real browser: headless Chromium against a started server."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from json import dumps
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from media.made_faces import face_frame, write_frames
from PIL import Image

from aotface.samples import sample

for _module in ("fastapi", "uvicorn"):
    pytest.importorskip(_module, reason=f"the studio needs {_module} (extra web)")
sync_api = pytest.importorskip("playwright.sync_api", reason="the page is tested with playwright")
CHROMIUM = Path("/usr/bin/chromium")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="the page is tested with Debian's chromium"),
]
PATIENCE = 120_000
"""Milliseconds that a step may take on a machine with much else to do."""

REFUSED = "Failed to load resource: the server responded with a status of 4"
"""What Chromium itself logs of every refusal; the page shows it to the person."""


@dataclass
class Browser:
    """A page, and what it asked for and complained of."""

    page: Any
    address: str
    asked: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def elsewhere(self) -> list[str]:
        """Requests that did not go to the server."""
        own = urlsplit(self.address).netloc
        return [url for url in self.asked if urlsplit(url).scheme != "blob" and urlsplit(url).netloc != own]

    def put(self, tab: str, number: int, *files: Any) -> None:
        """Give files to a slot of a tab, counted from 1."""
        self.page.set_input_files(f"#panel-{tab} .slot:nth-child({number}) input", list(files))

    def see(self, words: str) -> None:
        """Wait until these words are shown."""
        self.page.get_by_text(words).locator("visible=true").first.wait_for()


@pytest.fixture(scope="module")
def address(studio: Any) -> str:
    """Of the server that all tests of the web share."""
    return f"{studio.address}/"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def browser(chromium: Any, address: str) -> Iterator[Browser]:
    """A new visitor, 1280 pixels wide."""
    context = chromium.new_context(viewport={"width": 1280, "height": 860}, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE)
    seen = Browser(context.new_page(), address)
    seen.page.on("request", lambda request: seen.asked.append(request.url))
    seen.page.on("pageerror", lambda error: seen.errors.append(str(error)))
    seen.page.on("console", lambda said: seen.errors.append(said.text) if said.type == "error" else None)
    seen.page.goto(address)
    seen.page.wait_for_selector("body.started")
    yield seen
    context.close()


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``source.jpg``, and ``two.png`` with a face left and a smaller one right."""
    folder = tmp_path_factory.mktemp("pair")
    Image.open(sample("source_light_man")).resize((320, 320)).save(folder / "source.jpg")
    two = Image.new("RGB", (640, 320), "grey")
    two.paste(Image.open(sample("target_medium_woman_grey")).resize((320, 320)), (0, 0))
    two.paste(Image.open(sample("target_light_man_yellow")).resize((260, 260)), (370, 30))
    two.save(folder / "two.png")
    return folder


def test_swap_from_upload_to_marks(browser: Browser, pair: Path, tmp_path: Path) -> None:
    page = browser.page
    browser.put("swap", 1, pair / "source.jpg")
    browser.put("swap", 2, pair / "two.png")
    browser.see("2 faces found. 1 will be swapped.")

    page.get_by_role("button", name="Face 1: gets source.jpg").click()
    page.get_by_role("menuitemradio", name="Leave as it is").click()
    browser.see("None will be swapped.")
    page.get_by_role("button", name="Face 2: stays as it is").click()
    page.keyboard.press("Home")
    page.keyboard.press("Enter")  # the menu works without a mouse
    page.get_by_role("button", name="Face 2: gets source.jpg").wait_for()

    button = page.locator("#panel-swap button.main")
    assert button.is_disabled()
    browser.see("Tick the consent to go on.")
    page.select_option("#panel-swap select[data-option=transfer]", "mkl")
    page.check("#panel-swap .consent input")
    button.click()

    slider = page.get_by_role("slider", name="Before and after")
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert slider.get_attribute("aria-valuetext") == "51 % before, 49 % after"
    page.get_by_text("Mask", exact=True).locator("visible=true").first.click()
    wide = page.locator(".view img[alt=Mask]").evaluate("mask => mask.decode().then(() => mask.naturalWidth)")
    assert wide == 640

    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    swapped = tmp_path / download.value.suggested_filename
    download.value.save_as(swapped)
    change = np.abs(np.asarray(Image.open(swapped), float) - np.asarray(Image.open(pair / "two.png"), float))
    assert change[:, :320].mean() < 2 < 4 < change[100:220, 430:560].mean()

    page.get_by_role("button", name="Verify this").click()
    browser.see("Marked: a face here was swapped or refined")
    browser.see("Valid: unchanged since it was signed.")
    assert "Done" in page.locator(".jobs li").inner_text()
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert browser.elsewhere() == [] == browser.errors


def test_errors_say_what_to_do(browser: Browser, pair: Path) -> None:
    page = browser.page
    browser.put("verify", 1, {"name": "oops.png", "mimeType": "image/png", "buffer": b"no picture"})
    browser.page.click("#tab-verify")
    browser.see("oops.png cannot be used")
    assert "check that it is the right file" in page.locator("#panel-verify .slot [role=alert]").inner_text()
    (pair / "large.png").write_bytes(bytes(22 << 20))
    browser.put("verify", 1, pair / "large.png")
    browser.see("large.png cannot be used")
    browser.see("Expected a file of at most 21 MB.")
    browser.put("verify", 1, pair / "source.jpg")
    browser.see("That does not show that it is genuine")
    assert page.locator("#panel-verify .slot [role=alert]").inner_text() == ""

    page.click("#tab-swap")
    Image.new("RGB", (96, 96), "grey").save(pair / "plain.png")
    browser.put("swap", 1, pair / "source.jpg")
    browser.put("swap", 2, pair / "plain.png")
    browser.see("No face found here.")
    page.check("#panel-swap .consent input")
    assert page.locator("#panel-swap button.main").is_disabled()
    assert browser.elsewhere() == []
    assert [line for line in browser.errors if not line.startswith(REFUSED)] == []


def test_video_with_progress_and_cancel(browser: Browser, pair: Path) -> None:
    page = browser.page
    write_frames(pair / "clip.mp4", [face_frame(number % 12) for number in range(120)])
    browser.put("swap", 1, pair / "source.jpg")
    browser.put("swap", 2, pair / "clip.mp4")
    page.get_by_role("button", name="Face 1: gets source.jpg").wait_for()
    page.get_by_label("Frame", exact=True).fill("3")
    browser.see("4 of 120")
    page.check("#panel-swap .consent input")
    page.select_option("#panel-swap select[data-option=transfer]", "mkl")
    page.locator("#panel-swap button.main:enabled").click()
    page.wait_for_selector(".progress [role=progressbar][aria-valuenow]")
    browser.see(" left")
    page.locator(".progress").get_by_role("button", name="Cancel").click()
    browser.see("Nothing half-made is kept.")

    page.get_by_text("More options").locator("visible=true").click()
    page.fill("#panel-swap input[data-option=trim_end]", "0.2")
    page.locator("#panel-swap button.main:enabled").click()
    page.get_by_role("button", name="Play", exact=True).click()
    wide = page.locator(".after video").evaluate(
        "video => new Promise((done) => { video.ontimeupdate = () => video.currentTime > 0 && done(video.videoWidth); })"
    )
    assert wide == face_frame(0).shape[1]
    assert browser.elsewhere() == [] == browser.errors


JOB = {
    "kind": "compare",
    "progress": 1.0,
    "message": "",
    "seconds_left": None,
    "error": None,
    "warnings": [],
    "layers": [],
    "results": ["aot.png", "mkl.png"],
    "numbers": {"aot": {"lf_de": 2.0, "keep": 0.9}, "mkl": {"lf_de": 8.0, "keep": 0.95}},
    "made": "2026-01-01T00:00:00+00:00",
}


def answer_with(page: Any, job: dict[str, Any], picture: Path) -> None:
    """Jobs of a server that is not asked: each ends at once, as this one."""
    page.route("**/v1/jobs", lambda route: route.fulfill(json={"id": "one", "jobs": []}))
    line = f"data: {dumps(job | {'id': 'one'})}\n\n"
    kind = "text/event-stream"
    page.route("**/v1/jobs/one/events", lambda route: route.fulfill(body=line, content_type=kind))
    page.route("**/v1/jobs/one/preview*", lambda route: route.fulfill(path=picture))


def test_compare_shows_pictures_and_numbers_of_each_transfer(browser: Browser, pair: Path) -> None:
    page = browser.page
    answer_with(page, JOB | {"state": "done"}, pair / "source.jpg")
    browser.put("compare", 1, pair / "source.jpg")
    browser.put("compare", 2, pair / "source.jpg")
    page.click("#tab-compare")
    page.check("#panel-compare .consent input")
    page.locator("#panel-compare button.main:enabled").click()
    page.locator(".card img[alt=mkl]").evaluate("picture => picture.decode()")
    assert page.locator(".card figcaption b").all_inner_texts() == ["target", "aot", "mkl"]
    assert page.locator("td b").all_inner_texts() == ["2.00", "0.95"]  # the best of each column
    assert browser.elsewhere() == [] == browser.errors


def test_refine_says_why_it_failed(browser: Browser, pair: Path) -> None:
    page = browser.page
    error = {"code": "no_face", "text": "two.png: no face found: choose another picture"}
    answer_with(page, JOB | {"kind": "refine", "state": "failed", "error": error}, pair / "source.jpg")
    page.click("#tab-refine")
    browser.put("refine", 1, pair / "two.png")
    page.check("#panel-refine .consent input")
    browser.see("Add the original, before the swap.")
    browser.put("refine", 2, pair / "two.png")
    with page.expect_request("**/v1/jobs") as request:
        page.locator("#panel-refine button.main:enabled").click()
    assert {"kind", "swapped", "original", "consent", "options"} == set(request.value.post_data_json)
    browser.see("Refining did not work")
    browser.see("no face found: choose another picture.")
    assert page.locator("#panel-refine button.main").is_enabled()


def test_tabs_by_keyboard_and_a_narrow_screen(browser: Browser) -> None:
    page = browser.page
    page.set_viewport_size({"width": 390, "height": 844})
    page.focus("#tab-swap")
    for name in ("refine", "verify", "compare", "swap"):
        page.keyboard.press("ArrowRight")
        assert page.locator(f"#panel-{name}").is_visible()
        assert page.evaluate("document.activeElement.id") == f"tab-{name}"
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    controls = "[...document.querySelectorAll('input, select, button')]"
    unnamed = f"{controls}.filter(one => !one.labels?.length && !one.ariaLabel && !one.textContent).length"
    assert page.evaluate(unnamed) == 0


def test_a_request_elsewhere_is_refused_and_seen(browser: Browser) -> None:
    """The failing twin: the browser blocks it, and the log that the other tests read shows it."""
    script = "fetch('http://192.0.2.1/').then(() => 'sent', () => 'refused')"
    assert browser.page.evaluate(script) == "refused"
    assert any("Content Security Policy" in line for line in browser.errors)


def wait_for_kept(browser: Browser, *names: str) -> None:
    """Until these are the uploads that the server keeps for this visitor."""
    ask = "fetch('/v1/files').then(answer => answer.json()).then(found => found.files.map(file => file.name))"
    for _ in range(200):
        if (found := sorted(browser.page.evaluate(ask))) == sorted(names):
            return
        browser.page.wait_for_timeout(50)
    raise AssertionError(f"the server keeps {found}")


def test_nothing_is_kept_that_nobody_can_reach(browser: Browser, pair: Path) -> None:
    """A file that another has replaced, even while it was still on its way; and files of an earlier visit."""
    page = browser.page
    held: list[Any] = []

    def hold_first(route: Any) -> None:
        if held:
            route.continue_()
        else:
            held.append(route)

    page.route("**/v1/files", hold_first)
    browser.put("swap", 2, pair / "source.jpg")
    page.wait_for_selector("#panel-swap .waiting")
    browser.put("swap", 2, pair / "two.png")
    browser.see("640 × 320")
    held[0].continue_()
    page.unroute("**/v1/files")
    bytes = (pair / "source.jpg").read_bytes()
    browser.put("swap", 1, {"name": "somebody_of_a_long_name.jpg", "mimeType": "image/jpeg", "buffer": bytes})
    browser.see("320 × 320")
    wait_for_kept(browser, "somebody_of_a_long_name.jpg", "two.png")
    assert page.locator("#panel-swap .slot:nth-child(2) .name").all_inner_texts() == ["two.png"]
    browser.put("swap", 2, pair / "source.jpg")
    page.locator("#panel-swap .facts").nth(1).wait_for()
    wait_for_kept(browser, "somebody_of_a_long_name.jpg", "source.jpg")
    page.get_by_role("button", name="Delete earlier uploads").click()
    browser.see("No uploads deleted. Files in use stay.")
    page.click("#panel-swap .mark")
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_timeout(100)
    host, menu = (page.locator(one).bounding_box() for one in ("#panel-swap .picker .frame", ".menu"))
    assert menu["x"] + menu["width"] <= host["x"] + host["width"], "the open menu stays inside"
    page.reload()
    page.wait_for_selector("body.started")
    page.get_by_role("button", name="Delete earlier uploads").click()
    browser.see("2 uploads deleted")
    wait_for_kept(browser)
    assert browser.errors == []
