"""Weigh what the colleague had to install."""

from pathlib import Path

files = [path for path in Path("colleague/.venv").rglob("*") if path.is_file()]
megabytes = sum(path.stat().st_size for path in files) / 1_000_000
print(f"{len(files)} files, {megabytes:.0f} MB, to name one flower")
