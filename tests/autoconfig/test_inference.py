import csv
import gzip
import os

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import autoconfig
from tests.autoconfig.tables import ROWS, compiled, frame, schema_of, write
from usecase.data_files import find_data
from usecase.errors import ConfigError, DataError
from usecase.loading import parse_use_case
from usecase.paths import PROJECT_ROOT

WORDS = np.random.default_rng(7).choice(["red", "green", "blue"], ROWS)


def test_a_table_becomes_a_configuration_that_runs(tmp_path):
    data = write(tmp_path, frame(color=WORDS, constant=1))
    inferred = autoconfig.infer(data, "label")
    use_case, declaration = parse_use_case(inferred.use_case_yaml), compiled(inferred)
    assert (use_case.name, use_case.task, use_case.data.path) == ("rows", "binary", data)
    assert use_case.schema_file == "schema/rows/schema.pbtxt"
    assert use_case.data.missing == "pandas"
    assert [f.name for f in declaration.features] == ["height", "weight", "color"]
    assert declaration.label.classes == ("well", "ill")
    assert [line.partition(":")[0] for line in inferred.report] == [
        *("label", "height", "weight", "color", "constant")
    ]
    assert inferred.warnings == ()


def test_the_same_data_give_the_same_files(tmp_path):
    data = write(tmp_path, frame(color=WORDS))
    assert autoconfig.infer(data, "label") == autoconfig.infer(data, "label")


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_delimiters_are_told(tmp_path, delimiter):
    data = write(tmp_path, frame(color=WORDS), sep=delimiter)
    inferred = autoconfig.infer(data, "label")
    assert parse_use_case(inferred.use_case_yaml).data.delimiter == delimiter
    assert len(compiled(inferred).features) == 3


def test_a_delimiter_can_be_named(tmp_path):
    data = write(tmp_path, frame(color=WORDS), sep="~")
    inferred = autoconfig.infer(data, "label", delimiter="~")
    assert parse_use_case(inferred.use_case_yaml).data.delimiter == "~"
    with pytest.raises(ConfigError, match="one character"):
        autoconfig.infer(data, "label", delimiter="::")
    for delimiter in ("\N{SECTION SIGN}", '"', "\n", ""):
        with pytest.raises(ConfigError, match="one character"):
            autoconfig.infer(data, "label", delimiter=delimiter)


def test_formats_say_the_same(tmp_path):
    table = frame(color=WORDS, when=pd.date_range("2021-01-01", periods=ROWS))
    plain = write(tmp_path, table)
    packed = tmp_path / "rows.csv.gz"
    packed.write_bytes(gzip.compress((tmp_path / "rows.csv").read_bytes()))
    parquet = tmp_path / "rows.parquet"
    table.to_parquet(parquet)
    roles = [
        {f.name: f.declared.role for f in compiled(autoconfig.infer(str(p), "label")).features}
        for p in (plain, packed, parquet)
    ]
    assert roles[0] == roles[1] == roles[2]
    assert roles[0] == {
        "height": "numeric",
        "weight": "numeric",
        "color": "categorical_string",
        "when": "datetime",
    }


def test_examples_are_read(tmp_path):
    path = tmp_path / "rows.tfrecord"
    with tf.io.TFRecordWriter(str(path)) as writer:
        for _, row in frame(rows=60).iterrows():
            made = tf.train.Example()
            made.features.feature["height"].float_list.value.append(row["height"])
            made.features.feature["label"].bytes_list.value.append(row["label"].encode())
            writer.write(made.SerializeToString())
    inferred = autoconfig.infer(str(path), "label")
    use_case = parse_use_case(inferred.use_case_yaml)
    assert (use_case.data.source, use_case.data.missing) == ("tfrecord", ("",))
    assert [f.name for f in compiled(inferred).features] == ["height"]


def test_several_files_are_one_table(tmp_path):
    write(tmp_path, frame(rows=60), "one.csv")
    write(tmp_path, frame(rows=60, height=range(60)), "two.csv")
    inferred = autoconfig.infer(str(tmp_path / "*.csv"), "label", name="both")
    assert "0 to 59" in inferred.report[1]
    assert parse_use_case(inferred.use_case_yaml).data.path == str(tmp_path / "*.csv")


@pytest.mark.parametrize(
    ("file", "name"),
    [("My Data (2).csv", "my_data_2"), ("Größe.csv.gz", "gr_e"), ("x.parquet", "x")],
)
def test_the_name_is_the_files(tmp_path, file, name):
    table = frame()
    if file.endswith("parquet"):
        table.to_parquet(tmp_path / file)
    else:
        table.to_csv(tmp_path / file, index=False)
    assert autoconfig.infer(str(tmp_path / file), "label").name == name


def test_names_that_are_none_are_refused(tmp_path):
    data = write(tmp_path, frame())
    with pytest.raises(ConfigError, match="no name of a use case"):
        autoconfig.infer(data, "label", name="Wrong!")


def test_a_path_beside_the_project_stays_relative(tmp_path, monkeypatch):
    monkeypatch.chdir(PROJECT_ROOT)
    from autoconfig.rows import find_rows

    assert find_rows("README.md", ",").path == "README.md"
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text("a,b\n1,2\n")
    assert find_rows("rows.csv", ",").path == str(tmp_path / "rows.csv")


def test_a_folder_may_hold_what_is_a_wildcard(tmp_path, monkeypatch):
    folder = tmp_path / "dir[1]"
    folder.mkdir()
    write(folder, frame(), "rows1.csv")
    monkeypatch.chdir(folder)
    for path in ("rows*.csv", "rows1.csv", "./rows?.csv"):
        kept = parse_use_case(autoconfig.infer(path, "label", name="n").use_case_yaml).data
        with monkeypatch.context() as elsewhere:
            elsewhere.chdir(tmp_path)
            assert find_data(kept).local == (folder / "rows1.csv",)


def test_spans_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="rows of one span"):
        autoconfig.infer(str(tmp_path / "span-{SPAN}.csv"), "label")


def test_a_mistyped_label_is_told_before_the_rows_are_read(tmp_path, monkeypatch):
    data = write(tmp_path, frame())
    monkeypatch.delattr("autoconfig.rows.Rows.batches")
    with pytest.raises(DataError, match='did you mean "label"'):
        autoconfig.infer(data, "lable")


@pytest.mark.parametrize("delimiter", [None, ";"])
@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"PAR1\x15\x04\xa0\n", "is Parquet, but was read as CSV"),
        (b"PAR1,label\n1,2\n1,\0\n", "is Parquet, but was read as CSV"),
        (b"PK\x03\x04\x14\0\n\0", "is a ZIP archive"),
        (b"no,label\n1,2\n1,\0\n", "line contains NUL"),
    ],
)
def test_a_file_of_another_format_is_named(tmp_path, delimiter, content, what):
    path = tmp_path / "rows.csv"
    path.write_bytes(content.replace(b",", (delimiter or ",").encode()))
    with pytest.raises(DataError, match=what):
        autoconfig.infer(str(path), "label", delimiter=delimiter)


def test_names_of_any_language_stay_apart(tmp_path):
    names = ("Имя", "Дом", "日本", "中国")
    inferred = autoconfig.infer(write(tmp_path, frame(**dict.fromkeys(names, WORDS))), "label")
    assert {f.name for f in compiled(inferred).features} == {"height", "weight", *names}


@pytest.mark.parametrize("cell", ["It\x92s", "a\x07"])
def test_control_characters_do_not_spoil_the_file(tmp_path, cell):
    inferred = autoconfig.infer(write(tmp_path, frame(x=cell)), "label")
    assert "x" not in parse_use_case(inferred.use_case_yaml).features


def test_data_elsewhere_are_refused():
    with pytest.raises(ConfigError, match="on this machine"):
        autoconfig.infer("gs://bucket/rows.csv", "label")


@pytest.mark.parametrize(
    ("cell", "shown"),
    [("{:.1f}", "categorical_string"), ("{:.6f}", "left out"), ("{:,.2f}", "left out")],
)
def test_numbers_with_commas_are_pointed_out(tmp_path, cell, shown):
    values = 10_000 * np.random.default_rng(3).random(ROWS) if "," in cell else frame()["height"]
    noise = np.random.default_rng(4).random(ROWS) / 1e4
    cells = [cell.format(value + more) for value, more in zip(values, noise, strict=True)]
    if "," not in cell:
        cells = [text.replace(".", ",") for text in cells]
    data = write(tmp_path, frame(x=cells), sep=";")
    inferred = autoconfig.infer(data, "label")
    (line,) = [line for line in inferred.report if line.startswith("x:")]
    assert shown in line
    assert "numbers such as" in line or "which is read as text" in line
    assert '"x" holds numbers with a comma such as ' in inferred.warnings[0]


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ("x", '"x" holds numbers with other marks such as $1, which are read as text: write $1 as'),
        ("label", "the label holds numbers with other marks such as $1, which are read as text"),
    ],
)
def test_numbers_with_marks_are_pointed_out(tmp_path, column, said):
    table = frame(**{column: ["$1", "$2", "$1"] * (ROWS // 3)})
    (warning,) = autoconfig.infer(write(tmp_path, table), "label").warnings
    assert warning.startswith(said)


def test_a_path_that_is_no_text_is_refused(tmp_path):
    write(tmp_path, frame())
    path = os.fsdecode(os.fsencode(tmp_path) + b"/r\xff.csv")
    (tmp_path / "rows.csv").rename(path)
    with pytest.raises(ConfigError, match="cannot name") as caught:
        autoconfig.infer(path, "label")
    assert "rename the file" in caught.value.fix


def test_what_is_said_stays_in_its_line_and_gives_a_terminal_no_orders(tmp_path):
    name = "a\rb\x1b[31m\u2028c"
    table = frame(**{name: ["$1", "$2"] * (ROWS // 2), "x": ["\x1b[2J"] * ROWS})
    inferred = autoconfig.infer(write(tmp_path, table, quoting=csv.QUOTE_ALL), "label")
    said = (*inferred.report, *inferred.warnings)
    assert all(line.isprintable() for line in said)
    assert r"x: left out, the same in every row: \x1b[2J" in said
    assert inferred.warnings[0].startswith(r'"a\rb\x1b[31m\u2028c" holds numbers')
    assert name in parse_use_case(inferred.use_case_yaml).features


def test_imbalance_is_said_and_allowed_for(tmp_path):
    label = ["ill"] * 12 + ["well"] * 4988
    table = pd.DataFrame({"x": np.random.default_rng(0).normal(size=5000), "label": label})
    inferred = autoconfig.infer(write(tmp_path, table), "label")
    use_case = parse_use_case(inferred.use_case_yaml)
    assert use_case.data_gate.min_label_share == 0.001
    assert "0.24%" in inferred.warnings[0]


def test_a_column_that_tells_the_label_is_warned_of(tmp_path):
    table = frame()
    table["verdict"] = table["label"].map({"ill": "treat", "well": "leave"})
    inferred = autoconfig.infer(write(tmp_path, table), "label")
    assert '"verdict" tells the label exactly' in inferred.warnings[0]
    assert "verdict" in parse_use_case(inferred.use_case_yaml).features


@pytest.mark.parametrize(
    "name",
    [
        'a "b"',
        "größe",
        "年",
        "x y",
        "1st",
        "no",
        "null",
        "a: b",
        "#x",
        "multi\nline",
        "{x}",
        "- a",
        "a" * 200,
        "'",
        "\\",
        "tab\there",
    ],
)
def test_names_of_all_kinds(tmp_path, name):
    inferred = autoconfig.infer(write(tmp_path, frame(**{name: WORDS})), "label")
    assert [f.name for f in compiled(inferred).features] == ["height", "weight", name]
    data = write(tmp_path, frame().rename(columns={"label": name}))
    inferred = autoconfig.infer(data, name)
    assert compiled(inferred).label.name == name


def test_classes_of_all_kinds(tmp_path):
    kinds = ['a "b"', "größe", "年", "no", "yes", "1", "1.5", "a: b", "#x", "multi\nline", "'"]
    table = frame(kind=[kinds[k % len(kinds)] for k in range(ROWS)])
    inferred = autoconfig.infer(write(tmp_path, table), "kind")
    assert compiled(inferred).label.classes == tuple(sorted(kinds))


def test_missing_values_in_every_spelling_of_pandas_are_missing(tmp_path):
    from pandas._libs.parsers import STR_NA_VALUES

    spellings = sorted(STR_NA_VALUES)
    cells = [
        spellings[k % len(spellings)] if k % 3 == 0 else "1.5" if k % 2 else "2.5"
        for k in range(ROWS)
    ]
    inferred = autoconfig.infer(write(tmp_path, frame(x=cells)), "label")
    (line,) = [line for line in inferred.report if line.startswith("x:")]
    assert line == "x: numeric, numbers from 1.5 to 2.5, missing in 33.3% of rows"
    (column,) = [f for f in schema_of(inferred).feature if f.name == "x"]
    assert column.presence.min_fraction < 0.66
    assert (column.value_count.min, column.value_count.max) == (0, 1)


def test_errors_come_before_anything_is_written(tmp_path):
    data = write(tmp_path, frame())
    with pytest.raises(DataError, match='did you mean "label"'):
        autoconfig.infer(data, "lable")
    with pytest.raises(ConfigError, match="not found"):
        autoconfig.infer(str(tmp_path / "none.csv"), "label")
