"""ML Metadata for several threads, one at a time, and for several processes."""

import threading
from pathlib import Path
from types import TracebackType

from tfx.orchestration import metadata

from orchestration.local.sqlite_store import locked_by_another, require_unlocked

BUSY = "Concurrent writes aborted"  # what ML Metadata's client says when it has waited in vain
# One for the process: each connection is another handle on the same SQLite file.
_TURN = threading.RLock()


class SerialMetadata(metadata.Metadata):
    """A connection that waits until no other thread uses the store.

    TFX's launcher connects while it prepares and publishes an execution, not while the executor
    works, so nodes can work beside each other. Where another process keeps a SQLite file locked,
    it is waited for: to be read as long as `sqlite_store` says, to be written as long as
    `metadata_store.sqlite_config` does; then a UserError names the file.
    """

    def __enter__(self) -> "SerialMetadata":
        _TURN.acquire()
        try:
            if self._sqlite:
                require_unlocked(self._sqlite)
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

    @property
    def _sqlite(self) -> Path | None:
        """The file of the store, where it is one."""
        name = self.connection_config.sqlite.filename_uri
        return Path(name) if name else None

    def _name_the_file(self, error: BaseException | None) -> None:
        """Raises an error that people understand in place of one that says the store is busy."""
        if self._sqlite and isinstance(error, Exception) and BUSY in str(error):
            raise locked_by_another(self._sqlite) from error
