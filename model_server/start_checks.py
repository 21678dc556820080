"""What can be said of the flags before TensorFlow is imported: unset ones, and wrong files."""

from dataclasses import dataclass
from typing import Any

from model_server import config, config_protos
from model_server.options import Options
from model_server.status import invalid


@dataclass(frozen=True)
class Files:
    """What the files say that the flags name; None where a flag names none."""

    models: Any
    ssl: Any | None


def check(options: Options) -> Files:
    """Checks the flags and reads the files that they name.

    Args:
        options: The flags.

    Returns:
        What the files say.

    Raises:
        StatusError: The server cannot start with these flags.
    """
    if options.port == 0 and not options.grpc_socket_path:
        raise invalid(
            "At least one of server_options.grpc_port or server_options.grpc_socket_path must be "
            "set."
        )
    if not options.model_base_path and not options.model_config_file:
        raise invalid(
            "Both server_options.model_base_path and server_options.model_config_file are empty!"
        )
    if options.batching_parameters_file and not options.enable_batching:
        raise invalid(
            "server_options.batching_parameters_file is set without setting "
            "server_options.enable_batching to true."
        )
    models = read_models(options)
    config.validate(models, config.ModelServerConfig())
    for path, kind in (
        (options.batching_parameters_file, config_protos.BatchingParameters),
        (options.monitoring_config_file, config_protos.MonitoringConfig),
    ):
        if path:
            config_protos.read(path, kind)
    ssl = options.ssl_config_file
    return Files(models, config_protos.read(ssl, config_protos.SSLConfig) if ssl else None)


def read_models(options: Options) -> Any:
    """Returns the ModelServerConfig of the flags.

    Raises:
        StatusError: The config file cannot be read or parsed.
    """
    if options.model_config_file:
        return config.read(options.model_config_file)
    return config.single(options.model_name, options.model_base_path)
