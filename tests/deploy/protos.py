"""The messages of the server's config files, as its own text format parser would read them."""

from pathlib import Path

from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from model_server import config_protos

MESSAGES = {
    "models.config": model_server_config_pb2.ModelServerConfig,
    "batching.config": config_protos.BatchingParameters,
    "monitoring.config": config_protos.MonitoringConfig,
}


def parse(path: Path):
    """The message in a file.

    Raises:
        ParseError: If it is none.
    """
    return text_format.Parse(path.read_text(encoding="utf-8"), MESSAGES[path.name]())
