"""ML Metadata for several threads, one at a time."""

import threading
from types import TracebackType

from tfx.orchestration import metadata

# One for the process: each connection is another handle on the same SQLite file.
_TURN = threading.RLock()


class SerialMetadata(metadata.Metadata):
    """A connection that waits until no other thread uses the store.

    TFX's launcher connects while it prepares and publishes an execution, not while the executor
    works, so nodes can work beside each other.
    """

    def __enter__(self) -> "SerialMetadata":
        _TURN.acquire()
        try:
            super().__enter__()
        except BaseException:
            _TURN.release()
            raise
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        exc_tb: TracebackType | None = None,
    ) -> None:
        try:
            super().__exit__(exc_type, exc_value, exc_tb)
        finally:
            _TURN.release()
