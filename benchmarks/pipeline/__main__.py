"""`make bench`: what whole runs cost, beside TFX's own example; written into README.md.

Each round goes through all of them in turn, each in a process and a folder of its own: what slows
the machine for a minute strikes all of them.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks import page
from benchmarks.pipeline import peer, runs
from benchmarks.pipeline.tables import CONTENDERS, Rounds, tables


def main() -> int:
    """Prints the tables and writes them into the page; returns the exit status."""
    options = _options()
    where = page.machine("tfx", "tensorflow", "keras", "apache-beam")
    rounds: Rounds = {name: [] for name in CONTENDERS}
    for number in range(options.rounds):
        with tempfile.TemporaryDirectory() as folder:
            for name, run in zip(CONTENDERS, _runs(Path(folder)), strict=True):
                rounds[name].append(run)
                told = f"round {number + 1}: {name}: {run.cost.seconds:.1f} s"
                print(told, file=sys.stderr, flush=True)
    lines = [where, "", *tables(rounds)]
    print("\n".join(lines))
    if options.write:
        page.write("make bench", lines)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="turns of each")
    parser.add_argument(
        "--no-write", dest="write", action="store_false", help="leave benchmarks/README.md alone"
    )
    return parser.parse_args()


def _runs(folder: Path) -> Iterator[runs.Run]:
    """Runs all contenders once, in the order of their names in the tables."""
    shipped, default = folder / "shipped", folder / "default"
    yield runs.example(shipped, quality=True)
    yield runs.example(shipped)
    yield runs.example(shipped)
    yield runs.example(folder / "less", peer.LESS, quality=True)
    yield runs.ours(runs.SAME_WORK, folder / "same", quality=True)
    yield runs.ours(runs.DEFAULT, default, quality=True)
    yield runs.ours(runs.DEFAULT, default)


if __name__ == "__main__":
    sys.exit(main())
