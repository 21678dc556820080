"""The server's settings: tensorflow_model_server's flags by their names, with their defaults."""

import os
from dataclasses import dataclass, field
from typing import Any


def _flag(default: Any, text: str) -> Any:
    return field(default=default, metadata={"help": text})


def _ignored(default: Any) -> Any:
    return field(default=default, metadata={"help": "Accepted for compatibility; has no effect."})


def _rest_threads() -> int:
    return 4 * len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 16


@dataclass(frozen=True)
class Options:
    """Every flag, one attribute each; `host` and `rest_api_max_body_bytes` are our own."""

    # --- where it listens ---
    host: str = _flag(
        "127.0.0.1", "Address to bind, for gRPC and REST. The real server always binds 0.0.0.0."
    )
    port: int = _flag(8500, "TCP port for gRPC. Disabled if set to zero.")
    grpc_socket_path: str = _flag("", "UNIX socket for gRPC, beside or instead of the port.")
    rest_api_port: int = _flag(0, "Port for REST. Off if zero; must differ from --port.")
    rest_api_num_threads: int = field(
        default_factory=_rest_threads, metadata={"help": "Threads that answer REST requests."}
    )
    rest_api_timeout_in_ms: int = _flag(30000, "Timeout of a REST request.")
    rest_api_enable_cors_support: bool = _flag(False, "Send CORS headers.")
    rest_api_max_body_bytes: int = _flag(64 << 20, "A REST body above this is refused (413).")
    grpc_channel_arguments: str = _flag("", "gRPC channel arguments, as key=value,key=value.")
    grpc_max_threads: int = _flag(0, "Threads that answer gRPC requests. Chosen if zero.")
    ssl_config_file: str = _flag("", "Text-format SSLConfig: gRPC is served over TLS.")
    enable_grpc_healthcheck_service: bool = _flag(False, "Serve grpc.health.v1.Health.")
    monitoring_config_file: str = _flag("", "Text-format MonitoringConfig, for Prometheus.")

    # --- what it serves ---
    model_name: str = _flag("default", "Name of the model; ignored with --model_config_file.")
    model_base_path: str = _flag("", "Folder of the model's versions; absolute, or a URI.")
    model_config_file: str = _flag("", "Text-format ModelServerConfig, for several models.")
    model_config_file_poll_wait_seconds: int = _flag(
        0, "Seconds between two readings of --model_config_file. Read once if zero."
    )
    file_system_poll_wait_seconds: int = _flag(
        1, "Seconds between two looks for new versions. Looks once if zero."
    )
    allow_version_labels_for_unavailable_models: bool = _flag(
        False, "A new label may point to a version that is not loaded yet."
    )
    saved_model_tags: str = _flag("serve", "Comma-separated tags of the graph to load.")
    enable_signature_method_name_check: bool = _flag(
        False, "Classify and regress only through signatures with the right method_name."
    )

    # --- how it loads ---
    num_load_threads: int = _flag(0, "Threads that load versions. Chosen if zero.")
    num_unload_threads: int = _flag(0, "Threads that unload versions. Chosen if zero.")
    max_num_load_retries: int = _flag(5, "How often a failed load is tried again.")
    load_retry_interval_micros: int = _flag(60_000_000, "Time between two tries.")
    enable_model_warmup: bool = _flag(
        True, "Replay assets.extra/tf_serving_warmup_requests before a version is available."
    )
    num_request_iterations_for_warmup: int = _flag(0, "Replays of each record. 1 if zero.")

    # --- how it runs ---
    enable_batching: bool = _flag(False, "Join requests to batches.")
    batching_parameters_file: str = _flag("", "Text-format BatchingParameters.")
    enable_per_model_batching_parameters: bool = _flag(
        False, "Read batching_params.pbtxt from the folder of the version."
    )
    tensorflow_session_parallelism: int = _flag(0, "Threads of a session, both pools.")
    tensorflow_intra_op_parallelism: int = _flag(0, "Threads within an operation.")
    tensorflow_inter_op_parallelism: int = _flag(0, "Threads between operations.")
    tensorflow_session_config_file: str = _flag("", "Text-format ConfigProto for the sessions.")
    version: bool = _flag(False, "Print the version and exit.")

    # --- what makes no difference here ---
    flush_filesystem_caches: bool = _ignored(True)
    per_process_gpu_memory_fraction: float = _ignored(0.0)
    remove_unused_fields_from_bundle_metagraph: bool = _ignored(True)
    enable_profiler: bool = _ignored(True)
    platform_config_file: str = _ignored("")
    xla_cpu_compilation_enabled: bool = _ignored(False)
    xla_gpu_compilation_enabled: bool = _ignored(False)
    prefer_tflite_model: bool = _ignored(False)
    num_tflite_pools: int = _ignored(1)
    num_tflite_interpreters_per_pool: int = _ignored(1)
    mixed_precision: str = _ignored("")
    use_alts_credentials: bool = _ignored(False)
    thread_pool_factory_config_file: str = _ignored("")
    skip_initialize_tpu: bool = _ignored(False)
