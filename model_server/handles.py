"""A loaded version that requests hold on to: it closes when the last one lets go."""

import threading
from collections.abc import Callable
from typing import Any


class Handle:
    """Counts who uses a servable.

    Args:
        servable: What was loaded.
    """

    __slots__ = ("_lock", "_on_drained", "_users", "servable")

    def __init__(self, servable: Any) -> None:
        self.servable = servable
        self._lock = threading.Lock()
        self._users = 0
        self._on_drained: Callable[[], None] | None = None

    @property
    def is_used(self) -> bool:
        """Whether a request holds it now."""
        return self._users > 0

    def acquire(self) -> bool:
        """Takes a reference; False when the servable is retired and must not be used any more."""
        with self._lock:
            if self._on_drained is not None:
                return False
            self._users += 1
            return True

    def release(self) -> None:
        """Gives a reference back."""
        with self._lock:
            self._users -= 1
            drained = self._on_drained if self._users == 0 else None
        if drained is not None:
            drained()

    def retire(self, on_drained: Callable[[], None]) -> None:
        """Lets nobody in any more.

        Args:
            on_drained: Called once, as soon as nobody uses it: perhaps here, perhaps by the last
                `release`.
        """
        with self._lock:
            self._on_drained = on_drained
            is_idle = self._users == 0
        if is_idle:
            on_drained()
