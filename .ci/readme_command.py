"""Print the command that stands in README.md under `<!-- docs: command NAME -->`."""

import re
import sys
from pathlib import Path

name = sys.argv[1]
readme = Path(__file__).parent.parent.joinpath("README.md").read_text(encoding="utf-8")
mark = f"<!-- docs: command {name} -->"
found = re.search(rf"{re.escape(mark)}\n+```bash\n(.+?)\n```", readme, re.DOTALL)
if found is None:
    sys.exit(f"README.md has no command {name!r}")
print(found[1])
