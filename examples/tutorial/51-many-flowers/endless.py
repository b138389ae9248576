"""Send flowers to standard output, as CSV, until somebody presses Ctrl-C."""

import sys

try:
    print("sl,sw,pl,pw")
    for _ in range(100_000):
        print("5.1,3.5,1.4,0.2")
    print("100,000 flowers, and no end: press Ctrl-C", file=sys.stderr)
    while True:
        print("5.1,3.5,1.4,0.2")
except (KeyboardInterrupt, OSError):  # or the program behind the pipe has ended
    sys.stderr.close()
