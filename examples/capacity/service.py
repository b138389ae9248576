"""What one replica costs a request, as it was measured, kept in service.json."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FILE = Path(__file__).with_name("service.json")


@dataclass(frozen=True, kw_only=True)
class Service:
    """One irisws process on one core, asked for one flower a request; times in seconds."""

    measured: str  # when, and on what
    in_step: float  # time of the core a request, of callers that all ask again when answered
    busy: float  # the same of callers who do not know of each other, with one always waiting
    waking: float  # how much more when the process is idle before
    way: float  # what a caller sees besides; below 0 if the process tidies up after its answer
    shape: tuple[float, ...]  # quantiles 0, 1/200, ..., 1 of the service time, its mean being 1
    rows: tuple[tuple[int, float], ...]  # rows in a request, time of the core for the request
    memory_bytes: int  # PSS after the load

    @property
    def capacity(self) -> float:
        """Requests a second that one core can answer at most."""
        return 1 / self.busy

    def in_use(self, share: float) -> float:
        """The share of its time that a core works, asked for a share of its capacity at random.

        Of the requests, 1 minus this share find the process idle and cost `waking` more.
        """
        dearer = self.waking / self.busy
        return share * (1 + dearer) / (1 + share * dearer)

    def share_at(self, in_use: float) -> float:
        """The share of its capacity that a core is asked for when it works for a share of its time.

        `in_use` the other way round.
        """
        dearer = self.waking / self.busy
        return in_use / (1 + dearer * (1 - in_use))

    def times(self, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Service times of so many requests, shape (count,), in seconds."""
        known = np.linspace(0, 1, len(self.shape))
        return self.busy * np.interp(rng.random(count), known, self.shape)

    def row_seconds(self) -> float:
        """What one row more costs, in seconds, from the two largest requests."""
        (rows, seconds), (more_rows, more_seconds) = self.rows[-2:]
        return (more_seconds - seconds) / (more_rows - rows)

    def of_rows(self, rows: int) -> "Service":
        """The same replica, asked for so many rows in each request.

        Its times keep their shape. Between the numbers of rows that were measured, the time goes in
        a straight line; a request of one row is what it is in `busy`.

        Raises:
            ValueError: More rows than were measured, or less than one.
        """
        known = np.array([(1, self.busy), *self.rows[1:]]).T
        most = self.rows[-1][0]
        if not 1 <= rows <= most:
            raise ValueError(f"rows a request: 1 to {most:,} were measured, not {rows:,}")
        return replace(self, busy=float(np.interp(rows, *known)))

    def write(self, path: Path = FILE) -> None:
        """Write to a file."""
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path = FILE) -> "Service":
        """Read what `write` wrote."""
        found = json.loads(path.read_text(encoding="utf-8"))
        found["shape"] = tuple(found["shape"])
        found["rows"] = tuple((int(rows), float(seconds)) for rows, seconds in found["rows"])
        return cls(**found)


def shape_of(times: NDArray[np.float64]) -> tuple[float, ...]:
    """The quantiles of times, scaled to a mean of 1."""
    quantiles = np.quantile(times, np.linspace(0, 1, 201))
    middles = (quantiles[1:] + quantiles[:-1]) / 2
    return tuple(np.round(quantiles / middles.mean(), 5).tolist())
