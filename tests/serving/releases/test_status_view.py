"""What `status` shows of a survey."""

import json
from pathlib import Path

import pytest

from serving.pushed import Push
from serving.releases import changes, status_view
from serving.releases.changes import Stamp
from serving.releases.servers import Server
from serving.releases.survey import Survey
from serving.remote.model_metadata import VersionStatus

SHOWN = Path("outputs") / "serving" / "taxi"
REST = "http://localhost:8501"


def stamp(minute, why="", run="", who="ann@box"):
    return Stamp(who, f"2026-11-26T02:{minute:02}:59Z", why, run)


@pytest.fixture
def survey(tmp_path):
    """Returns a function that makes a survey of versions on the disk, and what else is given."""

    def make(state, *on_disk, **found):
        for version in on_disk:
            (tmp_path / str(version)).mkdir()
            (tmp_path / str(version) / "saved_model.pb").touch()
        defaults = {
            "runs": {},
            "new": [],
            "servers": [],
            "is_config_current": True,
            "is_busy": False,
            "problems": [],
        }
        return Survey(folder=tmp_path, state=state, **{**defaults, **found})

    return make


def lines(survey, how=""):
    return "\n".join(status_view.lines(survey, SHOWN, how)).splitlines()


def test_all_of_it(survey):
    state = changes.first("taxi", 10, stamp(1))
    state = changes.promote(state, 20, stamp(2, "better", "run-20"))
    state = changes.canary(state, 30, 10, stamp(3))
    state = changes.canary(state, 30, 12.5, stamp(4, "more", "run-30", "bob@box"))
    found = survey(
        state,
        *(10, 20, 30, 40),
        runs={20: Push("run-20", "2026"), 30: Push("run-30", "2026")},
        new=[40],
        servers=[
            Server(REST, labels={"stable": 20, "canary": 30}, unlabelled=30),
            Server("box:8500", labels={"stable": 20, "canary": None}, unlabelled=20),
            Server("gone:8500", error="no server at gone:8500: refused"),
        ],
        problems=["box:8500 does not follow: do this."],
        is_busy=True,
    )
    assert lines(found, " --model-dir x") == [
        "taxi · outputs/serving/taxi",
        '  stable  20  since 2026-11-26 02:02 UTC by ann@box · run run-20 · "better"',
        '  canary  30  12.5 % since 2026-11-26 02:04 UTC by bob@box · run run-30 · "more"',
        "  kept    10  for a rollback",
        "  new     40  pushed, not served: python -m serving canary 40 --percent 10 --model-dir x",
        "  · a command is at work now",
        "",
        f"  ✔ {REST}  stable 20 · canary 30 · without a label 30",
        "    requests without a label reach the canary there: ask by label",
        "  ✘ box:8500  stable 20 · canary - · without a label 20",
        "  ✘ gone:8500  does not answer",
        "  ✘ box:8500 does not follow: do this.",
        "",
        "  last changes",
        '    2026-11-26 02:04 UTC  canary 30 at 12.5 % by bob@box · run run-30 · "more"',
        "    2026-11-26 02:03 UTC  canary 30 at 10 % by ann@box",
        '    2026-11-26 02:02 UTC  promote 20 by ann@box · run run-20 · "better"',
        "    2026-11-26 02:01 UTC  promote 10 by ann@box",
    ]


def test_since_when_and_from_which_run_after_a_rollback(survey):
    """Not the run of the version that is gone."""
    state = changes.first("taxi", 10, stamp(1, run="run-10"))
    state = changes.promote(state, 20, stamp(2, run="run-20"))
    state = changes.rollback(state, [10, 20], stamp(3, "wrong", "run-20"))
    shown = lines(survey(state, 10, 20))
    assert shown[1] == '  stable  10  since 2026-11-26 02:03 UTC by ann@box · "wrong"'
    assert not [line for line in shown if line.startswith(("  canary", "  kept"))]
    assert shown[5] == (
        '    2026-11-26 02:03 UTC  rollback from 20, stable 10 by ann@box · run run-20 · "wrong"'
    )
    state = changes.canary(state, 20, 5, stamp(4))
    state = changes.rollback(state, [10, 20], stamp(5))
    with_run = survey(state, runs={10: Push("run-10", "2026")})
    assert lines(with_run)[1] == (
        '  stable  10  since 2026-11-26 02:03 UTC by ann@box · run run-10 · "wrong"'
    )


def test_as_many_are_kept_as_the_state_says_and_the_disk_has(survey):
    state = changes.first("taxi", 1, stamp(1))
    for version in (2, 3, 4, 5):
        state = changes.promote(state, version, stamp(version))
    state = changes.configured(state, keep=2)
    found = survey(state, 1, 2, 3, 5)
    assert status_view.kept(found) == [3, 2]
    assert len([line for line in lines(found) if "promote" in line]) == status_view.CHANGES


def test_json_has_all_of_it(survey):
    state = changes.canary(changes.first("taxi", 1, stamp(1)), 2, 5, stamp(2))
    known = [VersionStatus(2, "AVAILABLE"), VersionStatus(1, "END", "INTERNAL", "broken")]
    server = Server(REST, versions=known, labels={"stable": None, "canary": 2}, unlabelled=2)
    found = survey(
        state, 1, 2, runs={2: Push("r", "w")}, new=[3], servers=[server], problems=["Mend it."]
    )
    shown = json.loads(json.dumps(status_view.as_json(found)))
    assert shown["model"] == "taxi"
    assert shown["state"]["canary"] == {"version": 2, "percent": 5.0}
    assert shown["state"]["history"][0]["who"] == "ann@box"
    assert shown["labels"] == {"stable": 1, "canary": 2}
    assert shown["runs"] == {"2": {"run": "r", "when": "w"}}
    assert shown["servers"] == [
        {
            "address": REST,
            "error": "",
            "versions": {"2": "AVAILABLE", "1": "END"},
            "labels": {"stable": None, "canary": 2},
            "unlabelled": 2,
        }
    ]
    assert (shown["new"], shown["kept"], shown["problems"]) == ([3], [], ["Mend it."])
    assert (shown["is_config_current"], shown["is_busy"]) == (True, False)


def test_options_as_a_shell_takes_them():
    assert status_view.options_of(None) == ""
    assert status_view.options_of(Path("a b"), ["x:1", "y:2"]) == (
        " --model-dir 'a b' --server x:1 --server y:2"
    )


def test_without_a_release():
    shown = "\n".join(status_view.without_release("taxi", SHOWN, [7], ""))
    assert shown.splitlines()[:2] == [
        "taxi · outputs/serving/taxi",
        "  no release yet: one version, the newest is 7",
    ]
    assert shown.endswith("    python -m serving promote 7")
