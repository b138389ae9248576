"""What follows the pages can itself be trusted: it finds what is wrong with a page."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs import shells
from tests.docs.checks import check
from tests.docs.fences import ROOT, Fence, Page
from tests.docs.matching import assert_json, assert_text, prefix_length
from tests.docs.reader import reading

SERVER = """\
import http.server
server = http.server.HTTPServer(("127.0.0.1", 8199), http.server.SimpleHTTPRequestHandler)
print("listening", flush=True)
try:
    server.serve_forever()
except KeyboardInterrupt:
    print("bye")
"""


def follow(text: str, tmp_path: Path) -> None:
    directory = tmp_path / "reader"
    directory.mkdir()
    with reading(Page(ROOT / "docs" / "page.md", text), directory) as reader:
        reader.follow()


def fenced(info: str, source: str, comment: str = "") -> str:
    above = f"<!-- docs: {comment} -->\n" if comment else ""
    return f"{above}```{info}\n{source}\n```\n\n"


def test_state_stays_and_output_is_compared(tmp_path: Path) -> None:
    """Variables and directories live on; a saved file is there; `...` matches what varies."""
    page = fenced("shell", "mkdir there\ncd there") + fenced("shell", "export WHO=world")
    page += fenced('text title="greeting.txt"', "hello")
    page += fenced("shell", 'echo "$(cat greeting.txt) $WHO at $(date +%s)"')
    follow(page + fenced('text title="Output"', "hello world at ..."), tmp_path)


@pytest.mark.parametrize(
    "page",
    [
        fenced("shell", "echo one") + fenced('text title="Output"', "two"),
        fenced("shell", "false\ntrue"),
        fenced("shell", "exit 0"),
        fenced("shell", "true", "exit 3"),
        fenced("shell", "echo '{\"a\": 1}'") + fenced('json title="Output"', '{"a": 2}'),
        fenced("python", "1 / 0"),
        fenced("shell", "python -c 'print(1)'", "server") + fenced('text title="Output"', "2"),
        "<!-- docs: stop -->",
        fenced('text title="../outside.txt"', "x"),
    ],
)
def test_what_is_wrong_is_found(page: str, tmp_path: Path) -> None:
    """Another output or status, an end of the shell, a server that does not start."""
    with pytest.raises(AssertionError):
        follow(page, tmp_path)


def test_a_server_runs_until_it_is_stopped(tmp_path: Path) -> None:
    """It is ready when it says so, answers, and gets Ctrl-C, as on a terminal."""
    page = fenced('python title="server.py"', SERVER)
    page += fenced("shell", "python server.py", "server")
    page += fenced('text title="Output"', "listening")
    page += fenced("shell", "curl -s http://127.0.0.1:8199/server.py | head -1")
    page += fenced('text title="Output"', "import http.server")
    page += fenced('text title="Output"', "...bye", "stop")
    page += fenced("shell", "curl -s http://127.0.0.1:8199/", "exit 7")
    follow(page, tmp_path)


def test_text_matches_but_for_what_varies() -> None:
    """Spaces at the ends of lines do not count, all else does."""
    assert_text("a ... c\n", "a b  \n b c  \n\n", "here")
    for printed in ("a b", "a  c d"):
        with pytest.raises(AssertionError):
            assert_text("a ... c", printed, "here")
    assert prefix_length("on port ...", "on po") is None
    assert prefix_length("on port 1", "on port 1\nmore") == 10


def test_json_matches_but_for_what_varies() -> None:
    """Layout does not count; numbers, names, types and lengths do."""
    assert_json('{"a": [1, "..."], "...": "..."}', '{"a":[1,2,3],"b":null}', "here")
    for shown, printed in (
        ('{"a": 1}', '{"a": 1, "b": 2}'),
        ("[1]", "[1, 2]"),
        ('"a"', '"b"'),
        ("1", "true"),
    ):
        with pytest.raises(AssertionError):
            assert_json(shown, printed, "here")


@pytest.mark.parametrize(
    ("bash", "powershell", "cmd"),
    [
        ("export A=b", '$env:A = "b"', "set A=b"),
        ("unset A", "Remove-Item Env:A", "set A="),
        (". .venv/bin/activate", ".venv\\Scripts\\Activate.ps1", ".venv\\Scripts\\activate.bat"),
        ("python3 -m venv .venv", "py -m venv .venv", "py -m venv .venv"),
        ("cat a/b.csv", "Get-Content a\\b.csv", "type a\\b.csv"),
        (
            'curl -H "A: b" \\\n  -d @f.json http://127.0.0.1:8080/ | python -m json.tool',
            'curl.exe -H "A: b" `\n  -d "@f.json" http://127.0.0.1:8080/ | python -m json.tool',
            'curl -H "A: b" ^\n  -d @f.json http://127.0.0.1:8080/ | python -m json.tool',
        ),
    ],
)
def test_one_step_in_three_shells(bash: str, powershell: str, cmd: str) -> None:
    """What each shell spells in its own way is the same step."""
    assert shells.words("powershell", powershell) == shells.words("bash", bash)
    assert shells.words("bat", cmd) == shells.words("bash", bash)


@pytest.mark.parametrize(
    ("bash", "language", "other"),
    [
        ("irisws predict --sl 3", "powershell", "irisws predict --sl 4"),
        ("irisws predict --sl 3", "bat", "irisws predict --sw 3"),
        ("curl -d '{\"a\": 1}' x", "bat", "curl -d '{\"a\": 1}' x"),
        ("export A=b", "bat", "set A= b"),
        ("a\nb", "powershell", "a"),
    ],
)
def test_another_step_is_found(bash: str, language: str, other: str) -> None:
    """A changed word, a quote that cmd does not know, a step left out."""
    assert shells.words(language, other) != shells.words("bash", bash)


def test_what_is_no_powershell_is_refused() -> None:
    """What does not parse, and what Windows PowerShell 5.1 lacks."""
    for text in ("if (", "a && b"):
        with pytest.raises(shells.NotUnderstood):
            shells.words("powershell", text)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("json", "{'a': 1}"),
        ("yaml", "a: [1"),
        ("toml", "a ="),
        ("xml", "<a><b></a>"),
        ("javascript", "const = 1"),
        ("python", "def"),
        ("ini", "a=1"),
        ("html", "<p><b></p>"),
        ("dockerfile", "FORM debian"),
        ("powershell", "if ("),
        ("bash", "if"),
        ("csv", 'a,"b'),
    ],
)
def test_what_is_malformed_is_found(language: str, text: str) -> None:
    """Each language has a check that can fail."""
    assert check(language, text)


def stand_in(calls: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(Path(__file__).parent / "stand_in.py"), str(calls), *words]
    return subprocess.run(command, capture_output=True, text=True)


def test_a_stand_in_takes_what_its_list_allows(tmp_path: Path) -> None:
    """It records every call, and refuses what is not in the reviewed list."""
    calls = tmp_path / "calls"
    assert stand_in(calls, "systemctl", "daemon-reload").returncode == 0
    refused = stand_in(calls, "systemctl", "daemon-relaod")
    assert refused.returncode == 64
    assert "not in the reviewed list" in refused.stderr
    assert calls.read_text(encoding="utf-8").split() == [
        *("systemctl", "daemon-reload"),
        *("systemctl", "daemon-relaod"),
    ]


def test_a_fence_knows_its_tabs_and_comments() -> None:
    """A comment above the first tab holds for the step; snippets are put in."""
    text = '<!-- docs: exit 3 -->\n=== "bash"\n\n    ```bash\n    a\n    ```\n\n'
    text += '=== "cmd"\n\n    ```bat\n    a\n    ```\n\n```text title="l"\n--8<-- "LICENSE"\n```\n'
    bash, cmd, licence = Page(ROOT / "docs" / "page.md", text).fences
    assert (bash.tab, cmd.tab, bash.exit_status, cmd.exit_status) == ("bash", "cmd", 3, 3)
    assert [fence.language for fence in bash.group] == ["bash", "bat"]
    assert "MIT" in licence.source
    assert isinstance(licence, Fence)
    assert licence.comments == ()
