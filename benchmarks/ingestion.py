"""What it costs to read CSV by Arrow, beside TFX's own CsvExampleGen: `make bench-ingestion`.

The rows are the bundled taxi trips, again and again, each with a number of its own.
"""

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.one_ingestion import OURS, STANDARD
from usecase.paths import PROJECT_ROOT, resolve

TAXI = "pkg:tfx/examples/chicago_taxi_pipeline/data/simple/data.csv"
NAMES = {OURS: "by Arrow", STANDARD: "TFX's CsvExampleGen"}
Measured = dict[str, float]


def main() -> int:
    """Prints tables; returns the exit status."""
    options = _options()
    with tempfile.TemporaryDirectory() as name:
        file = _rows(Path(name) / "rows.csv", options.rows)
        both: dict[str, list[Measured]] = {STANDARD: [], OURS: []}
        for _, contender in itertools.product(range(options.rounds), both):
            both[contender].append(_measure(contender, file))
        print("\n".join(_table(options.rows, both)), flush=True)
        large = _rows(file, options.large)
        print("\n".join(_table(options.large, {OURS: [_measure(OURS, large)]})))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=200_000, metavar="N", help="rows for both")
    parser.add_argument("--large", type=int, default=1_000_000, metavar="N", help="rows for ours")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="turns of each")
    return parser.parse_args()


def _rows(path: Path, count: int) -> Path:
    header, *lines = resolve(TAXI, "data").read_text(encoding="utf-8").splitlines()
    with path.open("w", encoding="utf-8") as file:
        file.write(f"{header},number\n")
        for number, line in zip(range(count), itertools.cycle(lines), strict=False):
            file.write(f"{line},{number}\n")
    return path


def _measure(contender: str, file: Path) -> Measured:
    command = [sys.executable, "-m", "benchmarks.one_ingestion", contender, str(file)]
    done = subprocess.run(  # noqa: S603, a fixed command
        command,
        check=True,
        cwd=PROJECT_ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1"},
    )
    measured: Measured = json.loads(done.stdout.splitlines()[-1])
    return measured


def _table(rows: int, measured: Mapping[str, Sequence[Measured]]) -> list[str]:
    rounds = len(next(iter(measured.values())))
    lines = [f"\n| {rows:,} rows | s | {rounds} rounds | peak MB | MB before |"]
    lines.append("|---|---:|---:|---:|---:|")
    for contender, rounds_of in measured.items():
        seconds = [one["seconds"] for one in rounds_of]
        peak, before = (max(one[key] for one in rounds_of) for key in ("peak", "before"))
        spread = f"{min(seconds):.1f}–{max(seconds):.1f}"
        lines.append(
            f"| {NAMES[contender]} | {statistics.median(seconds):.1f} | {spread} | "
            f"{peak:,.0f} | {before:,.0f} |"
        )
    return lines


if __name__ == "__main__":
    sys.exit(main())
