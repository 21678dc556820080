"""Data in spans on an emulated cluster: the pod finds the span before, and what drifted since."""

import csv

import pytest

from components.verdict import Verdict
from orchestration.kubeflow.outcome_lines import marked_lines
from tests.e2e.conftest import BUNDLED
from tests.e2e.kubeflow_cluster import MOUNT_PATH, TaxiCluster, property_of, splits
from tests.orchestration.kubeflow.emulator.run import run
from usecase.paths import resolve

pytestmark = pytest.mark.slow

NODES = ("CsvExampleGen", "StatisticsGen", "SpanDistributionValidator")


def write(path, rows):
    path.parent.mkdir(parents=True)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture
def rows():
    with resolve(BUNDLED, "data").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def taxi(tmp_path):
    return TaxiCluster(tmp_path)


def test_the_newest_span_is_held_against_the_one_before_it(taxi, rows):
    text = taxi.compiled(f"{MOUNT_PATH}/data/span-{{SPAN}}/*.csv")
    for span in (2, 4):  # drawn alike
        write(taxi.volume / "data" / f"span-{span}" / "trips.csv", rows[span::5])
    span, names, said, found = compared(taxi, text)
    assert (span, names) == (4, ["train", "eval", "test", "latest", "previous"])
    assert said == ["data gate: passed"]
    assert {"payment_type", "fare", "trip_miles"} <= {*found}
    assert all(result.passed for result in found.values())

    in_cash = [{**row, "payment_type": "Cash"} for row in rows[1::5]]
    write(taxi.volume / "data" / "span-5" / "trips.csv", in_cash)
    span, _, said, found = compared(taxi, text)
    assert span == 5
    assert [name for name, result in found.items() if result.warns] == ["payment_type"]
    detail = found["payment_type"].detail
    assert detail.startswith("drift of payment_type: L-infinity distance ")
    assert detail.endswith(" in the span before")
    assert said == [f"data gate: passed with a warning: {detail}"]


def compared(taxi, text):
    """Runs the nodes up to the comparison; returns the span, its splits, and what came of it."""
    done = run(taxi.cluster, text, only=NODES)
    assert set(done.states.values()) == {"succeeded"}, done.failures
    examples = done.tasks["CsvExampleGen"].artifacts["examples"]
    verdict = Verdict.read(done.files(taxi.cluster, NODES[-1], "verdict"))
    found = {result.slice.partition("=")[2]: result for result in verdict.results}
    said = [*marked_lines(done.tasks[NODES[-1]].log)]
    return property_of(examples, "custom:span"), splits(examples), said, found
