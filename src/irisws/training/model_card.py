"""The short model card that a training prints, as lines of text."""

from collections.abc import Iterator, Sequence
from typing import Any

from irisws.model.card import Feature
from irisws.training.training import Trained

_MOST_SHOWN = 20  # columns, classes, importances
_MOST_CONFUSED = 12  # classes in a matrix; of more, the pairs that are confused most
_MOST_PAIRS = 10


def model_card(trained: Trained) -> str:
    """What was trained, with what, and how good it is; see `Trained`."""
    lines = [
        line
        for section in (_data, _columns, _classes, _scores, _confusion, _importances, _packed)
        for line in (*section(trained), "")
    ]
    text = "\n".join(lines).rstrip("\n")
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text)


def _data(trained: Trained) -> Iterator[str]:
    rows, columns = trained.data.X.shape
    yield f"data        {trained.table.source}: {rows:,} rows, {_number(columns, 'feature')}"
    yield f"target      {trained.plan.target}"
    yield f"estimator   {trained.plan.estimator}: {trained.classifier}"


def _columns(trained: Trained) -> Iterator[str]:
    yield "columns"
    X = trained.data.X
    features = trained.model.card.features
    yield from _table(
        [
            (f.name, f.kind, _seen(f), _lacking(int(X[f.name].isna().sum())))
            for f in features[:_MOST_SHOWN]
        ]
    )
    yield from _more(len(features))


def _seen(feature: Feature) -> str:
    if feature.is_numeric:
        return f"{feature.minimum:g} to {feature.maximum:g}"
    if feature.kind == "string":
        return f"{len(feature.categories)} categories" if feature.categories else "many categories"
    return ""


def _lacking(count: int) -> str:
    return f"{count:,} missing" if count else ""


def _classes(trained: Trained) -> Iterator[str]:
    yield "classes"
    classes = sorted(trained.model.card.classes, key=lambda each: -each.training_rows)
    rows = len(trained.data.y)
    yield from _table(
        [
            (each.name, _number(each.training_rows, "row"), f"{each.training_rows / rows:.1%}")
            for each in classes[:_MOST_SHOWN]
        ]
    )
    yield from _more(len(classes))


def _scores(trained: Trained) -> Iterator[str]:
    evaluation = trained.evaluation
    held_out = len(trained.data.y) - evaluation.training_rows
    folds = trained.plan.folds
    yield (
        f"scores      {folds} folds of {evaluation.training_rows:,} rows, "
        f"and {held_out:,} rows held out"
    )
    yield from _table(
        [
            ("", "folds", "held out"),
            *(
                (
                    score.metric,
                    f"{score.mean:.3f} ± {score.standard_deviation:.3f}",
                    _decimal(evaluation.held_out.get(score.metric)),
                )
                for score in evaluation.scores
            ),
        ]
    )
    most = max(each.training_rows for each in trained.model.card.classes)
    yield f"  always the most frequent class: accuracy {most / len(trained.data.y):.3f}"


def _decimal(score: float | None) -> str:
    return "-" if score is None else f"{score:.3f}"


def _confusion(trained: Trained) -> Iterator[str]:
    classes = [str(each) for each in trained.evaluation.classes]
    counts = trained.evaluation.confusion.tolist()
    if len(classes) <= _MOST_CONFUSED:
        yield "confusion   of the rows held out: a line for each class, a column for each answer"
        rows = zip(classes, counts, strict=True)
        yield from _table([("", *classes), *((name, *map(str, row)) for name, row in rows)])
        return
    pairs = [
        (count, true, answer)
        for true, row in zip(classes, counts, strict=True)
        for answer, count in zip(classes, row, strict=True)
        if true != answer and count
    ]
    yield "confusion   of the rows held out, the most frequent"
    yield from _table(
        [
            (true, f"as {answer}", _number(count, "row"))
            for count, true, answer in sorted(pairs, key=lambda pair: -pair[0])[:_MOST_PAIRS]
        ]
        or [("none",)]
    )


def _importances(trained: Trained) -> Iterator[str]:
    yield "importance  accuracy lost on the rows held out when the column is shuffled"
    importances = trained.evaluation.importances
    yield from _table(
        [
            (each.feature, f"{each.mean:.3f} ± {each.standard_deviation:.3f}")
            for each in importances[:_MOST_SHOWN]
        ]
    )
    yield from _more(len(importances))


def _packed(trained: Trained) -> Iterator[str]:
    yield f"fitted with all {len(trained.data.y):,} rows, those held out as well"
    yield from trained.report.split("\n")


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Lines with their cells under each other; the first column is left-aligned text."""
    widths = [max(len(row[at]) for row in rows if at < len(row)) for at in range(_width(rows))]
    for row in rows:
        cells = [
            cell.ljust(width) if at == 0 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=False))
        ]
        yield f"  {'  '.join(cells)}".rstrip()


def _width(rows: Sequence[Sequence[Any]]) -> int:
    return max((len(row) for row in rows), default=0)


def _more(count: int) -> Iterator[str]:
    if count > _MOST_SHOWN:
        yield f"  and {count - _MOST_SHOWN:,} more"


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"
