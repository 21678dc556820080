"""The curated schema as it is shown: a line a column, without TFX."""

import io
import subprocess
import sys

import pytest
from tensorflow_metadata.proto.v0 import schema_pb2

from orchestration.local.schema_commands.schema_words import domain_text
from orchestration.local.schema_commands.show import show
from usecase.errors import ConfigError
from usecase.paths import PROJECT_ROOT

SCHEMA = """
feature {
  name: "größe" type: FLOAT value_count { min: 0 max: 1 } presence { min_fraction: 0.25 }
  float_domain { min: 0.5 max: 1e9 }
  drift_comparator { jensen_shannon_divergence { threshold: 0.2 } }
}
feature { name: "color" type: BYTES presence { min_fraction: 1 } domain: "colors" }
feature { name: "vip" type: BYTES bool_domain { true_value: "ja" false_value: "nein" } }
feature { name: "day" type: INT int_domain { max: 4102444800 } }
feature { name: "idle" type: INT int_domain { min: 1 } }
feature {
  name: "kind" type: BYTES
  string_domain { value: "a" value: "b" }
  distribution_constraints { min_domain_mass: 0.9 }
}
feature { name: "y" type: INT value_count { min: 1 max: 1 } int_domain { min: 0 max: 1 } }
string_domain { name: "colors" value: "red" value: "green" value: "blue" value: "pink" }
"""
CONFIG = """
name: shown
data: {{path: nowhere.csv}}
schema: {schema}
features:
  größe: {{role: bucketized, buckets: 4}}
  color: categorical_string
  kind: {{role: categorical_string, max_vocabulary: 10}}
  both: {{role: crossed, features: [color, kind]}}
  vip: boolean
  day: {{role: datetime, parts: [hour]}}
label: {{name: y}}
evaluation:
  slices: [color]
  thresholds: [{{metric: auc, min: 0.5}}]
"""
EXPECTED = """\
{schema}: 7 columns, 5 read by features, label "y"

  column  type    presence       values                      role                                 drift    skew
  größe   float   ≥ 25% of rows  0.5 to 1e+09                bucketized                           JS 0.2*  JS 0.05
  color   string  every row      4: red, green, blue, …      categorical_string, crossed, slices  max 0.1  max 0.1
  vip     string  optional       nein or ja                  boolean                              max 0.1  max 0.1
  day     int     optional       ≤ 4,102,444,800             datetime                             -        -
  idle    int     optional       ≥ 1                         not used                             -        -
  kind    string  optional       2: a, b (90% of values)     categorical_string, crossed          max 0.1  max 0.1
  y       int     optional       0 to 1                      label                                JS 0.05  -

drift, skew: the largest distance allowed; max: change of any value's share, \
JS: Jensen-Shannon divergence, *: set in the schema
"""  # noqa: E501, as wide as it is shown

PROBE = """
import sys
from orchestration.local import arguments
from orchestration.local.schema_commands.command import schema
status = schema(arguments.parser().parse_args(["schema", "show"]), sys.stdout)
heavy = {"apache_beam", "pandas", "pyarrow", "tensorflow", "tensorflow_data_validation", "tfx"}
print(status, sorted(heavy & set(sys.modules)))
"""


@pytest.fixture
def config(tmp_path):
    schema = tmp_path / "schema.pbtxt"
    schema.write_text(SCHEMA, encoding="utf-8")
    path = tmp_path / "shown.yaml"
    path.write_text(CONFIG.format(schema=schema), encoding="utf-8")
    return path


def shown(config):
    out = io.StringIO()
    assert show(str(config), out) == 0
    return out.getvalue()


def squeezed(text):
    """Lines without the blanks that line cells up."""
    return [" ".join(line.split()) for line in text.splitlines()]


def test_one_line_a_column(config):
    expected = EXPECTED.format(schema=config.parent / "schema.pbtxt")
    assert squeezed(shown(config)) == squeezed(expected)


def test_cells_are_lined_up(config):
    _, _, *rows = shown(config).splitlines()[:-2]
    starts = {row.index(cell) for row, cell in zip(rows, ("type", "float", "string"), strict=False)}
    assert starts == {10}


def test_columns_of_a_label_that_a_function_makes():
    text = shown(PROJECT_ROOT / "configs" / "taxi.yaml")
    (tips,) = (line for line in text.splitlines() if line.startswith("  tips "))
    assert 'in label "big_tip"' in tips


def test_a_schema_that_the_config_cannot_use(config):
    config.write_text(config.read_text(encoding="utf-8").replace("color,", "colour,"))
    with pytest.raises(ConfigError, match="colour"):
        shown(config)


def test_nothing_heavy_is_imported_to_show_a_schema():
    done = subprocess.run(
        [sys.executable, "-c", PROBE],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "0 []"


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (["a", "b c"], "2: a, b c"),
        (["a, b", "c"], '2: "a, b", c'),
        (['"a"', " b", ""], r'3: "\"a\"", " b", ""'),
        (["a\nb", "ß"], r'2: "a\nb", ß'),
    ],
)
def test_values_are_told_from_their_neighbours(values, text):
    feature = schema_pb2.Feature(name="x")
    feature.string_domain.value.extend(values)
    assert domain_text(feature, schema_pb2.Schema()) == text
