"""The command that asks for the same run again: copied into a shell, it means the same."""

import dataclasses
import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.local.arguments import parser
from orchestration.local.asked import Asked, output_option
from orchestration.local.selection import Selection

TEXTS = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=9)
NODES = ("Trainer", "Pusher")
SELECTIONS = (
    *("", "--no-cache", "--from Trainer", "--to Pusher", "--only Trainer"),
    "--from Trainer --to Pusher",
)
ALL = Asked("my use.yaml", "rows/*.csv", 0, True, ("a.b=[1, 2]", "c=it's"), "--from Trainer")


def parsed(command):
    """Returns what a shell would give to the command line, and what that makes of it."""
    python, script, *words = shlex.split(command)
    assert (python, script, words[0]) == ("python", "local_runner.py", "run")
    return parser().parse_args(words)


@given(
    st.builds(
        Asked,
        config=TEXTS,
        data=TEXTS | st.just(""),
        span=st.none() | st.integers(0, 10**9),
        tune=st.booleans(),
        overrides=st.lists(TEXTS, max_size=3).map(tuple),
        selection=st.sampled_from(SELECTIONS),
    ),
    TEXTS,
)
def test_a_command_that_is_copied_asks_for_the_same(asked, folder):
    options = parsed(asked.command(output_option(Path("/") / folder)))
    stages = dict(zip(NODES, NODES, strict=True))
    again = Asked(
        options.config,
        options.data or "",
        options.span,
        options.tune,
        tuple(options.set),
        Selection.of(options, stages).text,
    )
    assert again == asked
    assert options.output_dir == Path("/") / folder


def test_each_option_is_quoted():
    assert ALL.command(" --output-dir out") == (
        "python local_runner.py run --config 'my use.yaml' --data 'rows/*.csv' --span 0"
        """ --set 'a.b=[1, 2]' --set 'c=it'"'"'s' --tune --from Trainer --output-dir out"""
    )


def test_what_was_not_asked_for_is_not_in_it():
    assert Asked().command() == "python local_runner.py run"
    assert Asked("-x.yaml").command() == "python local_runner.py run --config=-x.yaml"


def test_the_whole_of_a_part_and_its_search():
    untuned = Asked("my use.yaml", "rows/*.csv", 0, False, ALL.overrides, "--only Trainer")
    assert ALL.whole() == Asked("my use.yaml", "rows/*.csv", 0, True, ALL.overrides)
    assert untuned.tuned() == ALL.whole()
    assert untuned.whole() != ALL.whole()


@pytest.mark.parametrize("selection", SELECTIONS)
def test_a_part_that_sees_nothing_new_is_no_advice(selection):
    asked = dataclasses.replace(ALL, selection=selection)
    sees = selection != "--only Trainer"
    assert asked.mended() == (asked if sees else asked.whole())


@pytest.mark.parametrize(
    ("folder", "option"),
    [
        ("outputs", ""),
        ("a b/outputs", " --output-dir 'a b/outputs'"),
        (".", " --output-dir ."),
        ("-x y", " '--output-dir=-x y'"),
        ("/elsewhere/outputs", " --output-dir /elsewhere/outputs"),
    ],
)
def test_the_option_of_an_output_folder(folder, option, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert output_option(tmp_path / folder) == option
