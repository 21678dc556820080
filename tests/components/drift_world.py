"""Rows of two data sets, their statistics, and what the DistributionValidator says of them."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import tensorflow_data_validation as tfdv
from tfx.types import artifact_utils
from tfx.types.standard_artifacts import ExampleAnomalies, ExampleStatistics

from components.artifacts import GateVerdict
from components.distribution_validator import Executor, config_of
from components.split_pair import SPANS, TRAIN
from components.verdict import Verdict
from pipeline.stages import QUANTILES
from tests.components.evaluations import make_artifact
from usecase.drift import Comparator

TEXT = Comparator("infinity_norm", 0.1)
NUMBER = Comparator("jensen_shannon_divergence", 0.05)
COLUMNS = {"city": TEXT, "price": NUMBER, "stars": NUMBER}


def rows(count, seed, *, price=1.0, cities=(0.6, 0.3, 0.1)):
    """Returns made rows; prices have a long tail, as those of the taxi rows."""
    random = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "city": random.choice(["Rome", "Oslo", "Łódź"], count, p=cities),
            "price": price * np.exp(random.normal(2.0, 1.0, count)).round(2),
            "stars": random.integers(1, 6, count),
        }
    )


def statistics(table, folder, *, version=0, empty=False):
    """Returns an ExampleStatistics artifact of the train split, as the pipeline would leave it."""
    if empty:
        made = make_artifact(ExampleStatistics, folder)
        made.set_int_custom_property("empty", 1)
    else:
        made = statistics_of({"train": table}, folder)
    if version:
        made.set_int_custom_property("pushed_version", version)
    return made


def statistics_of(tables, folder):
    """Returns an ExampleStatistics artifact of a table for each split."""
    made = make_artifact(ExampleStatistics, folder)
    made.split_names = artifact_utils.encode_split_names([*tables])
    options = tfdv.StatsOptions(num_quantiles_histogram_buckets=QUANTILES)
    for split, table in tables.items():
        path = folder / f"Split-{split}" / "FeatureStats.pb"
        path.parent.mkdir(parents=True)
        found = tfdv.generate_statistics_from_dataframe(table, stats_options=options, n_jobs=1)
        path.write_bytes(found.SerializeToString())
    return made


def validate(now, before, folder, *, comparators=COLUMNS, refuses=False, **baseline):
    """Runs the executor on two tables; returns what it said and published."""
    given = {"version": 7, **baseline}
    sides = statistics(now, folder / "now"), statistics(before, folder / "before", **given)
    return compare(sides, TRAIN, folder, comparators, refuses=refuses)


def validate_spans(tables, folder, *, comparators=COLUMNS, refuses=False):
    """Runs the executor on the newest span and the one before it, of one data set."""
    every = statistics_of(tables, folder / "statistics")
    return compare((every, every), SPANS, folder, comparators, refuses=refuses)


def compare(sides, splits, folder, comparators, *, refuses):
    """Runs the executor on the statistics of two sides; returns what it said and published."""
    outputs = {
        "anomalies": make_artifact(ExampleAnomalies, folder / "anomalies"),
        "verdict": make_artifact(GateVerdict, folder / "verdict"),
    }
    now, before = sides
    done = Executor().Do(
        {"statistics": [now], "baseline_statistics": [before]},
        {key: [each] for key, each in outputs.items()},
        {
            "distribution_validator_config": config_of(comparators),
            "refuses": int(refuses),
            "include_split_pairs": splits.property_text(),
        },
    )
    verdict = Verdict.read(outputs["verdict"].uri)
    return SimpleNamespace(
        verdict=verdict,
        drifted={r.slice.partition("=")[2]: r for r in verdict.results if not r.passed},
        values={r.slice.partition("=")[2]: r.value for r in verdict.results},
        limits={r.slice.partition("=")[2]: r.threshold for r in verdict.results},
        artifact=outputs["verdict"],
        anomalies=outputs["anomalies"],
        published=set(done.output_artifacts),
    )
