"""Asks an ML Metadata store what it holds, in a process of its own.

The process can be ended where a server never answers, and what ML Metadata's C++ writes about an
error, often more than it raises, can be read. It imports no TensorFlow and takes a third of a
second.
"""

import json
import re
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from usecase.paths import PROJECT_ROOT

if TYPE_CHECKING:
    from ml_metadata.proto.metadata_store_pb2 import ConnectionConfig

ANSWER_S = 60.0
TRIES, PAUSE_S = 60, 0.5
# What MySQL and PostgreSQL say where two create the same tables at the same moment.
AT_ONCE = re.compile(r"concurrent|deadlock|already exists|duplicate key", re.IGNORECASE)
CLAIM_TYPE = "local_run"
POSTGRESQL_SAYS = re.compile(r"PostgreSQL error: (.+)")


class RefusedError(Exception):
    """The store cannot be used, in ML Metadata's words."""


class ClaimedError(Exception):
    """The claim has been made by another run."""


def last_execution(config: "ConnectionConfig", claim: str = "") -> int:
    """Connects to a store, creating what is missing there.

    Args:
        config: Which store.
        claim: A name that one run alone may claim in this store; "" for none.

    Returns:
        The highest id of an execution; 0 where there is none.

    Raises:
        RefusedError: If ML Metadata cannot use the store.
        ClaimedError: If the name is claimed already.
    """
    try:
        done = subprocess.run(  # noqa: S603, this module
            [sys.executable, "-m", __name__, claim],
            input=config.SerializeToString(),  # not an argument: it may hold a password
            cwd=PROJECT_ROOT,
            capture_output=True,
            timeout=ANSWER_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise RefusedError(f"no answer in {ANSWER_S:.0f} s") from error
    said = done.stderr.decode(errors="replace")
    try:
        answer = json.loads(done.stdout)
    except ValueError as error:
        last = (said.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        raise RefusedError(last) from error
    if answer.get("claimed"):
        raise ClaimedError(claim)
    if "error" in answer:
        more = POSTGRESQL_SAYS.findall(said)
        raise RefusedError(more[-1].strip() if more else answer["error"])
    return int(answer["last"])


def _answer(config: "ConnectionConfig", claim: str, tries: int = TRIES) -> dict[str, Any]:
    """Asks; again and again while another process creates the tables."""
    from ml_metadata import errors

    try:
        return _ask(config, claim)
    except (RuntimeError, errors.StatusError) as error:
        text = " ".join(str(error).split())
        if tries == 1 or not AT_ONCE.search(text):
            return {"error": text}
    time.sleep(PAUSE_S)
    return _answer(config, claim, tries - 1)


def _ask(config: "ConnectionConfig", claim: str) -> dict[str, Any]:
    from ml_metadata.metadata_store import metadata_store

    store = metadata_store.MetadataStore(config)
    newest = metadata_store.ListOptions(
        limit=1, order_by=metadata_store.OrderByField.ID, is_asc=False
    )
    found = store.get_executions(newest)
    if claim and not _claim(store, claim):
        return {"claimed": True}
    return {"last": found[0].id if found else 0}


def _claim(store: Any, name: str) -> bool:
    from ml_metadata import errors
    from ml_metadata.proto import metadata_store_pb2

    kind = store.put_context_type(metadata_store_pb2.ContextType(name=CLAIM_TYPE))
    try:
        store.put_contexts([metadata_store_pb2.Context(type_id=kind, name=name)])
    except errors.AlreadyExistsError:
        return False
    return True


def main() -> None:
    """Reads a ConnectionConfig from standard input; prints an answer as JSON."""
    from ml_metadata.proto.metadata_store_pb2 import ConnectionConfig

    config = ConnectionConfig.FromString(sys.stdin.buffer.read())
    print(json.dumps(_answer(config, sys.argv[1])))


if __name__ == "__main__":
    main()
