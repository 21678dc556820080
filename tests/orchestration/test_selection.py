"""Which nodes run anew, which are left out, and what is refused."""

import argparse

import pytest

from orchestration.local.selection import WHOLE, Parts, Selection
from usecase.errors import UserError

# A small pipeline with the shape of the real one.
UPSTREAM = {
    "Gen": (),
    "Schema": (),
    "DataGate": ("Gen", "Schema"),
    "Transform": ("DataGate",),
    "Trainer": ("Transform",),
    "Baseline": ("DataGate",),
    "Evaluator": ("Trainer", "Baseline"),
    "Pusher": ("Evaluator",),
}
STAGES = {
    "Gen": "ingest",
    "Schema": "schema",
    "DataGate": "data gate",
    "Transform": "transform",
    "Trainer": "train",
    "Baseline": "baseline",
    "Evaluator": "evaluate",
    "Pusher": "push",
}
BEFORE_TRAINER = {"Gen", "Schema", "DataGate", "Transform"}


def select(first=None, last=None, only=None, *, no_cache=False):
    options = argparse.Namespace(from_node=first, to_node=last, only_node=only, no_cache=no_cache)
    return Selection.of(options, STAGES)


def parts(**options):
    return select(**options).parts(UPSTREAM)


def test_without_options_everything_runs_as_ever():
    assert select() == WHOLE
    assert (select().text, select().end) == ("", "")
    assert parts() == Parts()


def test_from_forces_a_node_and_all_behind_it():
    assert parts(first="Trainer") == Parts(frozenset({"Trainer", "Evaluator", "Pusher"}))
    assert parts(first="Gen").forced == UPSTREAM.keys() - {"Schema"}


def test_to_leaves_out_what_the_node_does_not_need():
    left = frozenset({"Baseline", "Evaluator", "Pusher"})
    assert parts(last="Trainer") == Parts(frozenset(), left)
    assert parts(last="Pusher") == Parts()


def test_from_and_to_force_what_lies_between():
    got = parts(first="Transform", last="Evaluator")
    assert got == Parts(frozenset({"Transform", "Trainer", "Evaluator"}), frozenset({"Pusher"}))
    assert parts(first="Trainer", last="Trainer").forced == {"Trainer"}


def test_only_leaves_out_what_the_node_does_not_need():
    left = frozenset({"Baseline", "Evaluator", "Pusher"})
    assert parts(only="Trainer") == Parts(frozenset({"Trainer"}), left)


def test_no_cache_forces_all():
    assert parts(no_cache=True) == Parts(frozenset(UPSTREAM))


@pytest.mark.parametrize(
    "name", ["DataGate", "data gate", "data-gate", "data_gate", "Data Gate", "datagate"]
)
def test_a_node_goes_by_its_id_and_its_stage(name):
    assert select(last=name) == Selection(last="DataGate")


def test_the_text_is_what_a_user_would_type():
    assert select(first="train", last="push").text == "--from Trainer --to Pusher"
    assert select(only="evaluate").text == "--only Evaluator"
    assert select(no_cache=True).text == "--no-cache"
    assert Selection.of(
        argparse.Namespace(from_node="Trainer", to_node=None, only_node=None, no_cache=False),
        STAGES,
    ) == select(first="train")


def test_where_it_ends_is_told_by_stage():
    assert select(last="Trainer").end == "stopped behind train, as asked"
    assert select(only="DataGate").end == "data gate alone ran, as asked"
    assert (select(first="Trainer").end, select(no_cache=True).end) == ("", "")


@pytest.mark.parametrize(
    ("name", "hint"),
    [("trian", 'did you mean "train"?'), ("Trainr", 'did you mean "Trainer"?'), ("zzz", "known: ")],
)
@pytest.mark.parametrize("option", ["first", "last", "only"])
def test_an_unknown_node_is_refused(option, name, hint):
    with pytest.raises(UserError) as caught:
        select(**{option: name})
    word = {"first": "--from", "last": "--to", "only": "--only"}[option]
    assert caught.value.what == f'{word}: no node or stage "{name}" in this pipeline'
    assert hint in caught.value.fix


def test_the_known_ones_are_told_in_order():
    with pytest.raises(UserError) as caught:
        select(last="zzz")
    assert caught.value.fix.startswith("known: ingest (Gen), schema (Schema), data gate (DataGate)")


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"first": "Gen", "only": "Gen"}, "--from and --only"),
        ({"last": "Gen", "only": "Gen"}, "--to and --only"),
        ({"first": "Gen", "no_cache": True}, "--from and --no-cache"),
        ({"last": "Gen", "no_cache": True}, "--to and --no-cache"),
        ({"only": "Gen", "no_cache": True}, "--only and --no-cache"),
        ({"first": "Gen", "last": "Gen", "only": "Gen"}, "--from and --to and --only"),
    ],
)
def test_options_that_exclude_each_other_are_refused(options, named):
    with pytest.raises(UserError, match=f"^{named} exclude each other"):
        select(**options)


@pytest.mark.parametrize(("first", "last"), [("Pusher", "Trainer"), ("Baseline", "Trainer")])
def test_a_from_that_does_not_lead_to_the_to_is_refused(first, last):
    with pytest.raises(UserError) as caught:
        parts(first=first, last=last)
    assert caught.value.what.startswith(f"--from {first} --to {last}: train does not need ")
    assert all(node in caught.value.fix for node in BEFORE_TRAINER)
