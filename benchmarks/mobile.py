"""Sizes and latencies of a pushed model for phones, beside the served one: `make bench`.

`python -m benchmarks.mobile --output-dir outputs` measures what a finished run has left there.
"""

import argparse
import platform
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path

from benchmarks import nodes
from benchmarks.rounds import Timing, in_rounds

BATCH = 256
CALLS = {1: 200, BATCH: 30}
PACKAGES = ("tfx", "tensorflow", "ai-edge-litert", "numpy")


def main() -> int:
    """Prints tables; returns the exit status."""
    options = _options()
    destinations = {
        name: options.output_dir / name / options.use_case for name in ("serving", "mobile")
    }
    mobile = _newest(destinations["mobile"])
    serving = destinations["serving"] / mobile.name if mobile else None
    if mobile is None or serving is None or not serving.is_dir():
        print(f"error: {options.output_dir} has no version that both serves and is on mobile")
        print("  fix: run the pipeline first, or name another --output-dir")
        return 2
    print("\n".join(_environment(options.use_case, mobile)))
    for line in _sizes(serving, mobile):
        print(line)
    for rows, calls in CALLS.items():
        measured = _measure(options, serving, mobile, rows, calls)
        print("\n".join(_table(rows, measured, options.rounds)), flush=True)
    print("\n".join(_nodes(options.output_dir, options.use_case)))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mobile")
    parser.add_argument(
        "--output-dir", type=Path, default=Path("outputs"), help="of a finished run"
    )
    parser.add_argument("--use-case", default="taxi", help="its name")
    parser.add_argument("--rounds", type=int, default=5, help="how often each has its turn, from 3")
    options = parser.parse_args()
    if options.rounds < 3:
        parser.error("a median needs 3 rounds at least")
    return options


def _newest(folder: Path) -> Path | None:
    versions = [path for path in folder.glob("[0-9]*") if path.name.isdecimal()]
    return max(versions, key=lambda path: int(path.name), default=None)


def _environment(use_case: str, mobile: Path) -> Iterator[str]:
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    yield f"{use_case}, version {mobile.name}; Python {platform.python_version()}, {packages}"


def _sizes(serving: Path, mobile: Path) -> Iterator[str]:
    whole = sum(path.stat().st_size for path in serving.rglob("*") if path.is_file())
    yield "\n| model | kB |\n|---|---:|"
    yield f"| SavedModel, whole folder | {whole / 1e3:.0f} |"
    for path in sorted(mobile.glob("*.tflite")):
        yield f"| {path.name} | {path.stat().st_size / 1e3:.0f} |"


def _measure(
    options: argparse.Namespace, serving: Path, mobile: Path, rows: int, calls: int
) -> dict[str, Timing]:
    from benchmarks import contenders

    artifacts = options.output_dir / "artifacts" / options.use_case
    examples = max(artifacts.glob("*ExampleGen/examples/*"), key=lambda path: int(path.name))
    given = contenders.rows_of_test_split(examples, mobile, rows)
    return in_rounds(
        contenders.of_version(serving, mobile, given), rounds=options.rounds, calls=calls
    )


def _table(rows: int, measured: Mapping[str, Timing], rounds: int) -> Iterator[str]:
    served = next(iter(measured.values())).milliseconds
    yield f"\n| {rows} row{'s' if rows > 1 else ''} | ms | {rounds} rounds | of the SavedModel's |"
    yield "|---|---:|---:|---:|"
    for name, timing in measured.items():
        spread = f"{timing.lowest:.3f}–{timing.highest:.3f}"
        share = timing.milliseconds / served
        yield f"| {name} | {timing.milliseconds:.3f} | {spread} | {share:.2f} |"


def _nodes(output_dir: Path, use_case: str) -> Iterator[str]:
    found = nodes.last_work(output_dir, use_case)
    if found is None:
        yield "\nno run here in which the exporter and the Evaluator both ran"
        return
    run_id, work = found
    yield f"\n| node of run {run_id} | s |\n|---|---:|"
    for node in (nodes.EXPORTER, nodes.EVALUATOR, nodes.GATE):
        if node in work:
            yield f"| {node} | {work[node].seconds:.1f} |"
    both = nodes.overlap(work[nodes.EXPORTER], work[nodes.EVALUATOR])
    yield f"| exporter and Evaluator at the same time | {both:.1f} |"


if __name__ == "__main__":
    sys.exit(main())
