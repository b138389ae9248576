"""Metrics as Prometheus' own parsers read them."""

from collections.abc import Iterable

from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as prometheus_text

OPEN_METRICS = "application/openmetrics-text"

Labels = tuple[str, ...]


class Samples:
    """The samples of one scrape."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self.families = list(families)
        self._samples = [sample for family in self.families for sample in family.samples]

    @classmethod
    def read(cls, text: str, content_type: str) -> "Samples":
        """Parse a reply in the format that it says it has."""
        parse = open_metrics if content_type.startswith(OPEN_METRICS) else prometheus_text
        return cls(parse(text))

    def by(self, name: str, *labels: str) -> dict[Labels, float]:
        """The values of the samples of a name, by these of their labels."""
        found = [sample for sample in self._samples if sample.name == name]
        return {tuple(s.labels[label] for label in labels): s.value for s in found}

    def value(self, name: str) -> float:
        """The value of the only sample of a name."""
        (value,) = [sample.value for sample in self._samples if sample.name == name]
        return value
