"""How this server loads a version: read from disk, then warmed up."""

from collections.abc import Callable, Sequence
from typing import Any

from tensorflow.core.protobuf import config_pb2

from model_server import config_protos
from model_server.metrics import Metrics
from model_server.options import Options
from model_server.servable import LoadOptions, Servable, load
from model_server.warmup import warm_up


def load_options(options: Options) -> LoadOptions:
    """Turns the flags into what a servable is loaded with.

    Args:
        options: The server's flags.

    Returns:
        The options of every load.

    Raises:
        StatusError: A file that a flag names cannot be read or parsed.
    """
    session_file = options.tensorflow_session_config_file
    return LoadOptions(
        tags=_tags(options.saved_model_tags),
        session_parallelism=options.tensorflow_session_parallelism,
        intra_op_parallelism=options.tensorflow_intra_op_parallelism,
        inter_op_parallelism=options.tensorflow_inter_op_parallelism,
        session_config=config_protos.read(session_file, config_pb2.ConfigProto)
        if session_file
        else None,
        batching=_batching(options),
        per_model_batching=options.enable_per_model_batching_parameters,
        check_method_names=options.enable_signature_method_name_check,
    )


def _tags(text: str) -> Sequence[str]:
    return [tag for tag in text.split(",") if tag]


def _batching(options: Options) -> Any:
    if not options.enable_batching:
        return None
    if options.batching_parameters_file:
        return config_protos.read(
            options.batching_parameters_file, config_protos.BatchingParameters
        )
    return config_protos.BatchingParameters()


def make_loader(options: Options, metrics: Metrics) -> Callable[[str, int, str], Servable]:
    """Makes what the manager loads a version with.

    Args:
        options: The server's flags.
        metrics: Is told how long each warm-up took.

    Returns:
        A function of name, version and path; it raises StatusError when a version cannot be
        loaded or its warm-up fails.

    Raises:
        StatusError: A file that a flag names cannot be read or parsed.
    """
    how = load_options(options)
    iterations = max(options.num_request_iterations_for_warmup, 1)

    def load_and_warm_up(name: str, version: int, path: str) -> Servable:
        servable = load(name, version, path, how)
        try:
            if options.enable_model_warmup:
                warm_up(servable, path, iterations, metrics.warmup)
        except BaseException:
            servable.close()
            raise
        return servable

    return load_and_warm_up
