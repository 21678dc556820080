"""A small use case: who buys something in a shop, with a schema that people have commented."""

import csv
import io
import random

from orchestration.local import arguments
from orchestration.local.schema_commands.command import schema

SCHEMA = """# The contract of the shop.
feature {
  name: "city"
  type: BYTES
  value_count { min: 1 max: 1 }
  presence { min_fraction: 1.0 }
  string_domain {
    value: "Köln"  # where it began
    value: "Paris"
  }
}
# Years.
feature {
  name: "age"
  type: INT
  value_count { min: 1 max: 1 }
  presence { min_fraction: 1.0 }
  int_domain { min: 0 max: 120 }  # nobody is older
}
feature {
  name: "income"
  type: FLOAT
  value_count { min: 0 max: 1 }
  presence { min_fraction: 0.5 }
}
# Nobody reads it.
feature {
  name: "note"
  type: BYTES
  value_count { min: 0 max: 1 }
}
feature {
  name: "bought"
  type: INT
  value_count { min: 1 max: 1 }
  presence { min_fraction: 1.0 }
  int_domain { min: 0 max: 1 }
}
"""
CONFIG = """
name: shop
data: {{path: "{folder}/rows.csv"}}
schema: {folder}/schema.pbtxt
features:
  city: categorical_string
  age: numeric
  income: numeric
label: {{name: bought}}
evaluation:
  slices: [city]
  thresholds: [{{metric: auc, min: 0.5}}]
"""
HEADER = ("city", "age", "income", "note", "bought")


def rows(count=600):
    """Rows that fit the schema."""
    chance = random.Random(7)
    return [
        {
            "city": chance.choice(("Köln", "Köln", "Paris")),
            "age": chance.randint(18, 90),
            "income": "" if number % 10 == 0 else f"{chance.uniform(1, 9):.3f}",
            "note": chance.choice(("", "a", "b")),
            "bought": chance.randint(0, 1),
        }
        for number in range(count)
    ]


def changed_rows():
    """Rows that differ in each way: a new value, a number out of range, columns come and go."""
    found = rows()
    for number, row in enumerate(found):
        del row["note"]
        row["size"] = 1.5
        if number % 5 == 0:
            row["city"] = "Rom"
        if number % 20 == 0:
            row["age"] = 130
        if number % 4 == 1:
            row["age"] = ""
        if number % 3 == 0:
            row["bought"] = 2
    return found


def write(path, rows):
    """Writes rows as CSV."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def make(folder):
    """Writes the use case into a folder; returns its configuration."""
    (folder / "schema.pbtxt").write_text(SCHEMA, encoding="utf-8")
    write(folder / "rows.csv", rows())
    write(folder / "changed.csv", changed_rows())
    (folder / "shop.yaml").write_text(CONFIG.format(folder=folder), encoding="utf-8")
    return folder / "shop.yaml"


def run(folder, action, *more):
    """Runs `schema ACTION`; returns its exit status and what it prints."""
    words = ["schema", action, "--config", str(folder / "shop.yaml")]
    words += ["--output-dir", str(folder / "outputs"), *map(str, more)]
    out = io.StringIO()
    return schema(arguments.parser().parse_args(words), out), out.getvalue()
