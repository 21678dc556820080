"""The two versions that are compared: how each is asked, and the rows that it is asked."""

import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from serving import tables
from serving.batch_server import OnServer
from serving.client import MAX_ROWS, ServingClient
from serving.errors import ServingError
from serving.releases.state import CANARY, STABLE
from serving.remote.explain import UP
from serving.remote.model_metadata import ModelMetadata, Signature
from serving.remote.signature_choice import for_predict
from serving.remote.transport import Fault

REQUESTS = 200  # about as many are sent: enough for a 99th percentile, soon done
NO_LABEL = "Unrecognized servable version label"


@dataclass
class Side:
    """One of the two.

    Attributes:
        label: "stable" or "canary".
        client: Asks that label; a request that fails is not sent again.
        metadata: Of the version that had the label when the comparison began.
        signature: That answers.
        requests: Rows, by request.
    """

    label: str
    client: ServingClient
    metadata: ModelMetadata
    signature: Signature
    requests: list[list[dict[str, Any]]] = field(default_factory=list)

    @property
    def version(self) -> int:
        """The version that is compared."""
        return self.metadata.version

    def __str__(self) -> str:
        return f"{self.label} {self.version}"

    def predict(self, request: int) -> dict[str, np.ndarray]:
        """Returns the answer to a request."""
        return self.client.predict(self.requests[request], signature=self.signature.name)


@contextmanager
def both(address: str, model: str, timeout: float) -> Iterator[tuple[Side, Side]]:
    """Yields the stable version and the canary of a model.

    Args:
        address: The server's.
        model: The model's name.
        timeout: Seconds for one request.

    Raises:
        ServingError: If the server knows no labels, or both of them are one version.
    """
    with ExitStack() as stack:
        stable, canary = (
            _side(
                label,
                stack.enter_context(
                    ServingClient(address, model, label=label, timeout=timeout, retries=0)
                ),
            )
            for label in (STABLE, CANARY)
        )
        if stable.version == canary.version:
            raise ServingError(
                f'there is no canary: both labels of model "{model}" at {address} '
                f"are version {stable.version}",
                expected="a version that is tried out beside the stable one",
                fix="make one: python -m serving canary VERSION --percent 0",
            )
        yield stable, canary


def is_unknown_label(error: ServingError) -> bool:
    """Returns whether a server says that a model has no such label."""
    return isinstance(error.__cause__, Fault) and NO_LABEL in error.__cause__.message


def read_requests(data: Path, most: int, stable: Side, canary: Side) -> bool:
    """Reads rows and divides them into requests; the same rows for both sides.

    Where the versions take different columns, each gets those that it takes.

    Args:
        data: A CSV file.
        most: How many rows to read.
        stable: Whose requests are set.
        canary: Whose requests are set.

    Returns:
        Whether the file has more rows.

    Raises:
        ServingError: If the file cannot be read, or lacks a column that a version takes.
    """
    header = tables.check_csv(data)
    for side in (stable, canary):
        if side is canary and canary.signature.inputs == stable.signature.inputs:
            canary.requests = stable.requests
            break
        read = tables.read_rows(data, OnServer(side.client).parsers(data, header))
        rows = [row.values for row in islice(read, most)]
        has_more = next(read, None) is not None
        size = min(MAX_ROWS, max(1, math.ceil(len(rows) / REQUESTS)))
        side.requests = [rows[k : k + size] for k in range(0, len(rows), size)]
    return has_more


def _side(label: str, client: ServingClient) -> Side:
    try:
        metadata = client.metadata()
    except ServingError as error:
        if not is_unknown_label(error):
            raise
        with ServingClient(client.address, client.model, retries=0) as unlabelled:
            unlabelled.status()  # of a model that is not there, a server says the same
        raise ServingError(
            f'model "{client.model}" at {client.address} has no label "{label}"',
            expected=f'the labels "{STABLE}" and "{CANARY}", which a server reads from its '
            "--model_config_file",
            fix=f"`{UP}` starts a server with them; start others with the models.config in the "
            "model's folder, and --allow_version_labels_for_unavailable_models",
        ) from error
    return Side(label, client, metadata, for_predict(metadata, None))
