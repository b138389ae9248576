"""Every fence is of a kind that CONTRIBUTING.md describes, and is what its language says."""

import re
from pathlib import Path

import pytest

from tests.docs import shells
from tests.docs.checks import check, check_file
from tests.docs.fences import NO_FILE, ROOT, SHELLS, Fence, Page, pages

PAGES = pages()
FENCES = [fence for page in PAGES for fence in page.fences]
ONLY_THE_README = {"console"}


def where(fence: Fence) -> str:
    return fence.where


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_fence_is_known(page: Page) -> None:
    """Nothing escapes: an unknown language, comment or lone bash fence is an error."""
    known = {"server", "stop", "excerpt", "linux", "windows", "error"}
    for fence in page.fences:
        assert fence.kind != "unknown", (
            f"{fence.where}: CONTRIBUTING.md knows no such fence: ```{fence.language}"
        )
        assert NO_FILE not in fence.source, f"{fence.where}: {fence.source}"
        unknown = {c for c in fence.comments if not re.match(r"exit \d+$|command \w+$", c)} - known
        assert not unknown, f"{fence.where}: CONTRIBUTING.md knows no comment {unknown}"
        if page.path.name != "README.md":
            assert fence.language not in ONLY_THE_README, fence.where


def not_run(fence: Fence) -> bool:
    return fence.kind in ("checked", "saved") or fence.kind == "output" and fence.language == "json"


@pytest.mark.parametrize("fence", [f for f in FENCES if not_run(f)], ids=where)
def test_what_is_not_run_is_at_least_well_formed(fence: Fence) -> None:
    """JSON parses, Python compiles, and so on; what is marked as an error does not."""
    wrong = check(fence.language, fence.source)
    if fence.title and fence.kind == "saved":
        wrong = wrong or check_file(Path(fence.title), fence.source)
    assert bool(wrong) == ("error" in fence.comments), f"{fence.where}: {wrong}"


def three_shells(fence: Fence) -> bool:
    return fence.language == "bash" and len(fence.group) > 1


@pytest.mark.parametrize("fence", [f for f in FENCES if three_shells(f)], ids=where)
def test_the_tabs_of_a_step_are_the_same_command(fence: Fence) -> None:
    """PowerShell and cmd run the same programs with the same arguments as bash."""
    if fence.page.name != "README.md":
        tabs = {other.language: other.tab for other in fence.group}
        assert tabs == SHELLS, f"{fence.where}: the tabs are {tabs}"
    for other in fence.group:
        ours = shells.words("bash", fence.source)
        assert shells.words(other.language, other.source) == ours, other.where


def one_for_all(fence: Fence) -> bool:
    return fence.language == "shell" and fence.kind == "run"


@pytest.mark.parametrize("fence", [f for f in FENCES if one_for_all(f)], ids=where)
def test_a_shell_fence_reads_the_same_in_every_shell(fence: Fence) -> None:
    """A command without tabs means the same in bash, PowerShell and cmd."""
    ours = shells.words("bash", fence.source)
    for language in SHELLS:
        assert shells.words(language, fence.source) == ours, f"{fence.where} in {language}"
    clashing = {command[0] for command in ours} & shells.POWERSHELL_ALIASES
    assert not clashing, f"{fence.where}: in PowerShell {clashing} is something else: use tabs"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_with_commands_that_are_only_checked_says_so(page: Page) -> None:
    """Nobody takes what a stand-in accepted for something that was done."""
    if page.front_matter.get("checked"):
        top = " ".join(page.text.split("```")[0].split()).lower()
        assert "commands checked" in top, page.name
        assert "not executed" in top, page.name


@pytest.mark.parametrize("chapter", sorted((ROOT / "docs" / "tutorial").glob("[0-9]*.md")))
def test_a_chapter_leads_to_its_files(chapter: Path) -> None:
    """Each chapter has a folder, links to it, and every file that it shows whole is from there."""
    page = Page.read(chapter)
    folder = f"examples/tutorial/{chapter.stem}/"
    assert (ROOT / folder).is_dir(), f"{page.name} has no folder {folder}"
    assert f"(../../{folder})" in page.text, f"{page.name} does not link to its files"


def test_unknown_fences_are_found() -> None:
    """A language that nobody knows, none at all, and a bash step without its other shells."""
    for text in ("```ruby\nputs 1\n```\n", "```\nls\n```\n", "```bash\nls -l\n```\n"):
        (fence,) = Page(ROOT / "docs" / "x.md", text).fences
        assert fence.kind == "unknown"
