import dataclasses
import subprocess
import sys

import pytest

from model_server import flags
from model_server.options import Options
from tests.model_server.world import ROOT

# From the reference: what the real server must have, and its defaults.
DEFAULTS = {
    "port": 8500,
    "rest_api_port": 0,
    "grpc_socket_path": "",
    "model_name": "default",
    "model_base_path": "",
    "model_config_file": "",
    "model_config_file_poll_wait_seconds": 0,
    "file_system_poll_wait_seconds": 1,
    "monitoring_config_file": "",
    "enable_batching": False,
    "batching_parameters_file": "",
    "allow_version_labels_for_unavailable_models": False,
    "enable_model_warmup": True,
    "num_request_iterations_for_warmup": 0,
    "max_num_load_retries": 5,
    "load_retry_interval_micros": 60_000_000,
    "rest_api_timeout_in_ms": 30000,
    "rest_api_enable_cors_support": False,
    "saved_model_tags": "serve",
    "tensorflow_session_parallelism": 0,
    "tensorflow_intra_op_parallelism": 0,
    "tensorflow_inter_op_parallelism": 0,
    "grpc_channel_arguments": "",
    "version": False,
    "enable_per_model_batching_parameters": False,
    "enable_grpc_healthcheck_service": False,
    "ssl_config_file": "",
    "grpc_max_threads": 0,
    "num_load_threads": 0,
    "num_unload_threads": 0,
    "enable_signature_method_name_check": False,
    "tensorflow_session_config_file": "",
    "host": "127.0.0.1",
    "rest_api_max_body_bytes": 64 << 20,
}
IGNORED = [
    "--flush_filesystem_caches=false",
    "--per_process_gpu_memory_fraction=0.5",
    "--remove_unused_fields_from_bundle_metagraph",
    "--enable_profiler=false",
    "--platform_config_file=x",
    "--xla_cpu_compilation_enabled",
    "--xla_gpu_compilation_enabled",
    "--prefer_tflite_model",
    "--num_tflite_pools=2",
    "--num_tflite_interpreters_per_pool=2",
    "--mixed_precision=bfloat16",
    "--use_alts_credentials",
    "--thread_pool_factory_config_file=x",
]


def test_every_flag_has_the_real_default():
    options = flags.parse([])
    assert {name: getattr(options, name) for name in DEFAULTS} == DEFAULTS
    assert options.rest_api_num_threads >= 4


@pytest.mark.parametrize(
    ("argument", "name", "value"),
    [
        ("--port=0", "port", 0),
        ("--port=-1", "port", -1),
        ("--port=+17", "port", 17),
        ("--model_name=a=b", "model_name", "a=b"),
        ("--model_name=", "model_name", ""),
        ("--model_base_path=/a b/c", "model_base_path", "/a b/c"),
        ("--enable_batching", "enable_batching", True),
        ("--enable_batching=true", "enable_batching", True),
        ("--enable_model_warmup=false", "enable_model_warmup", False),
        ("--load_retry_interval_micros=9000000000", "load_retry_interval_micros", 9_000_000_000),
        ("--per_process_gpu_memory_fraction=0.25", "per_process_gpu_memory_fraction", 0.25),
        ("--host=::", "host", "::"),
    ],
)
def test_a_flag_is_read(argument, name, value, capsys):
    assert getattr(flags.parse([argument]), name) == value
    assert capsys.readouterr().err == ""


def test_the_last_of_two_values_counts():
    assert flags.parse(["--port=1", "--port=2"]).port == 2


def test_what_makes_no_difference_is_accepted(capsys):
    flags.parse(IGNORED)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("argument", ["--no_such=1", "--no_such", "-port=1", "port=1", "--port"])
def test_what_is_unknown_is_printed_and_ignored(argument, capsys):
    assert flags.parse([argument, "--model_name=m"]) == flags.parse(["--model_name=m"])
    assert f"unknown argument: {argument}\n" in capsys.readouterr().err


@pytest.mark.parametrize(
    "argument",
    [
        "--port=x",
        "--port=",
        "--port=1.0",
        "--port=2147483648",
        "--port=1_0",
        "--load_retry_interval_micros=9223372036854775808",
        "--enable_batching=1",
        "--enable_batching=True",
        "--enable_batching=",
        "--per_process_gpu_memory_fraction=half",
    ],
)
def test_a_bad_value_is_refused(argument):
    name, _, value = argument.removeprefix("--").partition("=")
    with pytest.raises(flags.FlagError) as caught:
        flags.parse([argument])
    assert str(caught.value) == f"Couldn't interpret value {value} for flag {name}."


def test_usage_lists_every_flag_with_its_default():
    lines = flags.usage().splitlines()
    for each in dataclasses.fields(Options):
        assert any(line.startswith(f"\t--{each.name}=") for line in lines), each.name
    assert '\t--saved_model_tags="serve"\tstring\t' in flags.usage()
    assert "\t--enable_model_warmup=true\tbool\t" in flags.usage()


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--port=x"],
        ["--model_config_file=/no/such"],
        ["--model_base_path=relative"],
        ["--model_base_path=/m", "--enable_batching", "--batching_parameters_file=/no/such"],
    ],
)
def test_what_cannot_start_imports_no_tensorflow(arguments):
    code = (
        "import sys\n"
        "from model_server.__main__ import FAILED, main\n"
        f"assert main({arguments!r}) == FAILED\n"
        "assert 'tensorflow' not in sys.modules and 'numpy' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)
