"""The pages of the documentation as lists of steps: fences, and what the comments between them ask.

`python -m tests.docs.fences` prints how many fences of each kind there are.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from sybil import Document, Region
from sybil.parsers.markdown.lexers import RawFencedCodeBlockLexer

from tests.docs.checks import LANGUAGES

ROOT = Path(__file__).parent.parent.parent
SHELLS = {"bash": "bash", "powershell": "PowerShell", "bat": "cmd"}
OUTPUT = "Output"
NO_FILE = "there is no file"

_INFO = re.compile(r"[ \t]*(?P<info>[^\n]*)\n")
_TITLE = re.compile(r'title="([^"]*)"')
_COMMENT = re.compile(r"<!-- docs: (.*?) -->")
_TAB = re.compile(r'[ \t]*===[+!]? "([^"]+)"')
_SNIPPET = re.compile(r'^--8<-- "([^"]+)"$', re.MULTILINE)
_FRONT_MATTER = re.compile(r"\A---\n(.*?\n)---\n", re.DOTALL)


@dataclass(frozen=True)
class Fence:
    """A fenced code block, with its snippets put in."""

    page: Path
    line: int
    language: str
    title: str
    source: str
    comments: tuple[str, ...] = ()
    tab: str | None = None
    group: tuple["Fence", ...] = field(default=(), compare=False)  # the same step, other shells

    @property
    def where(self) -> str:
        return f"{self.page.relative_to(ROOT).as_posix()}:{self.line}"

    @cached_property
    def kind(self) -> str:
        """What the tests do with it; "unknown" where CONTRIBUTING.md has no such fence."""
        if self.title == OUTPUT:
            return "output"
        if self.title:
            return "saved"
        if self.language in SHELLS or self.language in ("shell", "console"):
            return self._kind_of_command()
        if self.language == "python":
            return "checked" if "excerpt" in self.comments else "run"
        if self.language in LANGUAGES:
            return "checked"
        if self.language == "text":
            return "nothing"
        return "unknown"

    def _kind_of_command(self) -> str:
        if self.language in ("shell", "console") or "linux" in self.comments:
            return "run"
        if "windows" in self.comments:
            return "checked"
        if len(self.group) == 1 and self.language == "bash":
            return "unknown"
        return "run" if self.language == "bash" else "compared"

    @property
    def is_server(self) -> bool:
        return "server" in self.comments

    @property
    def exit_status(self) -> int:
        found = [int(c.split()[1]) for c in self.comments if c.startswith("exit ")]
        return found[0] if found else 0


@dataclass(frozen=True)
class Stop:
    """Ctrl-C to the server that was started last."""

    where: str


Step = Fence | Stop


@dataclass(frozen=True)
class Page:
    path: Path
    text: str

    @classmethod
    def read(cls, path: Path) -> "Page":
        return cls(path, path.read_text(encoding="utf-8"))

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @cached_property
    def front_matter(self) -> dict[str, Any]:
        found = _FRONT_MATTER.match(self.text)
        return (yaml.safe_load(found[1]) or {}) if found else {}

    @cached_property
    def fences(self) -> list[Fence]:
        return [step for step in self.steps if isinstance(step, Fence)]

    @cached_property
    def steps(self) -> list[Step]:
        """What the page asks its reader to do, in order."""
        document = Document(self.text, str(self.path))
        regions = sorted(RawFencedCodeBlockLexer(_INFO)(document), key=lambda r: r.start)
        steps: list[Step] = []
        group: list[Fence] = []
        comments: tuple[str, ...] = ()
        end = 0
        for region in regions:
            between = self.text[end : region.start]
            found = _COMMENT.findall(between)
            line = self.text.count("\n", 0, region.start) + 1
            fence = self._fence(region, line, between)
            joins = bool(group) and self._stands_beside(group[-1], fence, between)
            comments = comments if joins else tuple(c for c in found if c != "stop")
            fence = replace(fence, comments=comments)
            if not joins:
                steps += _with_group(group)
                steps += [Stop(f"{self.name}:{line}")] * found.count("stop")
                group = []
            group.append(fence)
            end = region.end
        steps += _with_group(group)
        tail = _COMMENT.findall(self.text[end:])
        return steps + [Stop(f"{self.name}: end")] * tail.count("stop")

    def _fence(self, region: Region, line: int, between: str) -> Fence:
        info = str(region.lexemes["info"])
        source = str(region.lexemes["source"])
        title = _TITLE.search(info)
        above = between.strip("\n").rsplit("\n", 1)[-1]
        tab = _TAB.fullmatch(above)
        return Fence(
            page=self.path,
            line=line,
            language=info.split(" ")[0].strip(),
            title=title[1] if title else "",
            source=_SNIPPET.sub(lambda found: self._snippet(found[1]), source),
            tab=tab[1] if tab else None,
        )

    @staticmethod
    def _snippet(name: str) -> str:
        path = ROOT / name
        if not path.is_file():  # one for the tests to find, not to stumble on
            return f"{NO_FILE} {name}"
        return path.read_text(encoding="utf-8").removesuffix("\n")

    @staticmethod
    def _stands_beside(before: Fence, fence: Fence, between: str) -> bool:
        """Whether this is the same step in another shell."""
        is_shells = {before.language, fence.language} <= SHELLS.keys()
        only_a_tab = all(_TAB.fullmatch(line) for line in between.split("\n") if line.strip())
        return is_shells and before.language != fence.language and only_a_tab


def _with_group(group: list[Fence]) -> Iterator[Fence]:
    for fence in group:
        yield replace(fence, group=tuple(group))


def pages() -> list[Page]:
    """README.md and every page under docs/."""
    paths = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [Page.read(path) for path in paths]


def count() -> Counter[tuple[str, str]]:
    """How many fences of each kind and language there are."""
    return Counter((fence.kind, fence.language) for page in pages() for fence in page.fences)


if __name__ == "__main__":
    counted = count()
    for kind in ("run", "compared", "output", "saved", "checked", "nothing"):
        of_kind = {language: n for (k, language), n in sorted(counted.items()) if k == kind}
        languages = ", ".join(f"{language} {n}" for language, n in of_kind.items())
        print(f"{kind:<9} {sum(of_kind.values()):>4}  {languages}")
    print(f"{'all':<9} {counted.total():>4}  on {len(pages())} pages")
