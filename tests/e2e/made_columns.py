"""Columns of made data: what stands in their cells, and what each cell adds to a label."""

import datetime
import json
from typing import Any, NamedTuple

import numpy as np

MISSING_SHARE = 0.04
WORDS = (
    *(
        "Zürich",
        "東京",
        "São Paulo",
        "Łódź",
        "Αθήνα",
        "القاهرة",
        "Köln",
        "Göteborg",
        "Ærø",
        "Ñuñoa",
    ),
    *('"Haus", klein', "snow ☃ man", "m²", "ça va?", "Ваза", "한국", "it's", "a/b", "50 %", "ß"),
)


class Column(NamedTuple):
    """A column of a CSV file, and the feature of its name.

    Attributes:
        name: Its name.
        kind: Its type in the schema.
        role: What the configuration says of it.
        cells: One text a row; "" where the value is missing.
        effect: What each cell adds to a label, float64 [rows]; 0 where it is missing.
        domain: Its domain in the schema; may be empty.
    """

    name: str
    kind: str
    role: Any
    cells: list[str]
    effect: np.ndarray
    domain: str = ""

    @property
    def schema(self) -> str:
        """Its feature in the schema, as text."""
        least, share = (0, 0.8) if "" in self.cells else (1, 1.0)
        return (
            f"feature {{ name: {json.dumps(self.name, ensure_ascii=False)} type: {self.kind} "
            f"value_count {{ min: {least} max: 1 }} presence {{ min_fraction: {share} }} "
            f"{self.domain} }}\n"
        )


class Maker:
    """Makes columns.

    Args:
        seed: Decides every value.
        rows: How many.
    """

    def __init__(self, seed: int, rows: int) -> None:
        self.random = np.random.default_rng(seed)
        self.rows = rows

    def column(
        self,
        name: str,
        kind: str,
        role: Any,
        cells: Any,
        effect: Any,
        domain: str = "",
        *,
        gaps=True,
    ) -> Column:
        """Returns a column; with gaps, some of its cells are empty."""
        gone = self.random.random(self.rows) < (MISSING_SHARE if gaps else 0.0)
        texts = ["" if g else text for text, g in zip(cells, gone, strict=True)]
        return Column(name, kind, role, texts, np.where(gone, 0.0, effect), domain)

    def floats(
        self, name: str, role: Any, mean: float = 5.0, deviation: float = 1.0, *, gaps: bool = True
    ) -> Column:
        """Returns numbers with a fraction around a mean."""
        z = self.random.normal(size=self.rows)
        cells = [repr(float(f"{v:.7g}")) for v in mean + deviation * z]
        return self.column(name, "FLOAT", role, cells, z, gaps=gaps)

    def magnitudes(self, name: str, role: Any, *, gaps: bool = True) -> Column:
        """Returns numbers with a fraction over orders of magnitude, few of them negative."""
        z = self.random.normal(size=self.rows)
        cells = [repr(float(f"{v:.7g}")) for v in np.exp(2 * z) * np.where(z > 2.2, -1, 1)]
        return self.column(name, "FLOAT", role, cells, z, gaps=gaps)

    def integers(
        self, name: str, role: Any, low: int, high: int, domain: str = "", *, gaps: bool = True
    ) -> Column:
        """Returns whole numbers from `low` to `high`, evenly."""
        values = self.random.integers(low, high, size=self.rows, endpoint=True)
        effect = 3.46 * ((values - low) / (high - low) - 0.5)
        return self.column(name, "INT", role, map(str, values), effect, domain, gaps=gaps)

    def codes(self, name: str, low: int, high: int, *, gaps: bool = True) -> Column:
        """Returns whole numbers that mean something one by one, with both ends in the schema."""
        values = self.random.integers(low, high, size=self.rows, endpoint=True)
        effect = self.random.normal(size=high - low + 1)[values - low]
        domain = f"int_domain {{ min: {low} max: {high} is_categorical: true }}"
        cells = map(str, values)
        return self.column(name, "INT", "categorical_integer", cells, effect, domain, gaps=gaps)

    def numbers_of_many(self, name: str, role: Any, extreme: tuple[int, ...], gaps: bool) -> Column:
        """Returns whole numbers of all of int64, most of which occur once, and no label needs."""
        values = self.random.integers(-(2**63) + 1, 2**63 - 1, size=self.rows)
        values[: len(extreme)] = extreme
        again = self.random.random(self.rows) < 0.15
        values = np.where(again, self.random.choice(values, self.rows), values)
        domain = "int_domain { is_categorical: true }"
        return self.column(
            name, "INT", role, map(str, values), np.zeros(self.rows), domain, gaps=gaps
        )

    def words(self, name: str, role: Any, count: int, *, gaps: bool = True) -> Column:
        """Returns words, some of them much more often than others."""
        many = [f"{WORDS[k % len(WORDS)]}{k // len(WORDS) or ''}" for k in range(count)]
        shares = 1.0 / np.arange(2, count + 2)
        ids = self.random.choice(count, self.rows, p=shares / shares.sum())
        cells = [many[k] for k in ids]
        effect = self.random.normal(size=count)[ids]
        return self.column(name, "BYTES", role, cells, effect, gaps=gaps)

    def truths(
        self, name: str, kind: str, words: tuple[tuple[str, ...], tuple[str, ...]], domain: str = ""
    ) -> Column:
        """Returns truths, each in one of the words for false or for true."""
        truth = self.random.integers(2, size=self.rows)
        cells = [str(self.random.choice(words[t])) for t in truth]
        return self.column(name, kind, "boolean", cells, 2.0 * truth - 1.0, domain)

    def dates(self, name: str, role: Any, form: str = "", *, gaps: bool = True) -> Column:
        """Returns moments of six decades, as seconds or in a strftime format; the hour counts."""
        seconds = self.random.integers(-(10**8), 17 * 10**8, size=self.rows)
        moments = [datetime.datetime.fromtimestamp(s, datetime.timezone.utc) for s in seconds]
        cells = [
            m.strftime(form) if form else str(s) for m, s in zip(moments, seconds, strict=True)
        ]
        effect = 1.4 * np.sin(2 * np.pi * seconds / 86400)
        return self.column(name, "INT", role, cells, effect, gaps=gaps)
