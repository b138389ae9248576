"""Python that the pages of explanation quote is what the source says."""

import re
import textwrap

import pytest

from tests.docs.fences import ROOT, Fence, Page

_LINK = re.compile(r"\]\(\.\./\.\./((?:src|tests|examples)/[^)#]+\.py)(?:#[^)]*)?\)")
_DEEPEST = 5  # levels of indentation at which an excerpt may stand in its file


def quotes() -> list[Fence]:
    """Every excerpt on the pages of explanation."""
    pages = map(Page.read, sorted((ROOT / "docs" / "explanation").glob("*.md")))
    return [fence for page in pages for fence in page.fences if "excerpt" in fence.comments]


def linked_above(fence: Fence) -> str:
    """The file of the repository that the page links to last before the fence."""
    lines = fence.page.read_text(encoding="utf-8").split("\n")[: fence.line - 1]
    found = _LINK.findall("\n".join(lines))
    assert found, f"{fence.where}: no link to a Python file stands above the excerpt"
    return str(found[-1])


def stands_in(excerpt: str, source: str) -> bool:
    """Whether whole lines of the source are the excerpt, at whatever depth they stand."""
    bare = textwrap.dedent(excerpt).strip("\n")
    deep = (textwrap.indent(bare, "    " * level) for level in range(_DEEPEST + 1))
    return bool(bare) and any(f"\n{text}\n" in f"\n{source}\n" for text in deep)


@pytest.mark.parametrize("fence", quotes(), ids=lambda fence: fence.where)
def test_excerpt_stands_in_the_file_that_is_linked_above_it(fence: Fence) -> None:
    """An excerpt is whole lines of the file that the reader was just led to."""
    name = linked_above(fence)
    source = (ROOT / name).read_text(encoding="utf-8")
    assert stands_in(fence.source, source), f"{fence.where}: {name} reads otherwise now"


_SOURCE = "class A:\n    def f(self):\n        x = 1\n\n        return x\n"


def test_indented_lines_are_found() -> None:
    """A method may be quoted from the margin."""
    assert stands_in("def f(self):\n    x = 1\n\n    return x\n", _SOURCE)


@pytest.mark.parametrize(
    "excerpt", ["def f(self):\n    x = 2", "def f(self", "x = 1\nreturn x", ""]
)
def test_what_reads_otherwise_is_not_found(excerpt: str) -> None:
    """A changed word, half a line, a line left out, or nothing is no excerpt."""
    assert not stands_in(excerpt, _SOURCE)
