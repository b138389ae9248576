"""Print the command that stands in README.md under `<!-- command: NAME -->`."""

import re
import sys
from pathlib import Path

name = sys.argv[1]
readme = Path(__file__).parent.parent.joinpath("README.md").read_text(encoding="utf-8")
found = re.search(rf"<!-- command: {re.escape(name)} -->\n+```bash\n(.+?)\n```", readme, re.DOTALL)
if found is None:
    sys.exit(f"README.md has no command {name!r}")
print(found[1])
