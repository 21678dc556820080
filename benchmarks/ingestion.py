"""What it costs to read rows by Arrow, beside TFX's own CsvExampleGen: `make bench-ingestion`.

The rows are the bundled taxi trips, again and again, each with a number of its own. The same rows
are read once more, and twice as many of them, as CSV and as Parquet: seconds grow with the file,
and memory should not.
"""

import argparse
import itertools
import json
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.one_ingestion import OURS, STANDARD
from benchmarks.processes import printed
from usecase.paths import resolve

TAXI = "pkg:tfx/examples/chicago_taxi_pipeline/data/simple/data.csv"
FORMATS = {".csv": "CSV", ".parquet": "Parquet"}
Measured = dict[str, float]


def main() -> int:
    """Prints tables; returns the exit status."""
    options = _options()
    with tempfile.TemporaryDirectory() as name:
        file = _rows(Path(name) / "rows.csv", options.rows)
        both: dict[str, list[Measured]] = {"TFX's CsvExampleGen": [], "by Arrow": []}
        for _ in range(options.rounds):
            for contender, measured in zip((STANDARD, OURS), both.values(), strict=True):
                measured.append(_measure(contender, file))
        print("\n".join(_table(options.rows, both)), flush=True)
        for rows in (options.large, 2 * options.large):
            file = _rows(file, rows)
            of_formats = {
                f"by Arrow, {FORMATS[one.suffix]}": [_measure(OURS, one)]
                for one in (file, _as_parquet(file))
            }
            print("\n".join(_table(rows, of_formats)), flush=True)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=200_000, metavar="N", help="rows for both")
    parser.add_argument(
        "--large", type=int, default=1_000_000, metavar="N", help="rows for ours, and twice as many"
    )
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="turns of each")
    return parser.parse_args()


def _rows(path: Path, count: int) -> Path:
    header, *lines = resolve(TAXI, "data").read_text(encoding="utf-8").splitlines()
    with path.open("w", encoding="utf-8") as file:
        file.write(f"{header},number\n")
        for number, line in zip(range(count), itertools.cycle(lines), strict=False):
            file.write(f"{line},{number}\n")
    return path


def _as_parquet(path: Path) -> Path:
    from pyarrow import csv, parquet

    target = path.with_suffix(".parquet")
    options = csv.ReadOptions(block_size=4 << 20)  # all taxi rows: types are those of the first
    with csv.open_csv(path, options) as rows, parquet.ParquetWriter(target, rows.schema) as file:
        for batch in rows:
            file.write_batch(batch)
    return target


def _measure(contender: str, file: Path) -> Measured:
    module = "benchmarks.one_ingestion"
    measured: Measured = json.loads(
        printed(module, contender, str(file), CUDA_VISIBLE_DEVICES="-1")
    )
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
            f"| {contender} | {statistics.median(seconds):.1f} | {spread} | "
            f"{peak:,.0f} | {before:,.0f} |"
        )
    return lines


if __name__ == "__main__":
    sys.exit(main())
