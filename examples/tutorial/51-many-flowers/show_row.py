"""Show one row of a CSV file, a column a line: python show_row.py FILE NUMBER"""

import csv
import sys

name, number = sys.argv[1], int(sys.argv[2])
with open(name, newline="", encoding="utf-8") as file:
    row = list(csv.DictReader(file))[number - 1]
for column, value in row.items():
    print(f"{column:<24} {value}".rstrip())
