"""Answer a folder of Parquet files with Dask: on this machine, or on a cluster.

    python predict_parquet.py iris.onnx rows answers
    python predict_parquet.py s3://models/iris.onnx s3://data/rows s3://data/answers \
        --scheduler tcp://10.0.0.5:8786

The model is the file that irisws serves. Every worker loads it once, by its path or its URL, and
it proves itself there, or the job ends. Every part of `rows` becomes one of `answers`: its own
columns, and `label`, `index` and one `probability_...` a class.

For rows that fit one machine, `irisws predict --input rows.parquet` is simpler, and quick: start
here when the data are larger than its disk or its night. It needs
`pip install "irisws[parquet]" "dask[dataframe,distributed]"`, the same on every worker.
"""

import argparse
import sys
from functools import cache
from typing import Any

import dask.dataframe
import pandas
from dask.distributed import Client, LocalCluster, progress

import irisws


@cache
def load(path: str, sha256: str) -> irisws.Model:
    """The model, loaded and proved once in each process; only the very file of the first look."""
    return irisws.load(path, sha256=sha256)


def answer(rows: Any, path: str, sha256: str) -> Any:
    """One part of the rows with their answers."""
    model = load(path, sha256)
    features = [feature.name for feature in model.card.features]
    predictions = model.predict(rows[features])
    answers = {
        "label": pandas.Series([one.label for one in predictions], rows.index, "str"),
        "index": pandas.Series([one.index for one in predictions], rows.index, "int64"),
    }
    for name in probability_names(model):
        chances = [one.probabilities[name] for one in predictions]
        answers[f"probability_{name}"] = pandas.Series(chances, rows.index, "float64")
    return rows.assign(**answers)


def probability_names(model: irisws.Model) -> list[str]:
    return [one.name for one in model.card.classes] if model.card.has_probabilities else []


def plan(path: str, source: str, target: str) -> Any:
    """What is to be done, not begun yet.

    Raises:
        ValueError: The rows lack columns that the model needs.
    """
    model = irisws.load(path)
    rows = dask.dataframe.read_parquet(source)
    missing = [one.name for one in model.card.features if one.name not in rows.columns]
    if missing:
        raise ValueError(f"{source} has no columns {', '.join(missing)}")
    kinds = {"label": "str", "index": "int64"}
    kinds |= {f"probability_{name}": "float64" for name in probability_names(model)}
    empty = {name: pandas.Series(dtype=kind) for name, kind in kinds.items()}
    answers = rows.map_partitions(answer, path, model.digest, meta=rows._meta.assign(**empty))
    has_index = rows.index.name is not None  # else it is a count of rows, which is no column
    return answers.to_parquet(target, compute=False, write_index=has_index)


# Dask's client has no types: hence what is ignored below.
def run(client: Client, work: Any) -> None:
    """Let the workers do it, and show how far they are."""
    future = client.compute(work)  # type: ignore[no-untyped-call]
    progress(future)  # type: ignore[no-untyped-call]
    future.result()
    print()


def main() -> int:
    parser = argparse.ArgumentParser(description="Answer a folder of Parquet files with Dask.")
    parser.add_argument("model", help="a model file, or its URL; the same for every worker")
    parser.add_argument("rows", help="a folder of Parquet files, or its URL")
    parser.add_argument("answers", help="the folder to write, or its URL")
    parser.add_argument("--scheduler", help="of a cluster; by default there is one on this machine")
    options = parser.parse_args()
    try:
        work = plan(options.model, options.rows, options.answers)
    except (ValueError, OSError) as error:  # UnusableModel is a ValueError
        sys.exit(f"{parser.prog}: {error}")
    if options.scheduler:
        with Client(options.scheduler) as client:  # type: ignore[no-untyped-call]
            run(client, work)
        return 0
    one_core_each: Any = {"threads_per_worker": 1, "dashboard_address": None}
    with (
        LocalCluster(**one_core_each) as cluster,  # type: ignore[no-untyped-call]
        Client(cluster) as client,  # type: ignore[no-untyped-call]
    ):
        run(client, work)
    return 0


if __name__ == "__main__":
    sys.exit(main())
