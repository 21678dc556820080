"""ML Metadata for several threads, one at a time, and for several processes."""

import threading
from pathlib import Path
from types import TracebackType

from tfx.orchestration import metadata

from orchestration.local.sqlite_store import locked_by_another

BUSY = "Concurrent writes aborted"  # what ML Metadata's client says when it has waited in vain
# One for the process: each connection is another handle on the same SQLite file.
_TURN = threading.RLock()


class SerialMetadata(metadata.Metadata):
    """A connection that waits until no other thread uses the store.

    TFX's launcher connects while it prepares and publishes an execution, not while the executor
    works, so nodes can work beside each other. Where another process keeps a SQLite file locked,
    ML Metadata's client waits as long as `metadata_store.sqlite_config` says; then a UserError
    names the file.
    """

    def __enter__(self) -> "SerialMetadata":
        _TURN.acquire()
        try:
            super().__enter__()
        except BaseException as error:
            _TURN.release()
            self._name_the_file(error)
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
        self._name_the_file(exc_value)

    def _name_the_file(self, error: BaseException | None) -> None:
        """Raises an error that people understand in place of one that says the store is busy."""
        sqlite = self.connection_config.sqlite.filename_uri
        if sqlite and isinstance(error, Exception) and BUSY in str(error):
            raise locked_by_another(Path(sqlite)) from error
