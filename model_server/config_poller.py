"""Reads the config file again and again, and hands over what it says."""

import logging
import threading
from collections.abc import Callable
from typing import Any

from model_server import config
from model_server.status import StatusError

_log = logging.getLogger(__name__)


class ConfigPoller:
    """Keeps the models as the config file has them.

    A file that cannot be read, or that is refused, is logged, and the old config stays.

    Args:
        path: The --model_config_file.
        seconds: Time between two readings.
        apply: Takes the config over; raises StatusError when it refuses.
    """

    def __init__(self, path: str, seconds: float, apply: Callable[[Any], object]) -> None:
        self._path = path
        self._seconds = seconds
        self._apply = apply
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._poll, name="model-config", daemon=True)

    def start(self) -> None:
        """Begins to poll."""
        self._thread.start()

    def stop(self) -> None:
        """Ends polling."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _poll(self) -> None:
        while not self._stopping.wait(self._seconds):
            self.poll_once()

    def poll_once(self) -> None:
        """Reads the file and applies it."""
        try:
            models = config.read(self._path)
        except StatusError as error:
            _log.error("Failed to read ModelServerConfig file: %s", error.message)
            return
        try:
            self._apply(models)
        except StatusError as error:
            _log.error("PollFilesystemAndReloadConfig failed to ReloadConfig: %s", error.message)
        except Exception:  # noqa: BLE001, the file must be followed whatever happens
            _log.exception("PollFilesystemAndReloadConfig failed to ReloadConfig")
