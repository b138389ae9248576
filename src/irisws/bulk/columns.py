"""Columns by name: those that hold the features, and those that a prediction adds."""

from collections import Counter
from collections.abc import Sequence

from irisws.bulk.failures import InvalidInput
from irisws.model.card import Card, Feature
from irisws.model.names import clip, nearest, positions


def find_features(names: Sequence[str], features: Sequence[Feature]) -> list[int]:
    """Find the columns of the features, which may stand in any order among others.

    Args:
        names: The names of all columns.
        features: The card's; each is found by its name or its alias.

    Returns:
        For each feature, in card order, the position of its column.

    Raises:
        InvalidInput: With every feature that no column holds, or more than one.
    """
    known = positions(features)
    found: list[list[int]] = [[] for _ in features]
    for at, name in enumerate(names):
        if name in known:
            found[known[name]].append(at)
    others = [name for name in names if name not in known]
    problems = [
        _lacking(feature, others)
        if not columns
        else f"{feature.name} has {len(columns)} columns: {', '.join(names[at] for at in columns)}"
        for feature, columns in zip(features, found, strict=True)
        if len(columns) != 1
    ]
    if problems:
        raise InvalidInput(problems)
    return [columns[0] for columns in found]


def added_names(card: Card, prefix: str, with_error: bool) -> list[str]:
    """The names of the columns that a prediction adds.

    They are `label`, `index`, one `probability_…` for each class that has one, and `error`.
    """
    classes = card.classes if card.has_probabilities else ()
    names = ["label", "index", *(f"probability_{target.name}" for target in classes)]
    return [prefix + name for name in [*names, *["error"] * with_error]]


def refuse_clashes(names: Sequence[str], added: Sequence[str]) -> None:
    """Refuse an input that has columns of the names that would be added.

    Raises:
        InvalidInput: With all such names.
    """
    clashes = sorted(set(names) & set(added))
    if clashes:
        raise InvalidInput(
            [
                f"the input has columns of the names that are added: {', '.join(clashes)}; "
                "give the added ones another name with --prefix"
            ]
        )


def refuse_doubled(names: Sequence[str]) -> None:
    """Refuse names that an output with named members could not tell apart.

    Raises:
        InvalidInput: With all doubled names.
    """
    doubled = [name for name, times in Counter(names).items() if times > 1]
    if doubled:
        raise InvalidInput([f"several columns have the name {clip(name)!r}" for name in doubled])


def _lacking(feature: Feature, others: Sequence[str]) -> str:
    alias = f" (or {feature.alias})" if feature.alias else ""
    unit = f" in {feature.unit}" if feature.unit else ""
    near = next((n for n in (feature.name, feature.alias) if n and nearest(n, others)), None)
    hint = "" if near is None else f"; is it {clip(nearest(near, others) or '')!r}?"
    return f"there is no column {feature.name}{alias}{unit}{hint}"
