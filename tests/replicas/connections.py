"""How many connections there were to a port, from the kernel's table (Linux)."""

from collections.abc import Iterable
from pathlib import Path

_TABLE = Path("/proc/net/tcp")


def to_ports(ports: Iterable[int]) -> set[tuple[int, int]]:
    """Every connection of the last minute to these ports of this machine: the ports of its ends.

    One that is closed stands in the table for another minute, in TIME_WAIT.
    """
    wanted = set(ports)
    found = set()
    for line in _TABLE.read_text(encoding="ascii").splitlines()[1:]:
        near, far = (int(end.rpartition(":")[2], 16) for end in line.split()[1:3])
        if far in wanted:
            found.add((near, far))
        elif near in wanted and far:  # 0 where it listens
            found.add((far, near))
    return found
