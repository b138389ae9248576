"""What SageMaker and MLflow ask of a model server: rows in JSON or CSV, plain classes back.

    POST /invocations   {"dataframe_split": {"columns": [...], "data": [...]}}   and three more
    POST /invocations   2.0,1.0,2.0,3.0
    GET  /ping

    {"predictions":[1]}

The forms are told in `irisws.api.data_frames` and `irisws.api.csv_rows`. As in both originals the
reply is JSON whatever the request was, unless Accept asks for CSV: one value a line, no header.
"""

import csv
from collections.abc import Iterable, Sequence
from io import StringIO

import msgspec

from irisws.api.csv_rows import CsvReader
from irisws.api.data_frames import FrameReader
from irisws.api.diagnosis import Diagnosis
from irisws.api.large_bodies import LargeBodies
from irisws.api.metrics import tally
from irisws.model.card import Value
from irisws.model.model import Model
from irisws.web.message import JSON, Request, Response
from irisws.web.negotiation import negotiate
from irisws.web.routing import Handler

CSV = "text/csv"
_REPLIES = (JSON, "text/csv; header=absent")


def predict(model: Model, max_rows: int) -> Handler:
    """The handler of `POST /invocations`: answers what the estimator's own predict() returned."""
    card, largest = model.card, model.largest_value
    diagnosis = Diagnosis(card.features, largest, max_rows)
    frames = FrameReader(diagnosis, card.features, largest)
    lines = CsvReader(diagnosis, card.features, largest, max_rows)
    large = LargeBodies(card.features, max_rows)
    json_values = [msgspec.json.encode(target.value) for target in card.classes]
    csv_values = [csv_line([target.value]).encode() for target in card.classes]

    def handle(request: Request) -> Response:
        sent = request.media_type(JSON, CSV)
        wanted = negotiate(request.environ.get("HTTP_ACCEPT", ""), _REPLIES)
        body = request.body()
        is_csv = sent.name == CSV
        header = sent.parameters.get("header")
        matrix = large.read(
            lambda body: lines.read(body, header) if is_csv else frames.read(body), body
        )
        answers = model.answer(matrix)
        request.answered = tally(answers)
        indexes = answers.indexes.tolist()
        if wanted == JSON:
            return Response(b'{"predictions":[%b]}' % _join(b",", json_values, indexes))
        # Without parameters: the next container of a SageMaker pipeline compares the whole string.
        return Response(_join(b"", csv_values, indexes), content_type=CSV)

    return handle


def _join(mark: bytes, values: list[bytes], indexes: Iterable[int]) -> bytes:
    return mark.join(map(values.__getitem__, indexes))


def csv_line(values: Sequence[Value]) -> str:
    """One line of CSV, with its end."""
    line = StringIO()
    csv.writer(line, lineterminator="\n").writerow(values)
    return line.getvalue()
