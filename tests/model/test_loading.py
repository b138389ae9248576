"""Model.load: what is refused, and in which words."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import onnx
import pytest

from irisws.model.model import DEFAULT_MODEL, Model, UnusableModel
from irisws.model.onnx_file import digest_without_metadata

Change = Callable[[Any], None]


@pytest.fixture
def model_file(tmp_path: Path) -> Path:
    """A copy of the packaged model, to be spoilt."""
    path = tmp_path / "model.onnx"
    path.write_bytes(DEFAULT_MODEL.read_bytes())
    return path


def refusal(path: Path, **options: Any) -> str:
    with pytest.raises(UnusableModel) as error:
        Model.load(path, **options)
    return str(error.value)


def rewrite(path: Path, change: Change) -> None:
    """Change the file in any way, and leave the rest as it is."""
    model = onnx.load_model(str(path), load_external_data=False)
    change(model)
    path.write_bytes(model.SerializeToString(deterministic=True))


def change_card(path: Path, change: Change) -> None:
    def change_entry(model: Any) -> None:
        (entry,) = model.metadata_props
        card = msgspec.json.decode(entry.value)
        change(card)
        entry.value = msgspec.json.encode(card).decode()

    rewrite(path, change_entry)


def change_graph(path: Path, change: Change) -> None:
    """Change the graph and give the card its new SHA-256, as a careful forger would."""
    rewrite(path, change)
    digest = digest_without_metadata(path.read_bytes())
    change_card(path, lambda card: card.update(graph=digest))


def test_packaged_model_proves_itself() -> None:
    """Loading replays every golden row and finds scikit-learn's answers."""
    proof = Model.load().proof
    assert (proof.rows, proof.labels_agreeing, proof.holds) == (180, 180, True)


def test_no_such_file(tmp_path: Path) -> None:
    """A missing file is named."""
    path = tmp_path / "none.onnx"
    assert refusal(path) == f"no such file: {path}"


def test_directory(tmp_path: Path) -> None:
    """A directory is not a model file."""
    assert refusal(tmp_path) == f"cannot read {tmp_path}: it is a directory"


def test_empty_file(model_file: Path) -> None:
    """An empty file is said to be empty."""
    model_file.write_bytes(b"")
    assert refusal(model_file) == f"{model_file} is empty"


@pytest.mark.parametrize("part", [0.02, 0.2, 0.5, 0.9, 0.999])
def test_truncated_file(model_file: Path, part: float) -> None:
    """A file cut anywhere is recognised as cut, before the engine sees it."""
    data = model_file.read_bytes()
    model_file.write_bytes(data[: int(len(data) * part)])
    assert refusal(model_file) == (f"{model_file} is cut off: it ends in the middle of the model")


def test_random_bytes(model_file: Path) -> None:
    """Bytes of another kind are not an ONNX file."""
    model_file.write_bytes(random.Random(1).randbytes(5000))
    assert refusal(model_file) == f"{model_file} is not an ONNX file"


def test_pickle_is_not_opened(model_file: Path) -> None:
    """A pickle is just another file that is not ONNX."""
    model_file.write_bytes(b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00\x8c\x02os.")
    assert refusal(model_file) == f"{model_file} is not an ONNX file"


def test_onnx_without_a_card(model_file: Path) -> None:
    """Any other ONNX file is refused, with the way to a card."""
    rewrite(model_file, lambda model: model.metadata_props.pop())
    assert refusal(model_file) == (
        f"{model_file} is an ONNX file without a card: pack the scikit-learn estimator with "
        'irisws.pack(estimator, X, y, "model.onnx")'
    )


def test_card_of_a_newer_format(model_file: Path) -> None:
    """A card from the future is not guessed at, even if it has members unknown today."""
    change_card(model_file, lambda card: card.update(format=2, features="reinvented"))
    assert refusal(model_file) == (
        f"{model_file} cannot be used: its card has format 2, and this irisws reads up to 1: "
        "use a newer irisws, or pack the model again with this one"
    )


@pytest.mark.parametrize("value", ["high", None, True])
def test_golden_row_of_another_kind(model_file: Path, value: object) -> None:
    """A golden row that no request could hold is told as such."""
    change_card(model_file, lambda card: card["golden"][3]["inputs"].__setitem__(2, value))
    assert refusal(model_file) == (
        f"{model_file} cannot be used: a row of its card holds what petal_length does not take: "
        f"{value!r}"
    )


def test_card_that_breaks_a_rule(model_file: Path) -> None:
    """A broken card is refused with the place and the reason."""
    change_card(model_file, lambda card: card["features"][2].update(minimum="low"))
    assert refusal(model_file) == (
        f"{model_file} cannot be used: its card is not valid: "
        "Expected `float | null`, got `str` - at `$.features[2].minimum`"
    )


def test_card_with_two_features_of_one_name(model_file: Path) -> None:
    """A name or alias that stands for two features is refused."""
    change_card(model_file, lambda card: card["features"][2].update(alias="sepal_width"))
    assert refusal(model_file) == (
        f"{model_file} cannot be used: its card is not valid: "
        "feature names must differ, these are doubled: sepal_width"
    )


def test_card_that_is_not_json(model_file: Path) -> None:
    """Metadata that is no JSON is no card."""

    def spoil(model: Any) -> None:
        model.metadata_props[0].value = "{"

    rewrite(model_file, spoil)
    assert refusal(model_file).startswith(f"{model_file} cannot be used: its card is not valid: ")


def test_features_that_do_not_fit_the_graph(model_file: Path) -> None:
    """A card with one feature fewer than the graph takes is refused."""

    def drop_a_feature(card: Any) -> None:
        card["features"].pop()
        for row in card["golden"]:
            row["inputs"].pop()

    change_card(model_file, drop_a_feature)
    assert refusal(model_file) == (
        f"{model_file} cannot be used: its card names 3 features, its graph takes 4"
    )


def test_classes_that_do_not_fit_the_graph(model_file: Path) -> None:
    """A card with one class more than the graph answers is refused."""

    def add_a_class(card: Any) -> None:
        card["classes"].append({"name": "hybrid", "value": 3, "training_rows": 0})
        for row in card["golden"]:
            row["probabilities"].append(0.0)

    change_card(model_file, add_a_class)
    assert refusal(model_file) == (
        f"{model_file} cannot be used: its card names 4 classes, its graph answers 3"
    )


def test_graph_that_does_not_load(model_file: Path) -> None:
    """What ONNX Runtime refuses is refused in one line, with its reason."""

    def unknown_operator(model: Any) -> None:
        model.graph.node[0].op_type = "CrystalBall"

    change_graph(model_file, unknown_operator)
    message = refusal(model_file)
    assert message.startswith(f"{model_file} cannot be used: ONNX Runtime does not load it: ")
    assert "CrystalBall" in message
    assert "\n" not in message


def test_graph_without_probabilities(model_file: Path) -> None:
    """A graph that has other outputs is refused with their names."""

    def rename(model: Any) -> None:
        model.graph.output[1].name = model.graph.node[0].output[0] = "scores"
        model.graph.node[1].input[0] = "scores"

    change_graph(model_file, rename)
    assert refusal(model_file) == (
        f"{model_file} cannot be used: its graph must have the outputs 'label' and "
        "'probabilities', it has 'label', 'scores'"
    )


def test_file_over_the_size_limit(model_file: Path) -> None:
    """A file is not read beyond the limit."""
    assert refusal(model_file, max_bytes=10_000) == (
        f"{model_file} is larger than the limit of 10,000 bytes"
    )


def test_altered_graph(model_file: Path) -> None:
    """Any change outside of the card is found, even one that no golden row would show."""

    def rename(model: Any) -> None:
        model.graph.name = "another"

    rewrite(model_file, rename)
    assert refusal(model_file) == (
        f"{model_file} was altered after it was packed: its graph has another SHA-256 than its "
        "card says"
    )


def test_no_other_file_is_read(
    model_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weights that lie in another file would not be covered by the model's SHA-256."""
    (tmp_path / "weights.bin").write_bytes(bytes(8 * 3))
    monkeypatch.chdir(tmp_path)

    def move_out(model: Any) -> None:
        classes = model.graph.initializer[0]
        classes.ClearField("int64_data")
        classes.data_location = onnx.TensorProto.EXTERNAL
        classes.external_data.add(key="location", value="weights.bin")

    change_graph(model_file, move_out)
    assert "ONNX Runtime does not load it" in refusal(model_file)


@pytest.mark.parametrize(
    ("output", "element", "dimensions", "message"),
    [
        (0, onnx.TensorProto.FLOAT, [None], "its 'label' must be integers or strings"),
        (0, onnx.TensorProto.INT64, [], "its 'label' must be integers or strings"),
        (1, onnx.TensorProto.STRING, [None, 3], "its 'probabilities' must be floats"),
        (1, onnx.TensorProto.FLOAT, [], "its 'probabilities' must be floats"),
    ],
)
def test_outputs_of_another_kind(
    model_file: Path, output: int, element: int, dimensions: list[Any], message: str
) -> None:
    """Labels and probabilities must have the types and shapes that serving works with."""
    name = ("label", "probabilities")[output]

    def replace(model: Any) -> None:
        helper = onnx.helper
        model.graph.output[output].CopyFrom(
            helper.make_tensor_value_info(name, element, dimensions)
        )
        for node in model.graph.node:
            if name in node.output:
                node.output[0] = "raw"
            node.input[:] = ["raw" if edge == name else edge for edge in node.input]
        source = "raw"
        if not dimensions:
            model.graph.node.append(helper.make_node("ReduceMax", ["raw"], ["most"], keepdims=0))
            source = "most"
        model.graph.node.append(helper.make_node("Cast", [source], [name], to=element))

    change_graph(model_file, replace)
    assert message in refusal(model_file)


def test_label_that_the_card_lacks(model_file: Path) -> None:
    """A graph that answers a class beyond those of the card is refused."""

    def shift(model: Any) -> None:
        model.graph.initializer[0].int64_data[2] = 7

    change_graph(model_file, shift)
    assert refusal(model_file) == (
        f"{model_file} cannot be used: its graph answers a class that its card lacks"
    )


@pytest.mark.parametrize("name", ['q"x', "back\\slash", "new\nline", ""])
def test_names_that_json_would_escape(model_file: Path, name: str) -> None:
    """Names of features and classes are such as JSON writes as they are."""
    change_card(model_file, lambda card: card["classes"][0].update(name=name))
    assert "its card is not valid" in refusal(model_file)


def branches() -> list[int]:
    """The positions of the packaged tree's branching nodes."""
    attributes = {a.name: a for a in onnx.load_model(str(DEFAULT_MODEL)).graph.node[0].attribute}
    modes = attributes["nodes_modes"].strings
    return [at for at, mode in enumerate(modes) if mode == b"BRANCH_LEQ"]


@pytest.mark.parametrize("node", branches())
@pytest.mark.parametrize("shift", [-0.05, 0.05])
def test_one_changed_threshold_is_found(model_file: Path, node: int, shift: float) -> None:
    """Half a millimetre in any one threshold of the tree, and the file no longer proves itself."""

    def move(model: Any) -> None:
        for attribute in model.graph.node[0].attribute:
            if attribute.name == "nodes_values":
                attribute.floats[node] += shift

    change_graph(model_file, move)
    assert "it does not prove itself here" in refusal(model_file)


def test_changed_threshold_is_told_in_figures(model_file: Path) -> None:
    """The refusal says how many rows agree and how far the probabilities are off."""

    def move(model: Any) -> None:
        for attribute in model.graph.node[0].attribute:
            if attribute.name == "nodes_values":
                attribute.floats[0] = 0.0

    change_graph(model_file, move)
    assert refusal(model_file) == (
        f"{model_file} cannot be used: it does not prove itself here: 152 of 180 golden rows have "
        "the label that scikit-learn gave, and probabilities differ by up to 1 (tolerance 1e-05)"
    )


def test_damaged_bytes_never_crash(model_file: Path) -> None:
    """A file with any bytes flipped either proves itself or is refused in words."""
    whole = model_file.read_bytes()
    generator = np.random.default_rng(0)
    for _ in range(300):
        data = bytearray(whole)
        for at in generator.integers(len(data), size=generator.integers(1, 4)):
            data[at] = generator.integers(256)
        model_file.write_bytes(data)
        try:
            assert Model.load(model_file).proof.holds
        except UnusableModel as error:
            assert "\n" not in str(error)  # noqa: PT017  # either outcome is right
