"""The site as its readers meet it: built without a warning, then opened in a browser."""

import html
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
)

from irisws.web.problem import TYPE_BASE
from tests import chromium

ROOT = Path(__file__).parents[2]
browser = chromium.browser
STABLE = "https://irisws.readthedocs.io/en/stable/"
TELEPHONE = 360  # CSS pixels

# What a page loads by itself, by tag.
LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}

# Hosts that the theme's scripts name: a namespace of XML, what would be asked if the site had an
# address of its repository, and what would be loaded for diagrams or from a disk without a server.
# None of it happens, as the test of every page shows.
NAMED_IN_SCRIPTS = {
    "www.w3.org",
    *("api.github.com", "github.com", "gitlab.com"),
    "unpkg.com",
}

MISBEHAVE = """
const picture = (src) => new Promise((done) => {
  document.body.append(Object.assign(new Image(), { src, onerror: done }));
});
document.body.append(document.createElement("pre"), "x".repeat(999));
setTimeout(() => { throw new Error("thrown"); });
Promise.all([picture("http://elsewhere.invalid/x.png"), picture("nowhere.png")])
  .then(() => setTimeout(() => { window.misbehaved = true; }));
"""

# Pages of every kind, for what takes long.
SOME_PAGES = ["", "tutorial/25-contract/", "reference/cli/", "source/examples/tutorial/12-flower/"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site; a warning is an error."""
    folder = tmp_path_factory.mktemp("site")
    run = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", str(folder)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},  # the theme's notice on its successor
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    complaints = [line for line in run.stdout.splitlines() if not line.startswith("INFO")]
    assert run.returncode == 0, "\n".join(complaints)
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, str]:
    """The HTML of all pages by their address in the site, such as `tutorial/12-flower/`."""
    return {
        path.relative_to(site).as_posix().removesuffix("index.html"): path.read_text("utf-8")
        for path in sorted(site.rglob("index.html"))
    }


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Keep test output clean."""


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """The site on a server of its own, such as `http://127.0.0.1:49152/`."""
    handler = partial(QuietHandler, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture
def reader(browser: Browser) -> Iterator[BrowserContext]:
    """A reader with a memory of their own, who may use the clipboard."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 900},
        permissions=["clipboard-read", "clipboard-write"],
        color_scheme="light",
    )
    yield context
    context.close()


@pytest.fixture
def tab(reader: BrowserContext) -> Page:
    tab: Page = reader.new_page()
    return tab


class Addresses(HTMLParser):
    """What a page loads: every address that the browser follows without being asked."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        is_loaded = given.get("rel") not in ("canonical", "prev", "next")
        if is_loaded and (address := given.get(LOADED.get(tag, ""))):
            self.found.append(address)
        self.found += [part.split()[0] for part in (given.get("srcset") or "").split(",") if part]


def leaves(address: str) -> bool:
    return bool(urlsplit(address).netloc)


def test_pages_load_nothing_from_elsewhere(pages: dict[str, str]) -> None:
    """No script, style, picture or frame of any page comes from another host."""
    elsewhere = {
        page: away
        for page, text in pages.items()
        if (away := [address for address in Addresses(text).found if leaves(address)])
    }
    assert elsewhere == {}


def test_styles_load_nothing_from_elsewhere(site: Path, pages: dict[str, str]) -> None:
    """No `@import` and no `url()` in a style sheet or a page's own style leads away."""
    texts = [path.read_text("utf-8") for path in site.rglob("*.css") if path.is_file()]
    texts += [
        style for page in pages.values() for style in re.findall(r"(?s)<style.*?</style", page)
    ]
    loaded = [
        address
        for text in texts
        for address in re.findall(r"""(?:url\(|@import)\s*["']?([^"')\s;]+)""", text)
    ]
    assert len(texts) > 2
    assert [address for address in loaded if leaves(address)] == []


def test_scripts_name_no_other_hosts(site: Path) -> None:
    """A host that is new in a script is found, to be looked at."""
    named = {
        host
        for path in site.rglob("*.js")
        if path.is_file()
        for host in re.findall(r"""["'`]https?://([\w.:-]+)""", path.read_text("utf-8"))
    }
    assert named - NAMED_IN_SCRIPTS == set()


class Witness:
    """All that goes wrong in a tab, each with the page that it went wrong on."""

    def __init__(self, tab: Page, address: str) -> None:
        self.complaints: list[str] = []
        self._tab = tab
        self._allowed = (address, "data:", f"blob:{address}")
        tab.on("request", self._see)
        tab.on("requestfailed", self._miss)
        tab.on("pageerror", lambda error: self.complain(str(error)))
        tab.on("console", self._hear)

    def complain(self, what: str) -> None:
        self.complaints.append(f"{self._tab.url}: {what}")

    def _see(self, request: Request) -> None:
        if not request.url.startswith(self._allowed):
            self.complain(f"asked {request.url}")

    def _miss(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # as happens when the next page is opened
            self.complain(f"{request.failure} {request.url}")

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complain(f"{message.text} {message.location.get('url')}")


def test_pages_on_a_telephone(tab: Page, address: str, pages: dict[str, str]) -> None:
    """A page opens without an error, asks no other host, and does not scroll sideways.

    Every page that is written is opened, and of those that show a source one for each suffix: the
    others differ from it in nothing but the text within a frame.
    """
    written = [page for page in pages if not page.startswith("source/")]
    sources = {PurePosixPath(page).suffix: page for page in pages if page not in written}
    assert len(written) > 40
    assert {".py", ".md", ".yaml", ".toml"} <= sources.keys()
    witness = Witness(tab, address)
    tab.set_viewport_size({"width": TELEPHONE, "height": 740})
    for page in [*written, *sources.values()]:
        tab.goto(address + page)
        width = tab.evaluate("document.scrollingElement.scrollWidth")
        if width > TELEPHONE:
            witness.complain(f"is {width} pixels wide")
    assert witness.complaints == []


def test_a_witness_sees(tab: Page, address: str) -> None:
    """What the test of every page looks for would be found."""
    witness = Witness(tab, address)
    tab.set_viewport_size({"width": TELEPHONE, "height": 740})
    tab.goto(address)
    tab.evaluate(MISBEHAVE)
    tab.wait_for_function("window.misbehaved")
    seen = "\n".join(witness.complaints)
    for what in ("asked http://elsewhere.invalid/x.png", "thrown", "nowhere.png"):
        assert what in seen
    assert tab.evaluate("document.scrollingElement.scrollWidth") > TELEPHONE


def test_search_finds_a_term(tab: Page, address: str) -> None:
    """A term of the reference is found, and the first result leads there."""
    tab.goto(address)
    tab.locator(".md-search__input").first.click()
    tab.keyboard.type("unsupported-media-type")
    result = tab.locator(".md-search-result__link").first
    result.wait_for()
    assert "reference/errors/" in str(result.get_attribute("href"))


def test_sources_are_not_searched(site: Path) -> None:
    """A search finds pages that explain, not the files that they link to."""
    assert "source/" not in (site / "search" / "search_index.json").read_text("utf-8")


def test_a_chosen_shell_stays_chosen(tab: Page, address: str, pages: dict[str, str]) -> None:
    """PowerShell, once chosen, is shown on another page, and still after a reload."""
    first, second, *_ = (page for page, text in pages.items() if ">PowerShell</label>" in text)
    tab.goto(address + first)
    tab.locator(".tabbed-labels > label", has_text="PowerShell").first.click()
    assert chosen(tab) == {"PowerShell"}
    tab.goto(address + second)
    assert chosen(tab) == {"PowerShell"}
    tab.reload()
    assert chosen(tab) == {"PowerShell"}


def chosen(tab: Page) -> set[str]:
    """The titles of the tabs that are open."""
    tab.locator(".tabbed-labels").first.wait_for()
    titles: list[str] = tab.evaluate(
        """[...document.querySelectorAll(".tabbed-set > input:checked")]
           .map((input) => document.querySelector(`label[for="${input.id}"]`).innerText)"""
    )
    return set(titles)


def test_dark_and_light(tab: Page, address: str) -> None:
    """The switch turns the page dark, it stays so on the next page, and light again."""
    brightness = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g)[0]"
    tab.goto(address)
    assert int(tab.evaluate(brightness)) > 200
    tab.get_by_title("Switch to dark").click()
    assert int(tab.evaluate(brightness)) < 60
    tab.goto(address + "tutorial/")
    assert int(tab.evaluate(brightness)) < 60
    tab.get_by_title("Switch to light").click()
    assert int(tab.evaluate(brightness)) > 200


def test_the_button_copies_the_command(tab: Page, address: str) -> None:
    """The button at a command copies the command, and nothing else."""
    assert copied(tab, address) == "irisws predict --sl 5.1 --sw 3.5 --pl 1.4 --pw 0.2"


def test_the_button_copies_a_file(tab: Page, address: str) -> None:
    """The button at a file of the repository copies it without the numbers of its lines."""
    text = copied(tab, address + "source/src/irisws/app.py/")
    assert text.strip() == (ROOT / "src/irisws/app.py").read_text("utf-8").strip()


def copied(tab: Page, address: str) -> str:
    """What the first button of a page puts on the clipboard."""
    tab.goto(address)
    tab.evaluate("navigator.clipboard.writeText('')")
    tab.locator(".highlight").first.hover()
    tab.get_by_title("Copy to clipboard").first.click()
    tab.wait_for_function("navigator.clipboard.readText().then((text) => text !== '')")
    return str(tab.evaluate("navigator.clipboard.readText()"))


def test_outputs_have_no_button(tab: Page, address: str) -> None:
    """Nobody copies an output in place of the command."""
    tab.goto(address)
    outputs = tab.locator(".highlight:has(> .filename.output)")
    assert outputs.count() > 0
    assert not outputs.first.get_by_title("Copy to clipboard").is_visible()


def test_a_symbol_is_marked(tab: Page, address: str) -> None:
    """A link to a symbol ends at its line, in view, with another background."""
    tab.goto(address + "source/src/irisws/app.py/#create_app")
    line = tab.locator("[id=create_app]")
    assert line.inner_text().startswith("def create_app(")
    background = "(line) => getComputedStyle(line).backgroundColor"
    assert line.evaluate(background) != tab.locator("[id=L1]").evaluate(background)
    assert 0 < line.bounding_box()["y"] < 900  # type: ignore[index]


def test_own_addresses_exist(pages: dict[str, str]) -> None:
    """Every address of this site in code, examples and pages leads to a page and its anchor."""
    texts = [
        path.read_text("utf-8")
        for folder in ("docs", "examples", "src")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".md", ".py", ".js") and "node_modules" not in path.parts
    ]
    texts.append((ROOT / "README.md").read_text("utf-8"))
    named = {
        (page, anchor)
        for text in texts
        for page, anchor in re.findall(re.escape(STABLE) + r"([\w/.-]*)#?([\w-]*)", text)
    }
    assert (TYPE_BASE.removeprefix(STABLE).rstrip("#"), "") in named
    assert {(page, anchor) for page, anchor in named if page not in pages} == set()
    assert {
        (page, anchor) for page, anchor in named if anchor and f'id="{anchor}"' not in pages[page]
    } == set()


def test_the_map_of_the_tutorial(pages: dict[str, str]) -> None:
    """The tutorial's first page lists all chapters by their titles, in the order of the site."""
    text = (ROOT / "docs/tutorial/index.md").read_text("utf-8")
    chapters = text.partition("## The chapters")[2].partition("\n## ")[0]
    listed = [(name, title) for title, name in re.findall(r"\[(.+?)\]\((.+?)\.md\)", chapters)]
    in_nav = re.findall(r"tutorial/(\d.+)\.md", (ROOT / "mkdocs.yml").read_text("utf-8"))
    assert listed == [(name, title_of(pages[f"tutorial/{name}/"])) for name in in_nav]


def title_of(page: str) -> str:
    """A page's first heading, without its permanent link and marks."""
    found = re.search(r"(?s)<h1[^>]*>(.*?)(<a class=.headerlink|</h1>)", page)
    assert found
    return html.unescape(re.sub("<[^>]+>", "", found[1]))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_accessibility(browser: Browser, address: str, scheme: Literal["light", "dark"]) -> None:
    """axe finds nothing serious on pages of every kind, in light and dark."""
    axe = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
    found = []
    tab = browser.new_page(color_scheme=scheme)
    for page in SOME_PAGES:
        tab.goto(address + page)
        tab.evaluate(axe)
        report = tab.evaluate("axe.run(document, { resultTypes: ['violations'] })")
        found += [
            f"{page} {scheme}: {violation['id']}: {node['html'][:200]} {node['failureSummary']}"
            for violation in report["violations"]
            if violation["impact"] in ("serious", "critical")
            for node in violation["nodes"]
        ]
    tab.close()
    assert found == []
