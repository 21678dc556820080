"""The client of a model server, over gRPC or REST."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from serving.errors import ServingError
from serving.names import listed
from serving.remote.addresses import connect
from serving.remote.explain import UP, explain
from serving.remote.model_inputs import Prepared, example_features, prepare
from serving.remote.model_metadata import AVAILABLE, ModelMetadata, Signature, VersionStatus
from serving.remote.parts import check_outputs, joined, nothing, together
from serving.remote.retries import Retries
from serving.remote.signature_choice import for_classify, for_predict, for_regress, method_of
from serving.remote.tf_examples import Features
from serving.remote.tls import TLS
from serving.remote.transport import (
    STALE,
    Classification,
    Fault,
    Inference,
    ModelSpec,
    Task,
    Transport,
)

if TYPE_CHECKING:
    from serving.request_log import RequestLog

Result = TypeVar("Result")

MAX_ROWS = 1024
# Of inputs that a new version no longer takes, or outputs that it no longer gives.
REFUSED = frozenset(("INVALID_ARGUMENT", "FAILED_PRECONDITION", STALE))
POLL_SECONDS = 0.2


class ServingClient:
    """One model of a server. Threads may share it; close it after use, or use it with `with`.

    Args:
        address: "host:8500" for gRPC, "http://host:8501" or "https://..." for REST.
        model: The model's name.
        version: One version, unless the newest is asked.
        label: The label of a version, in place of its number.
        timeout: Seconds for one request, its retries included.
        retries: How often a request is sent again where that may help and cannot harm.
        tls: Certificates: of gRPC, a connection is encrypted with them alone; of REST, with
            "https://".
        headers: Of every request, such as an API key; over gRPC they are its metadata.
        max_rows: How many rows go into one request; more are sent in several.
        takes_more: Whether rows may have columns that the version does not read; for a client that
            outlives versions, of which one reads more than another. Else they are an error, since
            most often a name is wrong.
        request_log: Where a share of the requests and answers is written. Clients may share it,
            and none closes it. It needs tensorflow-serving-api, also over REST.

    Raises:
        ServingError: If the address is none, or a package is not installed. Nothing is sent yet.
    """

    def __init__(
        self,
        address: str,
        model: str = "default",
        *,
        version: int | None = None,
        label: str | None = None,
        timeout: float = 10.0,
        retries: int = 3,
        tls: TLS | None = None,
        headers: Mapping[str, str] | None = None,
        max_rows: int = MAX_ROWS,
        takes_more: bool = False,
        request_log: "RequestLog | None" = None,
    ) -> None:
        if version is not None and label is not None:
            raise ServingError(
                "both a version and a label are given",
                expected="one of them, or neither for the newest version",
                fix="leave one out",
            )
        for name, value, least in (("max_rows", max_rows, 1), ("retries", retries, 0)):
            if value < least:
                raise ServingError(f"{name} is {value}", f"{least} or more", "correct it")
        self.address = address
        self.model = model
        self.label = label
        self._spec = ModelSpec(model, version, label)
        self._timeout = timeout
        self._max_rows = max_rows
        self._takes_more = takes_more
        self._retries = Retries(retries)
        self._transport = _logged(connect(address, tls, headers or {}), request_log)
        self._lock = threading.Lock()
        self._known: ModelMetadata | None = None

    def __enter__(self) -> "ServingClient":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connection."""
        self._transport.close()

    def predict(
        self, rows: Any, *, signature: str | None = None, outputs: Sequence[str] = ()
    ) -> dict[str, np.ndarray]:
        """Returns the model's answers to rows.

        Args:
            rows: A list of dicts, one a row; or a mapping of columns to sequences or arrays of one
                length; or a pandas DataFrame. Columns go by the data's names or by the inputs'; a
                signature of tf.Examples takes the data's names alone. What is left out, None or
                NaN is missing.
            signature: Which one to run. Unless given: `serving_raw`, or one with several named
                inputs, or `serving_default`.
            outputs: Those to return, or all.

        Returns:
            By name, as the signature gives them: the first dimension is the rows. Strings are
            objects that are bytes.

        Raises:
            ServingError: If there is no such signature, rows do not fit it, or the server gives no
                answer.
        """
        kept = listed(rows)
        return self._with_metadata(lambda known: self._predict(known, kept, signature, outputs))

    def classify(self, rows: Any, signature: str | None = None) -> list[Classification]:
        """Returns, for each row, classes with their scores.

        Args:
            rows: As in `predict`, by the data's names.
            signature: Which one to run, unless the model has only one that classifies.

        Raises:
            ServingError: If the model cannot classify, rows do not fit, or there is no answer.
        """
        kept = listed(rows)

        def run(known: ModelMetadata) -> list[Classification]:
            chosen = for_classify(known, signature)
            ask = partial(self._transport.classify, self._spec, chosen.name)
            return joined("classify", self._infer(known, chosen, kept, ask))

        return self._with_metadata(run)

    def regress(self, rows: Any, signature: str | None = None) -> np.ndarray:
        """Returns one number a row, float32 [rows].

        Args:
            rows: As in `predict`, by the data's names.
            signature: Which one to run, unless the model has only one that regresses.

        Raises:
            ServingError: If the model cannot regress, rows do not fit, or there is no answer.
        """
        kept = listed(rows)

        def run(known: ModelMetadata) -> np.ndarray:
            chosen = for_regress(known, signature)
            ask = partial(self._transport.regress, self._spec, chosen.name)
            return joined("regress", self._infer(known, chosen, kept, ask))

        return self._with_metadata(run)

    def multi_inference(self, rows: Any, tasks: Sequence[str]) -> dict[str, Inference]:
        """Returns what several signatures answer to the same rows, in one run of the model.

        Args:
            rows: As in `predict`, by the data's names.
            tasks: Signatures whose method is classify or regress.

        Returns:
            By signature, what `classify` or `regress` returns.

        Raises:
            ServingError: If a signature has another method, the client speaks REST, rows do not
                fit, or there is no answer.
        """
        kept = listed(rows)

        def run(known: ModelMetadata) -> dict[str, Inference]:
            asked = [Task(name, method_of(known, name)) for name in tasks]
            ask = partial(self._transport.multi_inference, self._spec, asked)
            found = self._infer(known, known.signatures[tasks[0]], kept, ask)
            return {
                task.signature: joined(task.method, [part[k] for part in found])
                for k, task in enumerate(asked)
            }

        if not tasks:
            raise ServingError("no tasks", expected="the names of signatures", fix="name some")
        return self._with_metadata(run)

    def metadata(self) -> ModelMetadata:
        """Returns the signatures of the version that serves, asked anew.

        Raises:
            ServingError: If there is no such model, or no answer.
        """
        return self._explained(self._refresh)

    def status(self) -> list[VersionStatus]:
        """Returns the state of each version of the model, the newest first.

        Raises:
            ServingError: If there is no such model, or no answer.
        """
        found = self._explained(
            lambda: self._send(lambda left: self._transport.status(self._spec, left))
        )
        return sorted(found, key=lambda one: one.version, reverse=True)

    def wait_until_ready(self, timeout: float = 60.0) -> None:
        """Returns as soon as the model can be asked.

        Args:
            timeout: Seconds to wait.

        Raises:
            ServingError: If it cannot after that time; it says what was the matter last.
        """
        end = time.monotonic() + timeout
        while True:
            left = min(self._timeout, max(end - time.monotonic(), POLL_SECONDS))
            last = self._state(left)
            if last == AVAILABLE:
                return
            if time.monotonic() + POLL_SECONDS > end:
                raise ServingError(
                    f"{self._spec} at {self.address} is not ready after {timeout:g} s: {last}",
                    expected=f"the state {AVAILABLE}",
                    fix=f"see the server's log, or wait longer; `{UP}` starts a server",
                )
            time.sleep(POLL_SECONDS)

    def _state(self, timeout: float) -> str:
        """Returns `AVAILABLE`, or what is in the way."""
        try:
            versions = self._transport.status(self._spec, timeout)
        except Fault as fault:
            return explain(fault, self.address, self._spec, timeout).what
        if any(version.state == AVAILABLE for version in versions):
            return AVAILABLE
        told = [f"version {v.version} is {v.state} {v.error_message}".strip() for v in versions]
        return "; ".join(told) or "no version"

    def _predict(
        self, known: ModelMetadata, rows: Any, wanted: str | None, outputs: Sequence[str]
    ) -> dict[str, np.ndarray]:
        signature = for_predict(known, wanted)
        check_outputs(signature, outputs)
        prepared = prepare(known, signature, rows, takes_more=self._takes_more)
        if prepared.splits and not prepared.length:
            return nothing(signature, outputs)
        answers = [self._ask(signature, part, outputs) for part in self._parts(prepared)]
        return together(signature, answers)

    def _ask(
        self, signature: Signature, inputs: Mapping[str, np.ndarray], outputs: Sequence[str]
    ) -> dict[str, np.ndarray]:
        answer = self._send(
            lambda left: self._transport.predict(self._spec, signature, inputs, outputs, left)
        )
        with self._lock:
            known = self._known
            if known is not None and answer.version not in (None, known.version):
                self._known = None
        return answer.outputs

    def _parts(self, prepared: Prepared) -> list[dict[str, np.ndarray]]:
        if not prepared.splits or prepared.length <= self._max_rows:
            return [prepared.inputs]
        return [
            {name: array[k : k + self._max_rows] for name, array in prepared.inputs.items()}
            for k in range(0, prepared.length, self._max_rows)
        ]

    def _infer(
        self,
        known: ModelMetadata,
        signature: Signature,
        rows: Any,
        ask: Callable[[Sequence[Features], float], Result],
    ) -> list[Result]:
        """Returns what is answered to each part of the rows."""
        features = example_features(known, signature, rows, takes_more=self._takes_more)
        starts = range(0, len(features), self._max_rows)
        return [self._send(partial(ask, features[k : k + self._max_rows])) for k in starts]

    def _send(self, send: Callable[[float], Result]) -> Result:
        return self._retries.call(send, self._timeout)

    def _refresh(self) -> ModelMetadata:
        found = self._send(lambda left: self._transport.metadata(self._spec, left))
        with self._lock:
            self._known = found
        return found

    def _with_metadata(self, run: Callable[[ModelMetadata], Result]) -> Result:
        """Runs what needs metadata, and again with new ones where those at hand are out of date."""
        with self._lock:
            known = self._known
        if known is None:
            return self._explained(lambda: run(self._refresh()))
        return self._explained(lambda: self._again_if_new(known, run))

    def _again_if_new(self, known: ModelMetadata, run: Callable[[ModelMetadata], Result]) -> Result:
        try:
            return run(known)
        except (Fault, ServingError) as error:
            if isinstance(error, Fault) and error.code not in REFUSED:
                raise
            try:
                found = self._refresh()
            except Fault:  # the first error says more
                raise error from None
            if found.signatures == known.signatures:
                raise
            return run(found)

    def _explained(self, run: Callable[[], Result]) -> Result:
        try:
            return run()
        except Fault as fault:
            raise explain(fault, self.address, self._spec, self._timeout) from fault


def _logged(transport: Transport, request_log: "RequestLog | None") -> Transport:
    if request_log is None:
        return transport
    from serving.remote.prediction_logs import LoggedTransport

    return LoggedTransport(transport, request_log)
