"""mkdocs hook: the files of the repository that pages link to are pages of the site themselves.

In docs/tutorial/23-irisws.md, `[text](../../src/irisws/app.py#Application.__call__)` leads to the
page source/src/irisws/app.py/, where the line of that definition is marked.
"""

import ast
import html
import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import (
    TextLexer,
    get_lexer_for_filename,
    guess_lexer,
)
from pygments.util import ClassNotFound

TOP = "source/"  # where the generated pages are in the site
NOT_SHOWN = re.compile(r"\..*|__pycache__|node_modules")  # parts of a path below a linked folder

# A link's target in Markdown, after what is no link though it may look like one: fences, code
# spans and comments.
_LINK = re.compile(
    r"""
      ^[ >]*(?P<fence>`{3,}|~{3,}).*?^[ >]*(?P=fence)[`~]*[ ]*$
    | (?P<ticks>(?<!`)`+(?!`)).+?(?<!`)(?P=ticks)(?!`)
    | <!--.*?-->
    | (?P<before>\]\(<?|^[ ]{0,3}\[[^]\n]+\]:[ ]+)(?P<target>[^)>\s]+)
    """,
    re.VERBOSE | re.MULTILINE | re.DOTALL,
)
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*:|[/#]", re.IGNORECASE)

_JS_TOP = re.compile(
    r"(?:export\s+)?(?:default\s+)?(?:async\s+)?"
    r"(?:function\b\s*\*?|class|const|let|var)\s*(?P<name>[\w$]+)"
)
_JS_METHOD = re.compile(r"  (?:(?:static|async|get|set)\s+|\*\s*)*(?P<name>#?[\w$]+)\(.*\{$")


class BrokenLink(Exception):
    """A link leads to nothing that can be shown; the message says why."""


@dataclass(frozen=True)
class Repository:
    """The files that pages may link to."""

    root: Path
    docs: Path

    def find(self, page_uri: str, link: str) -> tuple[Path, str] | None:
        """What a page's link leads to: a file or folder and an anchor, None if it stays in docs.

        Raises:
            BrokenLink: There is no such file or symbol, or it is not in the repository.
        """
        address, _, symbol = unquote(link).partition("#")
        if _ADDRESS.match(link) or "../" not in link:
            return None
        path = (self.docs / page_uri).parent.joinpath(address).resolve()
        if path.is_relative_to(self.docs.resolve()):
            return None
        if not path.is_relative_to(self.root.resolve()):
            raise BrokenLink("leads out of the repository")
        if not path.exists():
            raise BrokenLink(f"there is no {self.name(path)}")
        if not shown_files(path):
            raise BrokenLink(f"{self.name(path)} has no text to show")
        return path, anchor_of(path, symbol) if symbol else ""

    def name(self, path: Path) -> str:
        """The path below the root, such as `src/irisws/app.py`, a folder's with a slash."""
        return path.relative_to(self.root.resolve()).as_posix() + "/" * path.is_dir()

    def uri(self, path: Path) -> str:
        """Where the page would be in docs/ if it were no generated one."""
        name = self.name(path)
        return f"{TOP}{name}index.md" if path.is_dir() else f"{TOP}{name}.md"


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add a page for whatever is linked; fail with all the broken links."""
    repository = _repository(config)
    linked, broken = set[Path](), []
    for file in files.documentation_pages():
        for link in links(file.content_string):
            try:
                found = repository.find(file.src_uri, link)
            except BrokenLink as error:
                broken.append(f"{file.src_uri} links to {link}: {error}")
            else:
                linked |= {found[0]} if found else set()
    if broken:
        raise PluginError("\n".join(broken))
    for path in sorted(linked):
        text = page_of(path, repository.name(path))
        uri, hidden = repository.uri(path), InclusionLevel.NOT_IN_NAV
        files.append(File.generated(config, uri, content=text, inclusion=hidden))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Let links to files of the repository lead to their pages."""
    repository, here = _repository(config), page.file.src_uri
    if here.startswith(TOP):
        return markdown

    def to_page(link: str) -> str:
        found = repository.find(here, link)
        if found is None:
            return link
        path, anchor = found
        address = posixpath.relpath(repository.uri(path), posixpath.dirname(here))
        return quote(address) + (f"#{quote(anchor)}" if anchor else "")

    return with_links(markdown, to_page)


def _repository(config: MkDocsConfig) -> Repository:
    return Repository(Path(config.config_file_path).parent, Path(config.docs_dir))


def links(markdown: str) -> Iterator[str]:
    """The targets of all links, none from code or comments."""
    return (match["target"] for match in _LINK.finditer(markdown) if match["target"])


def with_links(markdown: str, change: Callable[[str], str]) -> str:
    """The same text with every link's target changed."""

    def changed(match: re.Match[str]) -> str:
        return match["before"] + change(match["target"]) if match["target"] else match[0]

    return _LINK.sub(changed, markdown)


def page_of(path: Path, name: str) -> str:
    """The Markdown of the page that shows a file, or a folder with a heading for each file."""
    head = f"---\ntitle: {name}\nsearch: {{exclude: true}}\nhide: [navigation]\n---\n\n# `{name}`\n"
    if path.is_file():
        return f"{head}\n{listing(path)}\n"
    parts = []
    for file in shown_files(path):
        below = file.relative_to(path).as_posix()
        parts.append(f"\n## `{below}`\n\n{listing(file, f'{below}:')}\n")
    return head + "".join(parts)


def shown_files(path: Path) -> list[Path]:
    """The file itself, or a folder's files; only those that are text."""
    if path.is_file():
        return [path] if _is_text(path) else []
    below = (file for file in path.rglob("*") if file.is_file())
    return sorted(
        file
        for file in below
        if not any(NOT_SHOWN.fullmatch(part) for part in file.relative_to(path).parts)
        and file.resolve().is_relative_to(path)
        and _is_text(file)
    )


def _is_text(path: Path) -> bool:
    try:
        return "\0" not in path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return False


def listing(path: Path, prefix: str = "") -> str:
    """A file as HTML: highlighted, every line numbered and with an anchor behind the prefix."""
    text = path.read_text(encoding="utf-8")
    lines = highlight(text, _lexer(path, text), HtmlFormatter(nowrap=True)).rstrip("\n").split("\n")
    anchors, width = _anchors(path), len(str(len(lines)))
    rows = []
    for number, line in enumerate(lines, 1):
        anchor = html.escape(prefix + anchors.get(number, f"L{number}"))
        # The number is for the eye, and for the mouse that wants a link to the line.
        shown = f'data-linenos="{number:>{width}} " tabindex="-1" aria-hidden="true"'
        rows.append(f'<span id="{anchor}"><a href="#{anchor}" {shown}></a>{line}\n</span>')
    return f'<div class="highlight source"><pre><code>{"".join(rows)}</code></pre></div>'


def _lexer(path: Path, text: str) -> Lexer:
    options = {"stripnl": False}  # so that numbers are those of the file
    try:
        return get_lexer_for_filename(path.name, **options)
    except ClassNotFound:
        return guess_lexer(text, **options) if text.startswith("#!") else TextLexer(**options)


def anchor_of(path: Path, symbol: str) -> str:
    """The anchor of the line that defines a symbol.

    Raises:
        BrokenLink: The file defines no such thing.
    """
    if path.is_dir():
        raise BrokenLink(f"{path.name}/ is a folder, a symbol is in a file")
    found = definitions(path)
    if symbol not in found:
        raise BrokenLink(f"{path.name} defines no {symbol}")
    return _anchors(path)[found[symbol]]


def _anchors(path: Path) -> dict[int, str]:
    """The anchor of each line that defines something: the first name that it defines."""
    anchors: dict[int, str] = {}
    for symbol, line in definitions(path).items():
        anchors.setdefault(line, symbol)
    return anchors


def definitions(path: Path) -> dict[str, int]:
    """The line that first defines each symbol: `{"Route": 41, "Route.__call__": 60}`."""
    if path.suffix in (".py", ".pyi"):
        found = _in_python(ast.parse(path.read_bytes()).body)
    elif path.suffix in (".js", ".mjs", ".ts"):
        found = _in_javascript(path.read_text(encoding="utf-8").split("\n"))
    elif path.suffix == ".md":
        found = _in_markdown(path.read_text(encoding="utf-8"))
    else:
        return {}
    lines: dict[str, int] = {}
    for symbol, line in found:
        lines.setdefault(symbol, line)
    return lines


def _in_python(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, int]]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield prefix + node.name, node.lineno
            if isinstance(node, ast.ClassDef):
                yield from _in_python(node.body, f"{prefix}{node.name}.")
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for name in (name for target in targets for name in ast.walk(target)):
                if isinstance(name, ast.Name):
                    yield prefix + name.id, name.lineno
        elif isinstance(node, ast.If | ast.Try):
            yield from _in_python(node.body + node.orelse, prefix)


def _in_javascript(lines: list[str]) -> Iterator[tuple[str, int]]:
    """What stands at the margin, and the methods of the class above, indented by two."""
    owner = ""
    for number, line in enumerate(lines, 1):
        if top := _JS_TOP.match(line):
            owner = top["name"] if "class " in top[0] else ""
            yield top["name"], number
        elif owner and (method := _JS_METHOD.match(line)):
            yield f"{owner}.{method['name']}", number


def _in_markdown(text: str) -> Iterator[tuple[str, int]]:
    """Headings, by the anchors that they have where Markdown is rendered."""
    prose = _LINK.sub(lambda code: re.sub("[^\n]", "", code[0]) if code["fence"] else code[0], text)
    for number, line in enumerate(prose.split("\n"), 1):
        if heading := re.fullmatch(r"#+ (.+)", line):
            yield re.sub(r"\W+", "-", heading[1].lower()).strip("-"), number
