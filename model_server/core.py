"""Which models are there: the one place that requests, reloads and the file system meet at."""

import logging
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from model_server import config as configs
from model_server import labels, source
from model_server.handles import Handle
from model_server.manager import Loader, Manager
from model_server.options import Options
from model_server.states import State, VersionState
from model_server.status import Code, StatusError

_log = logging.getLogger(__name__)
MakeRequestLog = Callable[..., Any]


class _Use:
    """`with core.use(spec) as servable`: the servable stays open inside."""

    __slots__ = ("_core", "_handle", "_spec")

    def __init__(self, core: "Core", spec: Any) -> None:
        self._core = core
        self._spec = spec

    def __enter__(self) -> Any:
        self._handle = self._core.acquire(self._spec)
        return self._handle.servable

    def __exit__(self, *_: object) -> None:
        self._handle.release()


class Core:
    """The models of one server. Safe to use from any thread.

    Args:
        options: The server's flags.
        config: The first ModelServerConfig.
        loader: Loads a version and warms it up, given name, version and path.
        make_request_log: Makes what logs a model's requests, given its name, prefix and sampling
            rate; it has `close()`.
    """

    def __init__(
        self,
        options: Options,
        config: Any,
        loader: Loader,
        make_request_log: MakeRequestLog,
    ) -> None:
        self._options = options
        self._first_config = config
        self._make_request_log = make_request_log
        self._manager = Manager(
            loader,
            load_threads=options.num_load_threads or min(4, os.cpu_count() or 1),
            unload_threads=max(options.num_unload_threads, 1),
            max_retries=max(options.max_num_load_retries, 0),
            retry_interval=options.load_retry_interval_micros / 1e6,
        )
        self._config = configs.ModelServerConfig()
        self._labels: labels.Labels = {}
        self._request_logs: Mapping[str, Any] = {}
        self._changing = threading.Lock()  # the config, and what is seen on the file system
        self._stopping = threading.Event()
        self._poller: threading.Thread | None = None

    # --- for requests ---

    def use(self, spec: Any) -> _Use:
        """Finds the servable that a request asks for.

        Args:
            spec: The request's ModelSpec.

        Returns:
            A context manager that gives the servable and keeps it open inside.

        Raises:
            StatusError: On entering: the spec has no name, or the version is not loaded.
        """
        return _Use(self, spec)

    def acquire(self, spec: Any) -> Handle:
        """As `use`, but the caller releases the handle."""
        name = spec.name
        if not name:
            raise StatusError(Code.INVALID_ARGUMENT, "ModelSpec has no name specified.")
        choice = spec.WhichOneof("version_choice")
        if choice is None:
            return self._manager.acquire(name)
        if choice == "version":
            return self._manager.acquire(name, spec.version.value)
        return self._acquire_labelled(name, spec.version_label)

    def _acquire_labelled(self, name: str, label: str) -> Handle:
        while True:
            current = self._labels
            version = current.get(name, {}).get(label)
            if version is None:
                raise StatusError(
                    Code.INVALID_ARGUMENT, f"Unrecognized servable version label: {label}"
                )
            try:
                return self._manager.acquire(name, version)
            except StatusError:
                # A config that moves the label may unload the version between the two looks.
                if self._labels is current:
                    raise

    def versions(self, name: str) -> list[VersionState]:
        """Returns the state of every version of a model that ever was, the newest first."""
        return self._manager.versions(name)

    def request_log(self, name: str) -> Any | None:
        """Returns what logs a model's requests; None when its config has no logging_config."""
        return self._request_logs.get(name)

    def is_busy(self) -> bool:
        """Whether a request uses a servable now."""
        return self._manager.is_busy()

    # --- for the server ---

    def start(self, timeout: float | None = None) -> None:
        """Loads the first config's models; returns when each has a version available.

        Args:
            timeout: Seconds to wait; None waits for good, as for a base path that is not there.

        Raises:
            StatusError: The config is refused, or a model cannot be loaded.
        """
        self.apply(self._first_config)
        if self._options.file_system_poll_wait_seconds > 0:
            self._poller = threading.Thread(target=self._poll, name="versions", daemon=True)
            self._poller.start()
        self._manager.wait_available(
            [model.name for model in self._first_config.model_config_list.config], timeout
        )

    def stop(self, timeout: float = 5.0) -> None:
        """Unloads everything; requests that run now end first, as long as the time allows."""
        self._stopping.set()
        self._manager.stop(timeout)
        _close(self._request_logs.values())
        if self._poller is not None:
            self._poller.join(timeout)

    def reload(self, config: Any, timeout: float | None = None) -> None:
        """Replaces the config; returns when each new model has a version available.

        Args:
            config: A ModelServerConfig. Models that it does not list are unloaded in time.
            timeout: Seconds to wait; None waits for good.

        Raises:
            StatusError: The config is refused, and the old one stays; or a new model cannot be
                loaded.
        """
        self._manager.wait_available(self.apply(config), timeout)

    def apply(self, config: Any) -> list[str]:
        """Replaces the config as `reload` does, but waits for nothing.

        Args:
            config: A ModelServerConfig.

        Returns:
            The names of its new models.

        Raises:
            StatusError: The config is refused, and the old one stays.
        """
        with self._changing:
            if config.WhichOneof("config") is None:
                _log.info("Taking no action for empty config.")
                return []
            if config.WhichOneof("config") != "model_config_list":
                raise StatusError(
                    Code.INVALID_ARGUMENT, "ModelServer does not yet support custom model config."
                )
            if config == self._config:
                return []
            configs.validate(config, self._config)
            new_labels = labels.resolve(
                config,
                self._labels,
                self._is_available,
                allow_unavailable=self._options.allow_version_labels_for_unavailable_models,
            )
            request_logs = self._make_request_logs(config)
            before = {model.name for model in self._config.model_config_list.config}
            self._config = configs.ModelServerConfig.FromString(config.SerializeToString())
            old_logs = self._request_logs
            self._labels, self._request_logs = new_labels, request_logs
            _close(each for name, each in old_logs.items() if request_logs.get(name) is not each)
            names = [model.name for model in config.model_config_list.config]
            _log.info("Adding/updating models: %s", ", ".join(names) or "none")
            self._manager.configure(names)
            self._look()
            return [name for name in names if name not in before]

    def _is_available(self, name: str, version: int) -> bool:
        return any(
            each.version == version and each.state is State.AVAILABLE
            for each in self._manager.versions(name)
        )

    def _make_request_logs(self, config: Any) -> Mapping[str, Any]:
        before = {
            model.name: model.logging_config for model in self._config.model_config_list.config
        }
        logs = {}
        for model in config.model_config_list.config:
            prefix = model.logging_config.log_collector_config.filename_prefix
            if not prefix:
                continue
            if before.get(model.name) == model.logging_config:
                logs[model.name] = self._request_logs[model.name]
            else:
                rate = model.logging_config.sampling_config.sampling_rate
                logs[model.name] = self._make_request_log(model.name, prefix, rate)
        return logs

    # --- the file system ---

    def _poll(self) -> None:
        while not self._stopping.wait(self._options.file_system_poll_wait_seconds):
            with self._changing:
                if not self._stopping.is_set():
                    self._look()

    def _look(self) -> None:
        for model in self._config.model_config_list.config:
            self._look_at(model)

    def _look_at(self, model: Any) -> None:
        try:
            found = source.find_versions(model.name, model.base_path, model.model_version_policy)
        except StatusError as error:
            # It may be back soon: what serves goes on.
            _log.error(
                "FileSystemStoragePathSource encountered a filesystem access error: %s",
                error.message,
            )
        else:
            self._manager.aspire(model.name, found)


def _close(request_logs: Iterable[Any]) -> None:
    for each in request_logs:
        each.close()
