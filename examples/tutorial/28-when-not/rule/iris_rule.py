"""A rule for irises that fits on a card: python rule.pyz --pl 1.4 --pw 0.2"""

import argparse

SETOSA_BELOW_CM = 2.45  # petal length
VERSICOLOR_BELOW_CM = 1.75  # petal width


def species(petal_length: float, petal_width: float) -> str:
    """Name an iris by its petal, in cm."""
    if petal_length < SETOSA_BELOW_CM:
        return "setosa"
    return "versicolor" if petal_width < VERSICOLOR_BELOW_CM else "virginica"


def main() -> None:
    """Print the species of one flower."""
    parser = argparse.ArgumentParser(description="Name an iris by its petal.")
    parser.add_argument("--pl", type=float, required=True, help="petal length in cm")
    parser.add_argument("--pw", type=float, required=True, help="petal width in cm")
    options = parser.parse_args()
    print(species(options.pl, options.pw))
