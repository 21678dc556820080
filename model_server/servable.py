"""One version of one model, loaded: a SavedModel in a graph and a session of its own."""

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import config_pb2
from tensorflow.python.client import pywrap_tf_session

from model_server import config_protos
from model_server.batching import Batcher, Settings, settings
from model_server.signature import Signature
from model_server.status import Code, StatusError

BATCHING_FILE = "batching_params.pbtxt"
TIMED_OUT = "Timed out waiting for notification"  # what the runtime says
MAX_MILLISECONDS = 2**31 - 1


@dataclass(frozen=True)
class LoadOptions:
    """How SavedModels are loaded and run.

    Attributes:
        tags: Tags of the graph to load.
        session_parallelism: Threads of both pools; 0 lets TensorFlow choose.
        intra_op_parallelism: Threads within an operation, where it is to differ.
        inter_op_parallelism: Threads between operations, where it is to differ.
        session_config: A ConfigProto in place of the three.
        batching: The BatchingParameters by which requests are joined; None runs each by itself.
        per_model_batching: `batching_params.pbtxt` in the version's folder decides whether and how
            requests are joined; the number of threads stays that of `batching`.
        check_method_names: A signature is used for the method that it names only.
    """

    tags: Sequence[str] = ("serve",)
    session_parallelism: int = 0
    intra_op_parallelism: int = 0
    inter_op_parallelism: int = 0
    session_config: Any = field(default=None, compare=False)
    batching: Any = field(default=None, compare=False)
    per_model_batching: bool = False
    check_method_names: bool = False


class Servable:
    """A loaded version. Any number of threads may run it; `close` must come after the last run.

    Attributes:
        name: The model's name.
        version: Its version.
        path: Where it was loaded from.
        meta_graph: The MetaGraphDef, with every signature as it was saved.
        signatures: The SignatureDefs by name.
        check_method_names: Whether a signature's method_name is enforced.
    """

    def __init__(
        self,
        name: str,
        version: int,
        path: str,
        session: Any,
        meta_graph: Any,
        options: LoadOptions,
        batching: Settings | None,
    ) -> None:
        self.name = name
        self.version = version
        self.path = path
        self.meta_graph = meta_graph
        self.signatures: Mapping[str, Any] = dict(meta_graph.signature_def)
        self.check_method_names = options.check_method_names
        self.by_name = {key: Signature(each) for key, each in self.signatures.items()}
        self._session = session
        self._tensors: dict[str, Any] = {}
        self._batcher: Batcher | None = None
        if batching is not None:
            each = self.by_name.values()
            names = [(tuple(one.inputs.values()), one.fetches) for one in each]
            self._batcher = Batcher(batching, self._run, names)

    def run(
        self,
        feeds: Mapping[str, np.ndarray],
        fetches: Sequence[str],
        timeout: float | None = None,
    ) -> list[np.ndarray]:
        """Runs the graph, in a batch with other requests where batching is on.

        Args:
            feeds: Values by the names of tensors.
            fetches: The names of the tensors to compute.
            timeout: Seconds after which the run is cancelled.

        Returns:
            The values, in the order of `fetches`.

        Raises:
            StatusError: The runtime or the batcher refused, in its own words.
        """
        if self._batcher is None:
            return self._run(feeds, fetches, timeout)
        return self._batcher.run(feeds, fetches, timeout)

    def _run(
        self, feeds: Mapping[str, np.ndarray], fetches: Sequence[str], timeout: float | None
    ) -> list[np.ndarray]:
        tensors = self._tensors
        try:
            fed = {tensors[name]: value for name, value in feeds.items()}
            fetched = [tensors[name] for name in fetches]
        except KeyError:
            fed = {self._tensor(name): value for name, value in feeds.items()}
            fetched = [self._tensor(name) for name in fetches]
        options = None if timeout is None else _timed(timeout)
        # The entry of the C++ server: one executor for every timeout, where a callable would have
        # to be made (and the graph optimised) anew for each; and the runtime's own errors, which
        # `Session.run` would precede with its own checks.
        try:
            values = self._session._call_tf_sessionrun(options, fed, fetched, [], None)  # noqa: SLF001
        except tf.errors.OpError as error:
            raise StatusError(Code(error.error_code), str(error.message)) from error
        except (TypeError, ValueError) as error:  # what numpy cannot hand over
            raise StatusError(Code.INVALID_ARGUMENT, str(error)) from error
        return [_as_array(value) for value in values]

    def _tensor(self, name: str) -> Any:
        handle = self._tensors.get(name)
        if handle is None:
            try:
                tensor = self._session.graph.get_tensor_by_name(name)
            except (KeyError, ValueError) as error:
                raise StatusError(
                    Code.INVALID_ARGUMENT,
                    f"Tensor {name}, specified in either feed_devices or fetch_devices was not "
                    "found in the Graph",
                ) from error
            handle = self._tensors[name] = tensor._as_tf_output()  # noqa: SLF001
        return handle

    def close(self) -> None:
        """Frees the session. Nobody may be running it any more."""
        self._tensors.clear()
        self._session.close()


def _as_array(value: Any) -> np.ndarray:
    if type(value) is np.ndarray:
        return value
    if isinstance(value, bytes):
        array = np.empty((), object)
        array[()] = value
        return array
    return np.asarray(value)


def _timed(timeout: float) -> Any:
    if timeout <= 0:
        raise StatusError(Code.DEADLINE_EXCEEDED, TIMED_OUT)
    milliseconds = math.ceil(timeout * 1000)
    if milliseconds > MAX_MILLISECONDS:
        return None
    # Two digits, rounded up: few values, and so few buffers, which are kept.
    step = 10 ** max(0, len(str(milliseconds)) - 2)
    return _run_options(min(-(-milliseconds // step) * step, MAX_MILLISECONDS))


@functools.cache
def _run_options(milliseconds: int) -> Any:
    options = config_pb2.RunOptions(timeout_in_ms=milliseconds)
    return pywrap_tf_session.TF_NewBufferFromString(options.SerializeToString())


def load(name: str, version: int, path: str, options: LoadOptions) -> Servable:
    """Loads a SavedModel of any age, with the loader of TF1's sessions.

    Args:
        name: The model's name.
        version: Its version.
        path: The folder of the version.
        options: How to load it.

    Returns:
        What can be run.

    Raises:
        StatusError: It cannot be loaded.
    """
    batching = _batching(path, options)
    graph = tf.Graph()
    session = tf.compat.v1.Session(graph=graph, config=_session_config(options))
    try:
        with graph.as_default():
            meta_graph = tf.compat.v1.saved_model.loader.load(session, list(options.tags), path)
            session._extend_graph()  # noqa: SLF001
        graph.finalize()
        return Servable(name, version, path, session, meta_graph, options, batching)
    except StatusError:
        session.close()
        raise
    except Exception as error:  # what is in the file decides what is raised
        session.close()
        raise _why(error, path, options) from error


def _why(error: Exception, path: str, options: LoadOptions) -> StatusError:
    text = str(error)
    if isinstance(error, tf.errors.OpError):
        return StatusError(Code(error.error_code), str(error.message))
    if isinstance(error, DecodeError) or "Cannot parse file" in text:
        return StatusError(Code.DATA_LOSS, f"Can't parse {path}/saved_model.pb as binary proto")
    if isinstance(error, OSError):
        return StatusError(
            Code.NOT_FOUND,
            "Could not find SavedModel .pb or .pbtxt at supplied export directory path: "
            f"{path}. Check that the directory exists and that you have the right permissions "
            "for accessing it.",
        )
    if "could not be found in SavedModel" in text:
        return StatusError(
            Code.NOT_FOUND,
            "Could not find meta graph def matching supplied tags: "
            f"{{ {' '.join(options.tags)} }}. To inspect available tag-sets in the SavedModel, "
            "please use the SavedModel CLI: `saved_model_cli`",
        )
    return StatusError(Code.INVALID_ARGUMENT, f"{type(error).__name__}: {text}")


def _session_config(options: LoadOptions) -> Any:
    if options.session_config is not None:
        return options.session_config
    both = options.session_parallelism
    return config_pb2.ConfigProto(
        intra_op_parallelism_threads=options.intra_op_parallelism or both,
        inter_op_parallelism_threads=options.inter_op_parallelism or both,
        allow_soft_placement=True,
    )


def _batching(path: str, options: LoadOptions) -> Settings | None:
    if options.batching is None:
        return None
    if not options.per_model_batching:
        return settings(options.batching)
    file = f"{path.rstrip('/')}/{BATCHING_FILE}"
    if not tf.io.gfile.exists(file):
        return None
    with tf.io.gfile.GFile(file) as opened:
        text = opened.read()
    own = config_protos.parse(text, config_protos.BatchingParameters, file)
    return settings(own, threads_of=options.batching)
