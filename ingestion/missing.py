"""How a missing value is spelled in a CSV file."""

from typing import Literal

EMPTY = ("",)

# What pandas.read_csv takes for a missing value by default, in pandas 1.5 and 2.
PANDAS = (
    "",
    "#N/A",
    "#N/A N/A",
    "#NA",
    "-1.#IND",
    "-1.#QNAN",
    "-NaN",
    "-nan",
    "1.#IND",
    "1.#QNAN",
    "<NA>",
    "N/A",
    "NA",
    "NULL",
    "NaN",
    "None",
    "n/a",
    "nan",
    "null",
)


def spellings(missing: Literal["pandas"] | tuple[str, ...]) -> tuple[str, ...]:
    """Returns the cells that are missing values, as a configuration names them.

    An empty cell is always one: a tf.Example has no other way to say so.
    """
    named = PANDAS if missing == "pandas" else missing
    return tuple(dict.fromkeys((*EMPTY, *named)))
