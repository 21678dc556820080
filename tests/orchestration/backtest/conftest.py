"""The files of a use case whose quality decays."""

import random

import pytest

from tests.orchestration.backtest.aging import CONFIG, FLIPPED, SCHEMA, rows_of


@pytest.fixture(scope="session")
def aging(tmp_path_factory):
    """Its folder: a config, a schema, and rows in no order of time."""
    folder = tmp_path_factory.mktemp("aging")
    config = CONFIG.replace("rows.csv", str(folder / "rows.csv"))
    (folder / "aging.yaml").write_text(config.replace("schema.pbtxt", str(folder / "schema.pbtxt")))
    (folder / "schema.pbtxt").write_text(SCHEMA)
    rows = [row for quarter in FLIPPED for row in rows_of(quarter)]
    random.seed(1)
    random.shuffle(rows)
    lines = [",".join(map(str, row)) for row in [("when", "x", "noise", "city", "clicked"), *rows]]
    (folder / "rows.csv").write_text("\n".join(lines) + "\n")
    return folder
