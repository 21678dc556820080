"""The server's config files are what its own parser takes, and hold to its rules."""

import pytest
from google.protobuf import text_format

from model_server import config_protos
from model_server.batching import settings
from model_server.status import StatusError
from serving.client import MAX_ROWS
from tests.deploy.protos import MESSAGES, parse
from tests.deploy.world import BUCKET, CONFIG, container, flags


@pytest.mark.parametrize("name", MESSAGES)
def test_a_file_is_its_message(name):
    assert parse(CONFIG / name).ByteSize() > 0


@pytest.mark.parametrize("name", MESSAGES)
@pytest.mark.parametrize("wrong", ["no_such_field: 1", "model_config_list {", "max_batch_size: 3"])
def test_what_is_wrong_is_found(name, wrong, tmp_path):
    path = tmp_path / name
    path.write_text((CONFIG / name).read_text() + "\n" + wrong)
    with pytest.raises(text_format.ParseError):
        parse(path)


def test_the_bucket_serves_the_same_model():
    (here,) = parse(CONFIG / "models.config").model_config_list.config
    (there,) = parse(BUCKET / "models.config").model_config_list.config
    assert here.name == there.name
    assert here.model_version_policy == there.model_version_policy
    assert there.base_path.startswith("gs://")
    assert there.base_path.endswith(f"/{there.name}")
    assert there.model_platform == here.model_platform == "tensorflow"


def test_batches_are_such_as_the_server_takes():
    batching = settings(parse(CONFIG / "batching.config"))
    assert batching.enable_large_batch_splitting
    assert batching.max_execution_batch_size < batching.max_batch_size
    assert batching.num_batch_threads == int(container()["resources"]["limits"]["cpu"])


def test_what_the_client_sends_at_once_is_no_more_than_the_server_takes():
    assert parse(CONFIG / "batching.config").max_batch_size.value >= MAX_ROWS


@pytest.mark.parametrize(
    ("sizes", "what"),
    [
        ([1, 8, 32], None),
        ([1, 8], "must match"),
        ([8, 1, 32], "monotonically increasing"),
    ],
)
def test_allowed_sizes_would_have_to_rise_to_the_largest_batch(sizes, what):
    batching = config_protos.BatchingParameters()
    batching.CopyFrom(parse(CONFIG / "batching.config"))
    batching.allowed_batch_sizes.extend(sizes)
    if what is None:
        assert settings(batching).allowed_batch_sizes == tuple(sizes)
    else:
        with pytest.raises(StatusError, match=what):
            settings(batching)


def test_metrics_are_where_prometheus_looks():
    monitoring = parse(CONFIG / "monitoring.config").prometheus_config
    assert monitoring.enable
    assert monitoring.path == "/monitoring/prometheus/metrics"
    assert "monitoring_config_file" in flags(container()["args"])
