"""Ask a running irisws service for the class of one row.

python predict.py 3.0 2.0 1.0 1.0
python predict.py Dream 49.5 null true

Exits with 0 and the label, 3 if the values do not fit the model, 1 if there was no answer.
"""

import argparse
import math
import os
import sys

from irisws_client import Client, InvalidRows, IriswsError, Value

parser = argparse.ArgumentParser(
    description="Print the class that a running irisws service gives one row.",
    epilog="IRISWS_URL says where the service is (default: http://127.0.0.1:8080).",
)
parser.add_argument("values", nargs="+", metavar="VALUE", help="a feature, in the model's order")

WORDS: dict[str, Value] = {"true": True, "false": False, "null": None}


def main() -> int:
    """Print the label, or everything that is wrong; return the exit status."""
    row = [value_of(argument) for argument in parser.parse_args().values]
    client = Client(os.environ.get("IRISWS_URL", "http://127.0.0.1:8080"))
    try:
        print(client.predict_one(row).label)
    except InvalidRows as error:
        faults = [f"{fault['pointer']}: {fault['detail']}" for fault in error.errors]
        print("\n".join(faults or [str(error)]), file=sys.stderr)
        return 3
    except IriswsError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def value_of(argument: str) -> Value:
    """`"3.0"` is 3.0, and true, false and null are what JSON calls so; all else stays text.

    What to make of it is for the service to say.
    """
    if argument in WORDS:
        return WORDS[argument]
    try:
        number = float(argument)
    except ValueError:
        return argument
    return number if math.isfinite(number) else argument


if __name__ == "__main__":
    sys.exit(main())
