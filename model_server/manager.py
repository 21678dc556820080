"""Loads and unloads versions behind the requests' backs: no request waits for it or fails by it."""

import logging
import threading
from collections.abc import Callable, Collection, Mapping
from typing import Any

from model_server.handles import Handle
from model_server.model_versions import NOTHING, Model, Serving, Version
from model_server.states import State, VersionState
from model_server.status import Code, StatusError
from model_server.version_policy import Phase, next_action

_log = logging.getLogger(__name__)
Loader = Callable[[str, int, str], Any]


class Manager:
    """The versions that are there, and those on their way.

    Args:
        loader: Loads one version, given name, version and path; raises when it cannot. Called in
            threads. What it returns has `close()`.
        load_threads: How many versions load at the same time.
        unload_threads: How many versions close at the same time.
        max_retries: How often a failed load is tried again.
        retry_interval: Seconds between two tries.
    """

    def __init__(
        self,
        loader: Loader,
        *,
        load_threads: int = 1,
        unload_threads: int = 1,
        max_retries: int = 5,
        retry_interval: float = 60.0,
    ) -> None:
        self._loader = loader
        self._may_load = threading.Semaphore(load_threads)
        self._may_unload = threading.Semaphore(unload_threads)
        self._max_retries = max_retries
        self._retry_interval = min(retry_interval, threading.TIMEOUT_MAX)
        self._changed = threading.Condition(threading.RLock())
        self._models: dict[str, Model] = {}
        self._serving: dict[str, Serving] = {}  # read without the lock
        self._is_stopping = False

    # --- for requests ---

    def acquire(self, name: str, version: int | None = None) -> Handle:
        """Takes a reference to a version; the caller releases it.

        Args:
            name: The model.
            version: The version; the highest that is loaded when None.

        Returns:
            The handle, acquired.

        Raises:
            StatusError: NOT_FOUND when it is not loaded.
        """
        while True:  # only when a swap came between the two lines
            serving = self._serving.get(name, NOTHING)
            handle = serving.latest if version is None else serving.by_version.get(version)
            if handle is None:
                request = f"Latest({name})" if version is None else f"Specific({name}, {version})"
                raise StatusError(Code.NOT_FOUND, f"Servable not found for request: {request}")
            if handle.acquire():
                return handle

    def versions(self, name: str) -> list[VersionState]:
        """Returns the state of every version of a model that was ever wanted, the newest first."""
        with self._changed:
            model = self._models.get(name)
            if model is None:
                return []
            known = sorted(model.versions, reverse=True)
            return [model.versions[version].report() for version in known]

    def is_busy(self) -> bool:
        """Whether a request holds a version now."""
        with self._changed:
            return any(
                version.state is State.UNLOADING or (version.handle and version.handle.is_used)
                for model in self._models.values()
                for version in model.versions.values()
            )

    # --- for sources ---

    def configure(self, names: Collection[str]) -> None:
        """Says which models there are; all others are unloaded.

        Args:
            names: The models.
        """
        with self._changed:
            for name in names:
                self._models.setdefault(name, Model(name))
            for name, model in self._models.items():
                model.is_configured = name in names
                if not model.is_configured and model.paths:
                    self.aspire(name, {})
            self._changed.notify_all()

    def aspire(self, name: str, paths: Mapping[int, str]) -> None:
        """Says which versions of a model are wanted now; all others are unloaded in time.

        Args:
            name: The model, which is configured.
            paths: The path of each version.
        """
        with self._changed:
            if self._is_stopping and paths:
                return
            model = self._models[name]
            for version in model.aspired:
                if version.version not in paths:
                    self._give_up(model, version)
            model.paths = dict(paths)
            for number in paths:
                self._want(model, number)
            self._reconcile(model)

    def wait_available(self, names: Collection[str], timeout: float | None = None) -> None:
        """Waits until each model has a version available, and its other versions had a try.

        A model that is no longer configured, or the manager's stop, ends the wait for it.

        Args:
            names: The models.
            timeout: Seconds; None waits for good.

        Raises:
            StatusError: UNKNOWN when all wanted versions of a model failed, DEADLINE_EXCEEDED
                when the time is over.
        """
        with self._changed:
            is_done = self._changed.wait_for(
                lambda: self._is_stopping or all(self._models[name].is_settled for name in names),
                timeout,
            )
            failed = [text for name in names for text in self._models[name].failures()]
        if not is_done:
            raise StatusError(
                Code.DEADLINE_EXCEEDED, f"Models not available in time: {', '.join(names)}"
            )
        if failed:
            raise StatusError(
                Code.UNKNOWN,
                f"{len(failed)} servable(s) did not become available: {{{', '.join(failed)}, }}",
            )

    def stop(self, timeout: float = 5.0) -> None:
        """Unloads everything; returns when all is closed, or when the time is over."""
        with self._changed:
            self._is_stopping = True
            self.configure(())
            self._changed.wait_for(
                lambda: all(model.is_empty for model in self._models.values()), timeout
            )

    # --- the state machine; all of it under the lock, but for loading and closing ---

    def _want(self, model: Model, number: int) -> None:
        version = model.versions.get(number)
        if version is None or (version.state is State.END and not version.is_aspired):
            model.versions[number] = Version(number)
        else:
            version.is_aspired = True  # as it was, or before it was given up for good

    def _give_up(self, model: Model, version: Version) -> None:
        version.is_aspired = False
        if version.phase is Phase.NEW:
            version.end()
        self._changed.notify_all()  # it may wait for another try

    def _reconcile(self, model: Model) -> None:
        while (action := next_action(model.snapshots())) is not None:
            version = model.versions[action.version]
            if action.load:
                version.is_scheduled = True
                self._start(self._load, model, version)
            else:
                self._unload(model, version)
        self._changed.notify_all()

    def _start(self, work: Callable[..., None], *arguments: Any) -> None:
        threading.Thread(target=work, args=arguments, name=work.__name__, daemon=True).start()

    def _load(self, model: Model, version: Version) -> None:
        for tries_left in range(self._max_retries, -1, -1):
            with self._may_load:
                servable, error = self._try(model, version)
            if servable is not None:
                self._serve(model, version, servable)
                return
            if not self._waits_to_retry(version, error, tries_left):
                break
        with self._changed:
            # Without an error, or with tries left, it ended because nobody wanted it.
            self._end(model, version, error, may_try_again=error is None or tries_left > 0)

    def _serve(self, model: Model, version: Version, servable: Any) -> None:
        with self._changed:
            version.state = State.AVAILABLE
            version.handle = Handle(servable)
            self._publish(model)
            _log.info("Successfully loaded servable version %s", model.id_of(version))
            self._reconcile(model)

    def _waits_to_retry(self, version: Version, error: StatusError | None, tries_left: int) -> bool:
        if error is None or not tries_left:
            return False
        with self._changed:
            version.has_failed_once = True
            self._changed.notify_all()
            return not self._changed.wait_for(
                lambda: self._is_stopping or not version.is_aspired, self._retry_interval
            )

    def _end(
        self, model: Model, version: Version, error: StatusError | None, *, may_try_again: bool
    ) -> None:
        version.end(error)
        if may_try_again and version.is_aspired:  # it was wanted again meanwhile
            model.versions[version.version] = Version(version.version)
        self._reconcile(model)

    def _try(self, model: Model, version: Version) -> tuple[Any, StatusError | None]:
        with self._changed:
            if not version.is_aspired:
                return None, None
            version.state = State.LOADING
            path = model.paths[version.version]
            self._changed.notify_all()
        _log.info("Loading servable version %s from %s", model.id_of(version), path)
        try:
            return self._loader(model.name, version.version, path), None
        except StatusError as caught:
            error = caught
        except Exception as caught:  # noqa: BLE001 - whatever a model does, the server lives on
            error = StatusError(Code.UNKNOWN, f"{type(caught).__name__}: {caught}")
        _log.error("Failed to load servable version %s: %s", model.id_of(version), error)
        return None, error

    def _unload(self, model: Model, version: Version) -> None:
        handle, version.handle = version.handle, None
        version.state = State.UNLOADING
        self._publish(model)
        if handle is not None:
            # Requests that came before keep it; the last one of them starts the thread.
            handle.retire(lambda: self._start(self._close, model, version, handle.servable))

    def _close(self, model: Model, version: Version, servable: Any) -> None:
        error = None
        with self._may_unload:
            try:
                servable.close()
            except Exception as caught:  # noqa: BLE001 - the version is gone either way
                _log.exception("Failed to unload %s", model.id_of(version))
                error = StatusError(Code.UNKNOWN, f"{type(caught).__name__}: {caught}")
        _log.info("Done unloading servable version %s", model.id_of(version))
        with self._changed:
            self._end(model, version, error, may_try_again=True)

    def _publish(self, model: Model) -> None:
        self._serving[model.name] = Serving(
            {
                number: version.handle
                for number, version in model.versions.items()
                if version.handle is not None
            }
        )
