"""Two made data sets with every role, every kind of missing value and names of all scripts.

Nothing is read: the same seed makes the same rows. Labels are sums of what each column adds, with
noise, so that a network has something to learn from every one of them.
"""

import csv
import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml

from tests.e2e.made_columns import Column, Maker

ROWS = 12_000
SALT = "salt"
MANY = 10_000
CLASSES = ("übel", "gut", "sehr gut ☺", "日本")
DAY_AND_TIME = "%d.%m.%Y %H:%M"
HOURS_AHEAD = 5.5
# Whole numbers that mean something one by one, with both ends in the schema.
CODES = (
    *(("wochentag", 1, 7), ("−/+ stufe", -5, 5), ("zone №", 100, 160), ("monat", 1, 12)),
    *(("étage", -3, 40), ("note", 0, 1), ("рейтинг", 0, 10), ("gear #", -1, 6)),
    *(("floor (max)", 0, 99), ("quartal", 1, 4), ("self", 2, 9), ("x-y", -99, 0)),
    *(("jahr & tag", 1990, 2030), ("1000er", 0, 999), ("Ωhm", 5, 25), ("größe", 32, 60)),
    ("taille", -2, 2),
)
CROSSES = (
    *(("stadt", "wochentag"), ("色", "geprüft"), ("breite°", "sekunden")),
    *(("aktiv?", "half"), ("monat", "sieben"), ("quartal", "chaud"), ("note", "да?")),
)
# Rounding in sixty columns adds up: probabilities are off by 0.05, on the taxi data by 0.006.
INT8 = {"max_difference": 0.1, "max_quality_loss": 0.01}
EXTREME = (0, -1, 1, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63) + 1)


class Made(NamedTuple):
    """A made data set as a use case, on disk.

    Attributes:
        name: The use case.
        label: Its label.
        folder: Holds `rows.csv`, `schema.pbtxt` and `config.yaml`.
    """

    name: str
    label: str
    folder: Path

    @property
    def data(self) -> Path:
        """The rows."""
        return self.folder / "rows.csv"

    @property
    def schema(self) -> Path:
        """The schema."""
        return self.folder / "schema.pbtxt"

    @property
    def config(self) -> Path:
        """The configuration."""
        return self.folder / "config.yaml"


def multiclass(folder: Path) -> Made:
    """Makes rows of four classes."""
    maker = Maker(seed=11, rows=ROWS)
    columns = feature_columns(maker)
    directions = maker.random.normal(size=(len(columns), len(CLASSES)))
    scores = np.stack([c.effect for c in columns], axis=1) @ directions
    scores += 2.0 * maker.random.normal(size=scores.shape)
    cells = [CLASSES[k] for k in scores.argmax(axis=1)]
    values = " ".join(f"value: {json.dumps(c, ensure_ascii=False)}" for c in CLASSES)
    label = Column("güte", "BYTES", None, cells, np.zeros(ROWS), f"string_domain {{ {values} }}")
    thresholds = [{"metric": "accuracy", "min": 0.6}, {"metric": "auc", "min": 0.8}]
    return _write("made-classes", "multiclass", folder, columns, label, thresholds)


def regression(folder: Path) -> Made:
    """Makes rows with a number of 250,000 on average, and a deviation of 80,000."""
    maker = Maker(seed=12, rows=ROWS)
    columns = feature_columns(maker)
    score = np.stack([c.effect for c in columns], axis=1) @ maker.random.normal(size=len(columns))
    score = 0.9 * (score - score.mean()) / score.std() + 0.44 * maker.random.normal(size=ROWS)
    cells = [f"{250_000 + 80_000 * s:.2f}" for s in score]
    label = Column("prix de vente (€)", "FLOAT", None, cells, np.zeros(ROWS))
    thresholds = [{"metric": "rmse", "max": 60_000}]
    return _write("made-numbers", "regression", folder, columns, label, thresholds)


def feature_columns(make: Maker) -> list[Column]:
    """Returns the 49 columns; functions and crosses make 11 features more of them."""
    return [*_numbers(make), *_buckets(make), *_categories(make), *_truths(make), *_dates(make)]


def _numbers(make: Maker) -> list[Column]:
    span, log = ({"role": "numeric", "scaling": scaling} for scaling in ("min_max", "log"))
    from_zero = "int_domain { min: 0 }"
    return [
        make.floats("größe in m²", "numeric", 80.0, 20.0),
        make.floats("Länge (cm)", "numeric", 500.0, 60.0, gaps=False),
        make.floats("température °C", "numeric", 20.0, 8.0),
        make.integers("面積", "numeric", 0, 500, from_zero),
        make.integers("saldo (int)", "numeric", -40_000, 60_000),
        make.floats("naïve?", span, -40.0, 300.0),
        make.integers("années", span, -5000, 2024, "int_domain { min: -5000 max: 2024 }"),
        make.magnitudes("prix/€", log),
        make.integers("debt", log, -(10**12), 10**12),
    ]


def _buckets(make: Maker) -> list[Column]:
    def by(buckets: int) -> dict[str, Any]:
        return {"role": "bucketized", "buckets": buckets}

    return [
        make.floats("breite°", by(5), 48.0, 3.0),
        make.magnitudes("kW·h", by(50), gaps=False),
        make.integers("sekunden", by(20), 0, 86_400, "int_domain { min: 0 max: 86400 }"),
        make.integers("± big", by(10), -(2**60), 2**60),
    ]


def _categories(make: Maker) -> list[Column]:
    def text(**options: int) -> dict[str, Any]:
        return {"role": "categorical_string", **options}

    many = {"role": "categorical_integer", "max_vocabulary": MANY}
    few = {"role": "categorical_integer", "max_vocabulary": 50, "min_count": 5}
    return [
        make.words("stadt", text(), 20),
        make.words("ville d'arrivée", text(max_vocabulary=8), 40),
        make.words("город", text(min_count=5), 60),
        make.words("色", text(), 3, gaps=False),
        *(make.codes(*code) for code in CODES),
        make.codes("lambda", 0, 23, gaps=False),
        make.numbers_of_many("Kundennummer №", many, (), gaps=False),
        make.numbers_of_many("gerät (id)", many, EXTREME, gaps=True),
        make.integers("filiale", few, -30, 30, "int_domain { is_categorical: true }"),
    ]


def _truths(make: Maker) -> list[Column]:
    digits, yes_no = (("0",), ("1",)), (("no", "False", "N", "f"), ("yes", "TRUE", "y", "t"))
    own = 'bool_domain { false_value: "nein" true_value: "ja, natürlich" }'
    return [
        make.truths("aktiv?", "INT", digits, "int_domain { min: 0 max: 1 }"),
        make.truths("geöffnet", "INT", digits),
        make.truths("half", "FLOAT", (("0.0",), ("1.0",))),
        make.truths("class", "FLOAT", (("0.0",), ("1.0", "2.5", "-3.0"))),
        make.truths("geprüft", "BYTES", (("nein",), ("ja, natürlich",)), own),
        make.truths("oui/non", "BYTES", yes_no),
        make.truths("да?", "BYTES", yes_no),
    ]


def _dates(make: Maker) -> list[Column]:
    every = ["hour", "day_of_week", "day_of_month", "day_of_year", "month", "year"]
    of_day = {"role": "datetime", "format": "iso8601", "parts": ["hour", "day_of_week"]}
    local = {"role": "datetime", "format": DAY_AND_TIME, "utc_offset_hours": HOURS_AHEAD}
    return [
        make.dates("gemessen am", {"role": "datetime", "parts": every}),
        make.dates("1st seen", {"role": "datetime", "utc_offset_hours": -3}, gaps=False),
        make.dates("erstellt", of_day, "%Y-%m-%dT%H:%M:%S+00:00"),
        make.dates("Datum örtlich", local, DAY_AND_TIME),
    ]


def _made_of_others() -> dict[str, Any]:
    """Returns the features that no column of their own stands behind."""

    def own(role: str, function: str, *columns: str, **options: int) -> dict[str, Any]:
        path = f"made_functions.{function}"
        return {"role": role, "function": path, "columns": list(columns), **options}

    return {
        "prix/Länge": own("numeric", "price_per_length", "prix/€", "Länge (cm)"),
        "sieben": own("bucketized", "in_sevens", "saldo (int)", buckets=7),
        "chaud": own("boolean", "is_warm", "température °C"),
        "rest (11)": own("categorical_integer", "rest_by_eleven", "saldo (int)"),
        **{
            f"{left} × {right}": {"role": "crossed", "features": [left, right]}
            for left, right in CROSSES
        },
    }


def _write(
    name: str,
    task: str,
    folder: Path,
    columns: list[Column],
    label: Column,
    thresholds: list[dict[str, Any]],
) -> Made:
    made = Made(name, label.name, folder)
    salt = Column(SALT, "INT", None, [str(k) for k in range(ROWS)], np.zeros(ROWS))
    everything = [*columns, label, salt]
    with made.data.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([c.name for c in everything])
        writer.writerows(zip(*(c.cells for c in everything), strict=True))
    made.schema.write_text("".join(c.schema for c in everything), encoding="utf-8")
    config = {
        "name": name,
        "task": task,
        "data": {"path": str(made.data)},
        "schema": str(made.schema),
        "split": {"train": 18, "eval": 1, "test": 1},
        "label": {"name": label.name},
        "features": {**{c.name: c.role for c in columns}, **_made_of_others()},
        "network": {"hidden_units": [32, 16]},
        "training": {"max_epochs": 3, "batch_size": 64, "learning_rate": 0.003},
        "evaluation": {"thresholds": thresholds},
        "mobile": {"int8": INT8},
    }
    text = yaml.safe_dump(config, allow_unicode=True, sort_keys=False)
    made.config.write_text(text, encoding="utf-8")
    return made
