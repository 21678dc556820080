import pytest
import yaml

from autoconfig.config_text import config_text
from autoconfig.decision import Decision
from autoconfig.label import LabelDecision
from autoconfig.rows import Rows
from autoconfig.sizes import sizes_for
from autoconfig.thresholds import Demand
from usecase.loading import parse_use_case

ROWS = Rows("/data/rows.csv", "csv", (), ";")
LABEL = LabelDecision("y", "binary", "int64", (0, 1), (50, 50), 1, "")
DEMAND = Demand({"metric": "auc", "min": 0.6, "max_drop": 0.05}, "A guess has 0.5.")


def text(rows=ROWS, label=LABEL, count=10**6, share=0.01, **roles):
    decided = [Decision(name, role, "float32", "why") for name, role in roles.items()]
    return config_text("made", rows, label, decided, sizes_for(count), DEMAND, share)


def test_the_usual_is_not_written_down():
    written = text(x={"role": "numeric"}, count=50_000)
    assert set(yaml.safe_load(written)) == {
        *("name", "task", "data", "schema", "label", "features", "evaluation")
    }
    assert "  x: numeric\n" in written


def test_what_is_not_usual_is():
    raw = yaml.safe_load(text(x={"role": "numeric"}, count=100, share=0.002))
    assert raw["data"] == {"path": "/data/rows.csv", "delimiter": ";", "missing": "pandas"}
    assert raw["split"] == {"train": 6, "eval": 2, "test": 2}
    assert raw["network"] == {"hidden_units": [32, 16]}
    assert raw["training"]["batch_size"] == 16
    assert raw["data_gate"] == {"min_rows": 40, "min_label_share": 0.002}


def test_other_formats_have_neither_delimiter_nor_missing_values():
    raw = yaml.safe_load(text(Rows("/d/x.parquet", "parquet", (), ","), x={"role": "numeric"}))
    assert raw["data"] == {"path": "/d/x.parquet"}


def test_options_and_reasons_are_there():
    written = text(a={"role": "numeric", "scaling": "log"}, b=None)
    assert "  a: {role: numeric, scaling: log}\n" in written
    assert "# b: left out, why\n" in written
    assert "    # A guess has 0.5.\n    - {metric: auc, min: 0.6, max_drop: 0.05}\n" in written


def test_a_positive_class_is_named_unless_it_is_one_of_zero_and_one():
    assert yaml.safe_load(text(x={"role": "numeric"}))["label"] == {"name": "y"}
    other = LABEL._replace(classes=("no", "yes"), positive="yes")
    use_case = parse_use_case(text(label=other, x={"role": "numeric"}))
    assert use_case.label.positive_class == "yes"
    zero = parse_use_case(text(label=LABEL._replace(positive=0), x={"role": "numeric"}))
    assert zero.label.positive_class == 0


def test_a_comment_stays_one_line():
    written = text(x={"role": "numeric"}, **{"two\nlines": None})
    assert "# two lines: left out, why\n" in written


@pytest.mark.parametrize(
    "control", ["\x00", "\x07", "\x1b", "\x7f", "\x92", "\u200b", "\ufeff", "\ud800"]
)
def test_a_comment_holds_no_control_characters(control):
    written = text(x={"role": "numeric"}, **{f"It{control}s": None})
    assert f"# It{control!a}s: left out, why\n".replace("'", "") in written
    assert yaml.safe_load(written)["features"] == {"x": "numeric"}
