import io
import subprocess
import sys

import pytest

from autoconfig.command import init, prepare
from orchestration.local.arguments import parser
from orchestration.plan import make_plan
from tests.autoconfig.tables import frame, write
from usecase.errors import ConfigError
from usecase.paths import PROJECT_ROOT


def options(*arguments):
    return parser().parse_args(arguments)


def asked(data, *more):
    return options("run", "--data", data, "--label", "label", *more)


def test_init_says_what_it_decided_and_where_it_is(tmp_path):
    data, out = write(tmp_path, frame(constant=1)), io.StringIO()
    assert init(options("init", "--data", data, "--label", "label"), out, tmp_path) == 0
    said = out.getvalue()
    assert "height: numeric, numbers from" in said
    assert "constant: left out, the same in every row: 1" in said
    assert f"run --config {tmp_path}/configs/rows.yaml" in said
    assert (tmp_path / "schema/rows/schema.pbtxt").is_file()


def test_what_prepare_writes_can_be_planned_and_asked_for_again(tmp_path, monkeypatch):
    data, out = write(tmp_path, frame(), sep=";"), io.StringIO()
    monkeypatch.chdir(tmp_path)  # where a schema is looked for first
    config = prepare(asked(data), out, tmp_path)
    assert config == "configs/rows.yaml"
    plan = make_plan(config)
    assert (plan.use_case.name, plan.use_case.data.delimiter) == ("rows", ";")
    assert plan.schema == tmp_path / "schema/rows/schema.pbtxt"
    assert prepare(asked(data), out, tmp_path) == config


def test_an_edited_configuration_is_not_replaced(tmp_path):
    data, out = write(tmp_path, frame()), io.StringIO()
    config = tmp_path / "configs/rows.yaml"
    prepare(asked(data), out, tmp_path)
    config.write_text(config.read_text() + "\ntraining: {seed: 7}\n")
    with pytest.raises(ConfigError, match="there already"):
        prepare(asked(data), out, tmp_path)
    assert "seed: 7" in config.read_text()
    prepare(asked(data, "--overwrite"), out, tmp_path)
    assert "seed: 7" not in config.read_text()
    assert "made" in prepare(asked(data, "--name", "made"), out, tmp_path)


def test_label_belongs_to_data_and_not_to_a_config(tmp_path):
    data = write(tmp_path, frame())
    with pytest.raises(ConfigError, match="contradict"):
        prepare(asked(data, "--config", "configs/taxi.yaml"), io.StringIO(), tmp_path)
    with pytest.raises(ConfigError, match="needs --data"):
        prepare(options("run", "--label", "label"), io.StringIO(), tmp_path)


def test_task_and_positive_class_are_passed_on(tmp_path):
    data, out = write(tmp_path, frame()), io.StringIO()
    prepare(asked(data, "--positive", "well", "--task", "binary"), out, tmp_path)
    assert "positive_class: well" in (tmp_path / "configs/rows.yaml").read_text()


def test_nothing_heavy_is_imported_for_it():
    code = (
        "import sys, autoconfig.command, autoconfig\n"
        "print([m for m in ('tensorflow', 'tfx', 'pyarrow', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
