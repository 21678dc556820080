"""What the embedded model server costs beside a server that runs no model: `make bench-serving`.

`python -m benchmarks.serving` needs no finished run; where outputs/ has one, it also says how long
the server takes until that model answers.
"""

import argparse
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks import asking, reference_network
from benchmarks.load import Load, under_load
from benchmarks.rounds import Call, Timing, in_rounds
from serving.launch import launch

BATCHES = {1: 400, 32: 200}  # rows of a request: calls of a turn
CLIENTS = 16
CLIENT_REQUESTS = 100
MEMORY_REQUESTS = 100_000
PACKAGES = ("tensorflow", "tensorflow-serving-api", "grpcio", "uvicorn", "numpy")
BATCHING = """max_batch_size { value: 64 }
batch_timeout_micros { value: 1000 }
max_enqueued_batches { value: 1000 }
num_batch_threads { value: 1 }
"""
IN_PROCESS, NULL, GRPC, REST = "session in process", "null gRPC server", "gRPC", "REST"


def main() -> int:
    """Prints tables; returns the exit status."""
    options = _options()
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    print(f"Python {platform.python_version()}, {packages}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = reference_network.write(folder / reference_network.NAME)
        for rows, calls in BATCHES.items():
            measured = _one_client(model, rows, calls, options.rounds)
            print("\n".join(_costs(rows, measured, options.rounds)), flush=True)
        alone = asking.reference_request(reference_network.rows(1))
        for hidden in (reference_network.HIDDEN, reference_network.WIDE):
            widths = "-".join(map(str, hidden))
            base_path = folder / widths
            reference_network.write(base_path, hidden)
            loads = _loads(base_path, alone, options.rounds)
            print("\n".join(_load_table(f"network {widths}", loads)), flush=True)
        if options.memory:
            print("\n".join(_memory(model)), flush=True)
    print("\n".join(_pushed(options.model_dir, options.rounds)))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving")
    parser.add_argument("--rounds", type=int, default=5, help="how often each has its turn, from 3")
    parser.add_argument(
        "--model-dir",
        type=Path,
        default=Path("outputs/serving/taxi"),
        help="versions of a pushed model",
    )
    parser.add_argument(
        "--no-memory",
        dest="memory",
        action="store_false",
        help=f"leave out the {MEMORY_REQUESTS:,} requests",
    )
    options = parser.parse_args()
    if options.rounds < 3:
        parser.error("a median needs 3 rounds at least")
    return options


def _one_client(model: Path, rows: int, calls: int, rounds: int) -> dict[str, Timing]:
    given = reference_network.rows(rows)
    request = asking.reference_request(given)
    with ExitStack() as stack:
        session = reference_network.in_process(model)
        server = stack.enter_context(launch(model.parent, reference_network.NAME, kind="embedded"))
        contenders: dict[str, Call] = {
            IN_PROCESS: lambda: session(given),
            NULL: asking.by_grpc(stack.enter_context(_null_server(rows)), request),
            GRPC: asking.by_grpc(server.grpc, request),
            REST: asking.by_rest(server.rest, given),
        }
        return in_rounds(contenders, rounds=rounds, calls=calls)


@contextmanager
def _null_server(rows: int) -> Iterator[str]:
    process = subprocess.Popen(  # noqa: S603, our own module
        [sys.executable, "-m", "benchmarks.null_server", str(rows)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None  # noqa: S101, it is a pipe
        yield f"127.0.0.1:{process.stdout.readline().strip()}"
    finally:
        process.communicate("")


def _costs(rows: int, measured: Mapping[str, Timing], rounds: int) -> Iterator[str]:
    yield f"\n| one client, {rows} row{'s' if rows > 1 else ''} | ms | {rounds} rounds |"
    yield "|---|---:|---:|"
    for name, timing in measured.items():
        spread = f"{timing.lowest:.3f}–{timing.highest:.3f}"
        yield f"| {name} | {timing.milliseconds:.3f} | {spread} |"
    own = measured[GRPC].milliseconds - measured[IN_PROCESS].milliseconds
    yield f"| (gRPC − in process) / null server | {own / measured[NULL].milliseconds:.2f}x | |"
    rate = measured[GRPC].milliseconds / measured[REST].milliseconds
    yield f"| requests a second, REST / gRPC | {rate:.2f}x | |"


def _loads(base_path: Path, request: Any, rounds: int) -> dict[str, list[Load]]:
    """Takes turns between a server without and one with batching, under the same clients."""
    name = request.model_spec.name
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        file = Path(folder) / "batching.config"
        file.write_text(BATCHING)
        flags = ["--enable_batching", f"--batching_parameters_file={file}"]
        servers = {
            "without batching": stack.enter_context(launch(base_path, name, kind="embedded")),
            "with batching": stack.enter_context(
                launch(base_path, name, kind="embedded", extra_flags=flags)
            ),
        }
        loads: dict[str, list[Load]] = {name: [] for name in servers}
        for k in range(rounds + 1):
            for how, server in servers.items():
                load = under_load(server.grpc, request, clients=CLIENTS, requests=CLIENT_REQUESTS)
                if k:  # the first is warm-up
                    loads[how].append(load)
    return loads


def _load_table(model: str, loads: Mapping[str, list[Load]]) -> Iterator[str]:
    yield f"\n| {model}, {CLIENTS} clients | answers/s | p50 ms | p99 ms | p99 / p50 | failed |"
    yield "|---|---:|---:|---:|---:|---:|"
    middle = {name: sorted(found)[len(found) // 2] for name, found in loads.items()}
    for name, load in middle.items():
        failed = sum(one.failed for one in loads[name])
        yield (
            f"| {name} | {load.per_second:.0f} | {load.p50:.2f} | {load.p99:.2f} "
            f"| {load.p99 / load.p50:.1f} | {failed} |"
        )
    gain = middle["with batching"].per_second / middle["without batching"].per_second
    yield f"| with / without | {gain:.2f}x | | | | |"


def _memory(model: Path) -> Iterator[str]:
    """Yields the server's resident memory while requests come over both ways."""
    given = reference_network.rows(1)
    request = asking.reference_request(given)
    yield "\n| requests, gRPC and REST in turn | resident MB |\n|---:|---:|"
    with launch(model.parent, reference_network.NAME, kind="embedded") as server:
        calls = [asking.by_grpc(server.grpc, request), asking.by_rest(server.rest, given)]
        for done in range(MEMORY_REQUESTS + 1):
            if done in (1_000, 10_000, MEMORY_REQUESTS // 2, MEMORY_REQUESTS):
                yield f"| {done:,} | {asking.resident_megabytes(server):.0f} |"
            calls[done % 2]()


def _pushed(model_dir: Path, rounds: int) -> Iterator[str]:
    """Yields what a model of this project does: how soon it answers, and what batching gives."""
    versions = [path for path in model_dir.glob("[0-9]*") if path.name.isdecimal()]
    if not versions:
        yield f"\nno pushed model in {model_dir}: it was not measured"
        return
    seconds = []
    for _ in range(rounds):
        started = time.perf_counter()
        with launch(model_dir, model_dir.name, kind="embedded"):
            seconds.append(time.perf_counter() - started)
    middle = sorted(seconds)[rounds // 2]
    yield f"\n{model_dir.name} answers {middle:.1f} s after the start (median of {rounds})"
    newest = max(versions, key=lambda path: int(path.name))
    request = asking.recorded_requests(newest)[0]
    yield from _load_table(model_dir.name, _loads(model_dir, request, rounds))


if __name__ == "__main__":
    sys.exit(main())
