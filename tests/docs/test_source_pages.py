"""Links into the repository: what they find, what they refuse, and the pages that they lead to."""

from collections.abc import Callable
from pathlib import Path

import pytest
from mkdocs.config import load_config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

from docs._tools.source_pages import (
    Repository,
    definitions,
    links,
    listing,
    page_of,
    shown_files,
    with_links,
)

ROOT = Path(__file__).parents[2]
HOOK = ROOT / "docs" / "_tools" / "source_pages.py"

PYTHON = """\
LIMIT = 3
ONE, TWO = 1, 2
rate: float = 0.5


@staticmethod
def first() -> None: ...


class Shop:
    open = True

    async def sell(self) -> str:
        return "<sold>"


def first() -> None: ...
"""

JAVASCRIPT = """\
export const PRICES = {};
let lower = 1;

export default class Shop extends Object {
  #door = 1;
  static async open(door) {
    if (door) {
      close(() => {
    }
  }
  #lock() {
  }
}

async function* sell() {
  describe("nothing", () => {
}
export function buy() {}
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """Write a file of a small repository."""

    def write_file(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write_file


@pytest.fixture
def config(tmp_path: Path, write: Callable[[str, str], Path]) -> MkDocsConfig:
    """A repository with a page, a Python file and a folder."""
    write("src/shop.py", PYTHON)
    write("examples/shop/shop.js", JAVASCRIPT)
    write("examples/shop/node_modules/x.js", "")
    write("docs/a/page.md", "")
    settings = f"site_name: test\nplugins: []\nhooks: [{HOOK}]\n"
    return load_config(str(write("mkdocs.yml", settings)))


def build(config: MkDocsConfig, text: str) -> tuple[str, Files]:
    """What the hook makes of one page, and all files of the site."""
    Path(config.docs_dir, "a/page.md").write_text(text, encoding="utf-8")
    file = File("a/page.md", config.docs_dir, config.site_dir, use_directory_urls=True)
    files = config.plugins.on_files(Files([file]), config=config)
    page = Page(None, file, config)
    return config.plugins.on_page_markdown(text, page=page, config=config, files=files), files


def test_link_to_a_file(config: MkDocsConfig) -> None:
    """A link to a file leads to a page that is neither in the navigation nor searched."""
    text, files = build(config, "See [it](../../src/shop.py).")
    assert text == "See [it](../source/src/shop.py.md)."
    made = files.get_file_from_path("source/src/shop.py.md")
    assert made is not None
    assert made.url == "source/src/shop.py/"
    assert made.inclusion is InclusionLevel.NOT_IN_NAV
    assert "search: {exclude: true}" in made.content_string


def test_link_to_a_symbol(config: MkDocsConfig) -> None:
    """A link to a symbol leads to the anchor of the line that defines it."""
    text, files = build(
        config, "[it](../../src/shop.py#Shop.sell 'sells') [2](../../src/shop.py#TWO)"
    )
    assert (
        text == "[it](../source/src/shop.py.md#Shop.sell 'sells') [2](../source/src/shop.py.md#ONE)"
    )
    made = files.get_file_from_path("source/src/shop.py.md")
    assert made is not None
    assert '<span id="Shop.sell"><a href="#Shop.sell" data-linenos="13 "' in made.content_string


def test_link_to_a_folder(config: MkDocsConfig) -> None:
    """A link to a folder leads to a page with a heading for each file, but not for all."""
    text, files = build(config, "[files]\n\n[files]: ../../examples/\n")
    assert text == "[files]\n\n[files]: ../source/examples/index.md\n"
    made = files.get_file_from_path("source/examples/index.md")
    assert made is not None
    assert "# `examples/`\n\n## `shop/shop.js`\n" in made.content_string
    assert '<span id="shop/shop.js:Shop.open">' in made.content_string
    assert "node_modules" not in made.content_string


def test_a_file_has_one_page(config: MkDocsConfig) -> None:
    """Linked twice, a file has one page; not linked, it has none."""
    _, files = build(config, "[a](../../src/shop.py) [b](../../src/shop.py#LIMIT)")
    assert [file.src_uri for file in files if file.src_uri.startswith("source/")] == [
        "source/src/shop.py.md"
    ]


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        ("../../src/flower.py", "there is no src/flower.py"),
        ("../../src/shop.py#Shop.buy", "shop.py defines no Shop.buy"),
        ("../../src/#shop.py", "src/ is a folder"),
        ("../../../elsewhere.py", "leads out of the repository"),
        ("../../passwords", "leads out of the repository"),
        ("../../picture.png", "picture.png has no text to show"),
    ],
)
def test_broken_link(config: MkDocsConfig, tmp_path: Path, link: str, reason: str) -> None:
    """A link to nothing fails the build, and the message names the page and the link."""
    (tmp_path / "passwords").symlink_to("/etc/passwd")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n\0")
    with pytest.raises(PluginError) as raised:
        build(config, f"[good](../../src/shop.py) [bad]({link})")
    assert str(raised.value).startswith(f"a/page.md links to {link}: {reason}")


def test_all_broken_links_are_named(config: MkDocsConfig) -> None:
    """One build finds them all."""
    with pytest.raises(PluginError, match=r"(?s)no one\.py.*no two\.py"):
        build(config, "[1](../../one.py) [2](../../two.py)")


def test_links_that_stay_in_the_site() -> None:
    """Addresses, anchors and other pages are left to mkdocs."""
    repository = Repository(ROOT, ROOT / "docs")
    for link in (
        "https://a.example/../b",
        "#top",
        "page.md",
        "../reference/cli.md",
        "/x",
        "mailto:a@b",
    ):
        assert repository.find("tutorial/x.md", link) is None


def test_what_is_a_link() -> None:
    """Fences, spans of code and comments hold no links, and come out as they were."""
    text = """
[yes](../1.py) and ![yes](../2.png "title") but `[no](../3.py)` and ``[no`](../4.py)``

=== "tab"

    ```python
    "[no](../5.py)"
    ```

~~~~text
```
[no](../6.py)
~~~~

<!-- [no](../7.py) --> [yes](<../8.py>)
[yes]: ../9.py
"""
    assert list(links(text)) == ["../1.py", "../2.png", "../8.py", "../9.py"]
    assert with_links(text, lambda link: link) == text
    assert "(<X>)" in with_links(text, lambda link: "X")


def test_definitions_in_python(write: Callable[[str, str], Path]) -> None:
    """Functions, classes, methods, attributes and constants, each where it is defined first."""
    assert definitions(write("shop.py", PYTHON)) == {
        "LIMIT": 1,
        "ONE": 2,
        "TWO": 2,
        "rate": 3,
        "first": 7,
        "Shop": 10,
        "Shop.open": 11,
        "Shop.sell": 13,
    }


def test_definitions_in_javascript(write: Callable[[str, str], Path]) -> None:
    """What stands at the margin, and the methods of classes, but no calls."""
    assert definitions(write("shop.js", JAVASCRIPT)) == {
        "PRICES": 1,
        "lower": 2,
        "Shop": 4,
        "Shop.open": 6,
        "Shop.#lock": 11,
        "sell": 15,
        "buy": 18,
    }


def test_definitions_in_markdown(write: Callable[[str, str], Path]) -> None:
    """Headings, but not the comments of code."""
    text = "# The `shop`\n\n```bash\n# no heading\n```\n\n## What is sold?\n"
    assert definitions(write("README.md", text)) == {"the-shop": 1, "what-is-sold": 7}


def test_listing(write: Callable[[str, str], Path]) -> None:
    """Every line is there once, escaped, under its number."""
    shown = listing(write("shop.py", PYTHON))
    assert shown.count("\n</span>") == PYTHON.count("\n")
    assert "&lt;sold&gt;" in shown
    assert '<span id="L14"><a href="#L14" data-linenos="14 "' in shown


def test_listing_of_a_script_without_a_suffix() -> None:
    """The gate has no suffix; its first line says what it is."""
    assert '<span class="nb">set</span>' in listing(ROOT / ".ci" / "run")


def test_markdown_in_a_listing_is_not_markdown(write: Callable[[str, str], Path]) -> None:
    """A page that is shown as a file is not rendered, fences and snippets least of all."""
    shown = listing(write("x.md", '```python\n--8<-- "x.py"\n```\n'))
    assert not any(line.startswith(("```", "--8")) for line in shown.split("\n"))


def test_names_are_not_markdown(write: Callable[[str, str], Path]) -> None:
    """A file's name is shown as it is."""
    page = page_of(write("pkg/__init__.py", ""), "pkg/__init__.py")
    assert page.startswith("---\ntitle: pkg/__init__.py\n")
    assert "# `pkg/__init__.py`" in page


def test_shown_files_of_the_real_examples() -> None:
    """A folder of examples is shown without what tools leave in it."""
    names = {path.name for path in shown_files(ROOT / "examples" / "node")}
    assert {"irisws.js", "server.js", "README.md"} <= names
    assert not any(name.endswith(".pyc") for name in names)


def test_symbols_of_the_real_code() -> None:
    """Symbols that pages may name are found in the program and in its JavaScript."""
    repository = Repository(ROOT, ROOT / "docs")
    for link in (
        "../../src/irisws/app.py#Application.__call__",
        "../../src/irisws/app.py#create_app",
        "../../src/irisws/settings.py#Settings.max_rows",
        "../../src/irisws/web/problem.py#TYPE_BASE",
        "../../README.md#measured",
        "../../examples/node/irisws.js#Client.predictOne",
        "../../examples/node/flower-shop/server.js#createShop",
    ):
        found = repository.find("tutorial/x.md", link)
        assert found is not None
        assert found[1] == link.partition("#")[2]
