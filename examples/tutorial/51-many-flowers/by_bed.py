"""Count the species in each bed; the predictions come from standard input, as CSV."""

import csv
import sys
from collections import Counter

counts = Counter((row["bed"], row["label"]) for row in csv.DictReader(sys.stdin))
for (bed, species), count in sorted(counts.items()):
    print(f"bed {bed}: {count:>2} {species}")
