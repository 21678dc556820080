"""What `schema update` refuses, asks and writes; differences are hand-made."""

import io
import os
import pty
import sys

import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from orchestration.local.schema_commands.changes import Change
from orchestration.local.schema_commands.differences import Differences, if_usable
from orchestration.local.schema_commands.text_diff import diff_lines
from orchestration.local.schema_commands.update import (
    asked,
    proposal,
    question,
    replace,
    require_own_file,
)
from orchestration.local.text import UNICODE
from orchestration.plan import make_plan
from tests.orchestration.schema_commands import shop
from usecase.errors import ConfigError, UserError
from usecase.schema import read_schema


@pytest.fixture
def world(tmp_path):
    shop.make(tmp_path)
    return tmp_path


def differences(world, *changes):
    plan = make_plan(str(world / "shop.yaml"))
    return Differences(plan, read_schema(plan.schema), changes, 600)


def older(schema):
    schema.feature[1].int_domain.max = 130


def without_age(schema):
    del schema.feature[1]


def no_classes(schema):
    schema.feature[4].int_domain.max = 7


OLDER = Change("age", "range", "older", older)


def test_without_a_terminal_there_must_be_a_yes(world, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    with pytest.raises(UserError, match="no terminal to ask on") as refused:
        shop.run(world, "update")
    assert "--yes" in refused.value.fix
    assert not (world / "outputs").exists()  # before anything is computed


def test_the_schema_of_a_package_is_not_changed(world):
    config = world / "shop.yaml"
    text = config.read_text(encoding="utf-8").replace(f"{world}/schema", "pkg:tfx/schema")
    config.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="inside of an installed package"):
        require_own_file(str(config))


def test_the_proposal_is_the_text_with_the_change(world):
    before, after = proposal(differences(world, OLDER), world / "schema.pbtxt")
    assert before == shop.SCHEMA
    assert after == shop.SCHEMA.replace("max: 120", "max: 130")


def test_a_result_that_the_config_cannot_use_is_refused(world):
    broken = differences(world, OLDER, Change("bought", "range", "more", no_classes))
    with pytest.raises(ConfigError, match="could not use the schema that would result") as refused:
        proposal(broken, world / "schema.pbtxt")
    assert refused.value.fix.startswith("nothing was changed; ")


@pytest.mark.parametrize(
    ("mend", "why"),
    [
        (without_age, 'features: column "age" is not in the schema'),
        (no_classes, 'label "bought" is not 0 or 1, and nothing says which class is positive'),
    ],
)
def test_what_the_config_forbids_is_for_the_data_to_mend(world, mend, why):
    found = differences(world)
    change = if_usable(Change("x", "gone", "", mend, "danger"), found.plan.use_case, found.schema)
    assert (change.mend, change.danger) == (None, "")
    assert change.fix == f"mend the data, or change the config first: {why}"
    kept = if_usable(OLDER, found.plan.use_case, found.schema)
    assert kept is OLDER


def test_dangers_are_part_of_the_question(world):
    change = Change("age", "type", "float", older, "clients must know")
    assert question(differences(world, OLDER, change)) == (
        "  caution, age: clients must know\ntake it? [y/N] "
    )
    assert question(differences(world, OLDER)) == "take it? [y/N] "


@pytest.mark.parametrize(
    ("typed", "answer"), [("y\n", True), ("YES\n", True), ("\n", False), ("n\n", False)]
)
def test_only_a_yes_is_one(typed, answer, monkeypatch):
    keyboard, screen = pty.openpty()
    os.write(keyboard, typed.encode())
    monkeypatch.setattr(sys, "stdin", os.fdopen(screen))
    out = io.StringIO()
    assert asked("  caution, age: no\ntake it? [y/N] ", out) is answer
    assert out.getvalue() == "\n  caution, age: no\ntake it? [y/N] "


def test_the_file_is_replaced_whole_and_keeps_its_mode(world):
    path = world / "schema.pbtxt"
    path.chmod(0o640)
    replace(path, shop.SCHEMA, "# new\r\n")
    assert path.read_bytes() == b"# new\r\n"
    assert path.stat().st_mode & 0o777 == 0o640
    assert sorted(world.glob("schema*")) == [path]


def test_a_file_that_somebody_changed_meanwhile_stays(world):
    path = world / "schema.pbtxt"
    with pytest.raises(UserError, match="changed meanwhile"):
        replace(path, "another text", "new")
    assert path.read_text(encoding="utf-8") == shop.SCHEMA


def test_a_file_that_cannot_be_written_stays(world):
    path = world / "schema.pbtxt"
    (world / "schema.pbtxt.new").mkdir()  # where the new text would be written first
    with pytest.raises(UserError, match="schema not writable"):
        replace(path, shop.SCHEMA, "new")
    assert path.read_text(encoding="utf-8") == shop.SCHEMA


def test_the_diff_has_styles_for_terminals():
    found = diff_lines("a\nb\n", "a\nc\n", "s.pbtxt", UNICODE)
    assert [(line.text, line.spans[0].style) for line in found] == [
        ("--- s.pbtxt", "red"),
        ("+++ s.pbtxt (updated)", "green"),
        ("@@ -1,2 +1,2 @@", "cyan"),
        (" a", ""),
        ("-b", "red"),
        ("+c", "green"),
    ]


def test_the_schema_is_what_the_text_says(world):
    _, after = proposal(differences(world, OLDER), world / "schema.pbtxt")
    schema = text_format.Parse(after, schema_pb2.Schema())
    assert schema.feature[1].int_domain.max == 130
