"""Watch the service for five seconds: which values are unlike those of training?"""

import re
import time
from collections import Counter
from urllib.request import urlopen

COUNT = re.compile(r'irisws_(\w+)_total\{(?:class|feature)="(.+)"\} (\S+)')


def read_counts() -> Counter[str]:
    """The rows that were answered, and the values out of range for each feature."""
    with urlopen("http://127.0.0.1:8080/metrics") as reply:
        lines = reply.read().decode().splitlines()
    counts: Counter[str] = Counter()
    for what, name, count in (found.groups() for line in lines if (found := COUNT.match(line))):
        counts["rows" if what == "predictions" else name] += int(float(count))
    return counts


before = read_counts()
time.sleep(5)
now = read_counts()
rows = now.pop("rows") - before["rows"]
print(f"{rows} bottles; out of the range of training:")
for feature, count in now.items():
    share = (count - before[feature]) / max(rows, 1)
    print(f"{feature:<16} {share:4.0%}{'  <- look here' if share > 0.1 else ''}")
