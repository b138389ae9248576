"""The pictures in pages show what the program looks like."""

import os
import shutil
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFilter
from PIL.PngImagePlugin import PngInfo

from docs._tools import screens

PICTURE = screens.FOLDER / "flower-shop.png"


@pytest.fixture
def picture() -> Image.Image:
    """The shop's answer, in all colours, with what it reads in its `info`."""
    with Image.open(PICTURE) as opened:
        return opened.convert("RGB")


def saved(folder: Path, picture: Image.Image, text: str | None = None) -> Path:
    """The picture in a file, with the text that it had or another."""
    info = PngInfo()
    info.add_text(screens.TEXT, text or picture.info[screens.TEXT])
    picture.save(folder / "saved.png", pnginfo=info)
    return folder / "saved.png"


def test_pictures_are_up_to_date(tmp_path: Path) -> None:
    """Taken again, every picture shows the same; else: `python -m docs._tools.screens`."""
    if missing := [name for name in ("chromium", "node") if shutil.which(name) is None]:
        (pytest.fail if "CI" in os.environ else pytest.skip)(f"there is no {missing}")
    screens.take(tmp_path)
    assert screens.differences(tmp_path) == []


def test_all_pictures_are_shown_and_small() -> None:
    """Each picture is in a page, and none takes long to load."""
    pages = [path.read_text("utf-8") for path in (screens.ROOT / "docs").rglob("*.md")]
    for path in screens.FOLDER.iterdir():
        assert any(f"assets/screens/{path.name})" in page for page in pages), f"who shows {path}?"
        assert path.stat().st_size < 150_000


def test_another_answer_is_a_difference(tmp_path: Path, picture: Image.Image) -> None:
    """Other words are found, even in a picture that looks alike."""
    text = picture.info[screens.TEXT].replace("Iris setosa", "Iris virginica")
    copy = saved(tmp_path, picture, text)
    assert "Iris virginica" in str(screens.difference_of(PICTURE, copy))


def test_another_look_is_a_difference(tmp_path: Path, picture: Image.Image) -> None:
    """A picture with the same words, but with the answer painted over, is found."""
    ImageDraw.Draw(picture).rectangle((720, 250, 1320, 640), fill="#5b3fa6")
    copy = saved(tmp_path, picture)
    assert "looks different" in str(screens.difference_of(PICTURE, copy))


def test_other_fonts_are_no_difference(tmp_path: Path, picture: Image.Image) -> None:
    """Letters that are drawn a little otherwise, in a window a little higher, are no matter."""
    blurred = picture.filter(ImageFilter.GaussianBlur(2))
    copy = saved(
        tmp_path, blurred.resize((picture.width, picture.height + 4)), picture.info[screens.TEXT]
    )
    assert screens.difference_of(PICTURE, copy) is None


def test_a_picture_that_is_missing_is_a_difference() -> None:
    """A new picture, or one that is not taken any more, is found."""
    none = PICTURE.with_name("none.png")
    assert screens.difference_of(none, PICTURE) == "no page has it"
    assert screens.difference_of(PICTURE, none) == "it is not taken any more"
