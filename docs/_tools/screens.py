"""Take the pictures of the running program that pages show.

    python -m docs._tools.screens                 writes docs/assets/screens/*.png
    python -m docs._tools.screens --check FOLDER  writes them there and names those that show
                                                  something else; exit status 1 then

Needs Chromium and Node.js. `irisws serve` and the flower shop are real. They listen on free ports,
but the browser, and so the pictures, know them by the addresses of the tutorial.

A picture carries, as PNG text, what can be read in it. Two pictures of the same text and much the
same colours are the same, whatever the fonts of the machine look like.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageChops, ImageStat
from PIL.PngImagePlugin import PngInfo
from playwright.sync_api import Browser, Locator, Page, sync_playwright

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "assets" / "screens"
CONFUSION = ROOT / "examples" / "tutorial" / "13-train" / "confusion.py"

IRISWS = "127.0.0.1:8080"
SHOP = "127.0.0.1:3000"
SCALE = 1.5  # pixels a CSS pixel
COLOURS = 256
MARGIN = 12  # CSS pixels
TEXT = "Text"  # the key of PNG text
TOLERANCE = 5.0  # root mean square of what two pictures may differ by, of 255

# The words between two heights of a page: what is written, and what is filled in.
READ = """
([top, bottom]) => {
  const nodes = document.createTreeWalker(document.body, NodeFilter.SHOW_ALL);
  const range = document.createRange();
  const words = [];
  while (nodes.nextNode()) {
    const node = nodes.currentNode;
    const isText = node.nodeType === Node.TEXT_NODE && !node.parentElement.closest("option");
    const text = isText ? node.data : node.matches?.("input, select, textarea") ? node.value : "";
    const owner = isText ? node.parentElement : node;
    range.selectNode(node);
    const place = range.getBoundingClientRect();
    const isInside = place.width > 0 && place.top >= top && place.bottom <= bottom;
    if (isInside && owner.checkVisibility({ visibilityProperty: true })) words.push(text);
  }
  return words.join(" ").split(/\\s+/).join(" ").trim();
}
"""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m docs._tools.screens")
    parser.add_argument("--check", type=Path, metavar="FOLDER", help="write there and compare")
    folder = parser.parse_args(arguments).check
    take(folder or FOLDER)
    stale = differences(folder) if folder else []
    for difference in stale:
        print(difference)
    return 1 if stale else 0


def differences(folder: Path) -> list[str]:
    """What the pictures in a folder show otherwise than those of the pages do."""
    names = sorted({path.name for path in [*FOLDER.glob("*.png"), *folder.glob("*.png")]})
    return [
        f"{name}: {difference}"
        for name in names
        if (difference := difference_of(FOLDER / name, folder / name))
    ]


def difference_of(old: Path, new: Path) -> str | None:
    """How two pictures differ, None if they show the same."""
    if not (old.exists() and new.exists()):
        return "no page has it" if new.exists() else "it is not taken any more"
    with Image.open(old) as before, Image.open(new) as after:
        if (was := before.info.get(TEXT)) != (reads := after.info.get(TEXT)):
            return f"it read {was!r}, it reads {reads!r}"
        small = (before.width // 12, before.height // 12)  # a letter is a dot there
        apart = ImageChops.difference(*(i.convert("RGB").resize(small) for i in (before, after)))
    distance = max(ImageStat.Stat(apart).rms)
    return f"it looks different, by {distance:.1f}" if distance > TOLERANCE else None


def take(folder: Path) -> None:
    """Write all pictures into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    chapter_pictures(folder)
    shop_command = [shutil.which("node") or "node", "server.js"]
    shop_folder = ROOT / "examples" / "node" / "flower-shop"
    with running([sys.executable, "-m", "irisws", "serve", "--port", "0"]) as (irisws, service):
        environ = {"IRISWS_URL": f"http://{irisws}", "PORT": "0"}
        with (
            running(shop_command, shop_folder, environ) as (shop, _),
            browsing({IRISWS: irisws, SHOP: shop}) as browser,
        ):
            explorer_pictures(browser, folder)
            shop_pictures(browser, folder, service)


def chapter_pictures(folder: Path) -> None:
    """What a chapter's own script draws."""
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run([sys.executable, CONFUSION], cwd=scratch, check=True, capture_output=True)
        shutil.copyfile(Path(scratch, "confusion.png"), folder / "confusion.png")


def explorer_pictures(browser: Browser, folder: Path) -> None:
    """The list of operations, and a prediction by POST /v1/predict as it is filled in."""
    page = open_page(browser, f"http://{IRISWS}/docs", width=900, height=900)
    page.locator(".opblock").first.wait_for()
    page.locator(".version-stamp").first.evaluate("stamp => stamp.parentElement.remove()")
    save(page, folder / "explorer.png", last=page.locator(".opblock-tag-section").first)

    summary = page.locator('[data-path="/v1/predict"]')
    operation = page.locator(".opblock-post", has=summary)
    operation.locator(".opblock-summary-control").click()
    body = operation.locator("textarea")
    body.evaluate("area => { area.style.height = '12rem'; }")  # as if drawn by its corner
    operation.get_by_role("button", name="Execute").click()
    # Below the reply come its headers, with the date.
    reply = operation.locator(".live-responses-table .highlight-code").first
    reply.wait_for()
    save(page, folder / "explorer-answer.png", body, reply)


def shop_pictures(browser: Browser, folder: Path, service: "subprocess.Popen[str]") -> None:
    """The flower shop with an answer, and with irisws stopped."""
    page = open_page(browser, f"http://{SHOP}/", width=900, height=640)
    page.get_by_role("button", name="small").click()
    page.locator("#found").wait_for()
    save(page, folder / "flower-shop.png", last=page.locator("#flower"))
    service.terminate()
    service.wait()
    page.get_by_role("button", name="small").click()
    page.locator("#problem").wait_for()
    save(page, folder / "flower-shop-down.png", last=page.locator("#flower"))


def open_page(browser: Browser, address: str, *, width: int, height: int) -> Page:
    page = browser.new_page(
        viewport={"width": width, "height": height},
        device_scale_factor=SCALE,
        color_scheme="light",
        reduced_motion="reduce",
    )
    page.goto(address)
    return page


def save(page: Page, path: Path, first: Locator | None = None, last: Locator | None = None) -> None:
    """Photograph the window, or the page from the top of an element to the bottom of another."""
    page.mouse.move(0, 0)
    page.evaluate("scrollTo(0, 0)")
    window = page.viewport_size or {"width": 0, "height": 0}
    start = first.bounding_box() if first else None
    top = start["y"] - MARGIN if start else 0.0
    end = last.bounding_box() if last else None
    bottom = end["y"] + end["height"] + MARGIN if end else window["height"]
    picture = page.screenshot(
        clip={"x": 0, "y": top, "width": window["width"], "height": bottom - top},
        full_page=True,
        animations="disabled",
    )
    text = PngInfo()
    text.add_text(TEXT, page.evaluate(READ, [top, bottom]))
    few = Image.open(BytesIO(picture)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(path, optimize=True, pnginfo=text)


@contextmanager
def running(
    command: Sequence[str], folder: Path = ROOT, environ: Mapping[str, str] | None = None
) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """A server that says where it listens: its address, such as `127.0.0.1:49152`, and process."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("IRISWS_")}
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**kept, **(environ or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout
    with process:
        try:
            line = process.stdout.readline()
            found = re.search(r"http://(\S+)", line)
            if found is None:
                raise RuntimeError(f"{command} did not start: {line}{process.stdout.read()}")
            yield found[1], process
        finally:
            process.terminate()


@contextmanager
def browsing(hosts: Mapping[str, str]) -> Iterator[Browser]:
    """Chromium, with the addresses that the keys stand for."""
    rules = ", ".join(f"MAP {known} {real}" for known, real in hosts.items())
    flags = ["--no-sandbox", "--disable-gpu", f"--host-resolver-rules={rules}"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        yield browser
        browser.close()


if __name__ == "__main__":
    sys.exit(main())
