"""The image of `--build-arg REQUIREMENTS=gcs.txt`, which fetches its model by gs://."""

import hashlib
import json

from tests.cloud.conftest import IRIS, Bucket
from tests.cloud.conftest import gcs_bucket as gcs_bucket
from tests.container.conftest import Image, Run, RunToItsEnd, Source
from tests.container.test_image import PROJECT, distributions, pinned
from tests.container.test_running import ANSWER, FLOWER

DIGEST = hashlib.sha256(IRIS).hexdigest()


def variables(url: str, bucket: Bucket) -> list[str]:
    """Options that lead a container to a model in a bucket."""
    environ = {"IRISWS_MODEL": url, "IRISWS_MODEL_SHA256": DIGEST, **bucket.environ}
    return [f"--env={name}={value}" for name, value in environ.items()]


def test_it_holds_the_pinned_set_of_the_extra(gcs_image: Image, source: Source) -> None:
    """irisws and requirements/gcs.txt, which holds what serving needs, too."""
    expected = pinned("gcs.txt", source.python) | {("irisws", PROJECT["version"])}
    assert distributions(gcs_image) == expected
    assert {"gcsfs", "onnxruntime"} <= {name for name, _ in expected}


def test_it_serves_a_model_from_a_bucket(run: Run, gcs_image: Image, gcs_bucket: Bucket) -> None:
    """With a read-only root, where no copy can be kept."""
    url = gcs_bucket.put("container/iris.onnx", IRIS)
    container = run(*variables(url, gcs_bucket), of=gcs_image)
    assert container.post("/", FLOWER) == (200, ANSWER)
    assert DIGEST in json.loads(container.get("/v1/model")[1])["sha256"]


def test_a_model_that_is_not_there_ends_it(
    run_to_its_end: RunToItsEnd, gcs_image: Image, gcs_bucket: Bucket
) -> None:
    """Status 4, and one line."""
    url = gcs_bucket.url("container/none.onnx")
    assert run_to_its_end(*variables(url, gcs_bucket), of=gcs_image) == (
        4,
        f"irisws: no such object, or no such bucket: {url}\n",
    )


def test_the_plain_image_says_what_it_lacks(run_to_its_end: RunToItsEnd) -> None:
    """It stays small, and names the extra."""
    assert run_to_its_end("--env=IRISWS_MODEL=gs://b/iris.onnx") == (
        4,
        'irisws: gs://b/iris.onnx needs the extra gcs: pip install "irisws[gcs]"\n',
    )
