"""One verdict and one line on why."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.verdict import Verdict, judge
from orchestration.headlines import nothing_changed
from orchestration.outcome import Push, decide, decide_part, why
from orchestration.results import EXIT_CODES, Destination, Release
from serving.releases.state import Canary

GOOD = Verdict("data", (judge("data", "anomalies", 0, "max", 0),))
LOW = judge("quality", "auc", 0.8, "min", 0.9)
DROP = judge("quality", "auc", -0.1, "min_change", -0.01)
REFUSED = Verdict("quality", (judge("quality", "loss", 0.1, "max", 0.3), LOW))
TWICE = Verdict("quality", (LOW, DROP))
BAD_DATA = Verdict("data", (judge("data", "anomalies", 1, "max", 0, detail="age: gone (train)"),))
FAR = judge("tflite", "float32 difference", 0.02, "max", 1e-5)
BAD_TFLITE = Verdict("tflite", (FAR,))
SLOW = Verdict("tflite", (judge("tflite", "float32 latency", 9, "max", 5, binding=False),))
BAD_SERVING = Verdict("serving", (judge("serving", "answers", 0, "min", 1, detail="no answer"),))
FAR_TEXT = "tflite gate: float32 difference 0.020 > 1e-05"


def serving(how="", version=7):
    return Push("serving", how == "pushed", how == "up_to_date", version)


def mobile(how="", version=7):
    return Push("mobile", how == "pushed", how == "up_to_date", version)


@pytest.mark.parametrize(
    ("error", "verdicts", "pushed", "up_to_date", "verdict", "headline"),
    [
        ("", (GOOD,), True, False, "pushed", "version 7 serves now"),
        ("", (GOOD,), False, True, "up_to_date", "version 7 is this very model"),
        ("", (GOOD,), False, False, "not_pushed", "the Pusher found no blessing"),
        (
            *("", (GOOD, REFUSED), False, False),
            *("not_pushed", "quality gate refused: auc 0.800 < 0.900"),
        ),
        (
            *("", (GOOD, TWICE), False, False),
            *("not_pushed", "quality gate refused: auc 0.800 < 0.900 (and 1 more)"),
        ),
        ("", (BAD_DATA,), False, False, "not_pushed", "data gate refused: age: gone (train)"),
        ("Trainer: oops\nTraceback", (GOOD,), False, False, "failed", "Trainer: oops"),
    ],
)
def test_every_verdict(error, verdicts, pushed, up_to_date, verdict, headline):
    outcome = decide(error, verdicts, [Push("serving", pushed, up_to_date, 7)])
    assert outcome[:2] == (verdict, headline)


END = "stopped behind train, as asked"


@pytest.mark.parametrize(
    ("error", "verdicts", "verdict", "headline", "refused"),
    [
        ("", (GOOD,), "stopped", f"{END}: nothing was pushed", ["", ""]),
        ("", (), "stopped", f"{END}: nothing was pushed", ["", ""]),
        (
            *("", (BAD_DATA, GOOD), "not_pushed", "data gate refused: age: gone (train)"),
            ["data gate: age: gone (train)"] * 2,
        ),
        (
            *("", (GOOD, BAD_TFLITE), "not_pushed"),
            *("tflite gate refused: float32 difference 0.020 > 1e-05", ["", FAR_TEXT]),
        ),
        ("", (GOOD, SLOW), "stopped", f"{END}: nothing was pushed", ["", ""]),
        ("Trainer: oops\nmore", (GOOD,), "failed", "Trainer: oops", ["", ""]),
    ],
)
def test_a_run_that_was_not_to_push(error, verdicts, verdict, headline, refused):
    outcome = decide_part(error, verdicts, [serving(), mobile(version=None)], END)
    assert outcome[:2] == (verdict, headline)
    assert outcome.destinations == (
        Destination("serving", False, 7, refused[0]),
        Destination("mobile", False, None, refused[1]),
    )
    assert EXIT_CODES[verdict] == {"stopped": 0, "not_pushed": 1, "failed": 2}[verdict]


def test_an_error_outweighs_every_gate():
    outcome = decide("Pusher: disk full", (REFUSED,), [Push("serving", True, True, 7)])
    assert outcome[:2] == ("failed", "Pusher: disk full")


def test_the_first_gate_that_refused_gives_the_reason():
    outcome = decide("", (BAD_DATA, REFUSED), [serving(version=None)])
    assert outcome.headline == "data gate refused: age: gone (train)"


def test_what_a_gate_refused_is_not_called_pushed():
    outcome = decide("", (REFUSED,), [serving("pushed")])
    assert outcome.verdict == "not_pushed"
    assert not outcome.destinations[0].pushed


@pytest.mark.parametrize(
    ("pushes", "verdict", "headline"),
    [
        (
            [serving("pushed"), mobile("pushed")],
            *("pushed", "version 7 serves now, and is on mobile"),
        ),
        (
            [serving("pushed"), mobile("pushed", 9)],
            *("pushed", "version 7 serves now, and version 9 is on mobile"),
        ),
        (
            [serving("up_to_date"), mobile("pushed")],
            *("pushed", "version 7 serves already, and is on mobile now"),
        ),
        (
            [serving("pushed"), mobile("up_to_date")],
            *("pushed", "version 7 serves now, and is on mobile already"),
        ),
        (
            [serving("pushed", 9), mobile("up_to_date")],
            *("pushed", "version 9 serves now, and version 7 is on mobile already"),
        ),
        (
            [serving("up_to_date"), mobile("up_to_date")],
            *("up_to_date", "version 7 is this very model, on mobile too"),
        ),
        (
            [serving("up_to_date", 9), mobile("up_to_date")],
            *("up_to_date", "versions 9 (serving) and 7 (mobile) are this very model"),
        ),
    ],
)
def test_every_destination_has_the_model(pushes, verdict, headline):
    outcome = decide("", (GOOD, SLOW), pushes)
    assert outcome[:2] == (verdict, headline)
    assert outcome.destinations == tuple(Destination(p.name, p.pushed, p.version) for p in pushes)


@pytest.mark.parametrize(
    ("verdicts", "pushes", "headline", "refused"),
    [
        (
            (GOOD, BAD_TFLITE),
            [serving("pushed"), mobile(version=None)],
            f"serving: version 7; mobile refused: {FAR_TEXT}",
            ["", FAR_TEXT],
        ),
        (
            (GOOD, BAD_TFLITE),
            [serving("up_to_date"), mobile(version=3)],
            f"serving: version 7 already; mobile refused: {FAR_TEXT}",
            ["", FAR_TEXT],
        ),
        (
            (BAD_SERVING, SLOW),
            [serving(version=None), mobile("pushed")],
            "mobile: version 7; serving refused: serving gate: no answer",
            ["serving gate: no answer", ""],
        ),
        (
            (GOOD,),
            [serving("pushed"), mobile()],
            "serving: version 7; mobile refused: the Pusher found no blessing",
            ["", "the Pusher found no blessing"],
        ),
    ],
)
def test_a_gate_of_its_own_keeps_one_destination_from_the_model(
    verdicts, pushes, headline, refused
):
    outcome = decide("", verdicts, pushes)
    assert outcome[:2] == ("partly_pushed", headline)
    assert EXIT_CODES[outcome.verdict] == 1
    assert [place.refused for place in outcome.destinations] == refused
    assert [place.version for place in outcome.destinations] == [p.version for p in pushes]


@pytest.mark.parametrize(
    ("verdicts", "headline"),
    [
        ((BAD_DATA,), "data gate refused: age: gone (train)"),
        ((GOOD, REFUSED, SLOW), "quality gate refused: auc 0.800 < 0.900"),
        ((GOOD, REFUSED, BAD_TFLITE), "quality gate refused: auc 0.800 < 0.900"),
        (
            (GOOD, BAD_SERVING, BAD_TFLITE),
            f"serving refused: serving gate: no answer; mobile refused: {FAR_TEXT}",
        ),
        ((GOOD,), "the Pusher found no blessing"),
    ],
)
def test_no_destination_gets_what_all_of_them_are_refused(verdicts, headline):
    outcome = decide("", verdicts, [serving(), mobile()])
    assert outcome[:2] == ("not_pushed", headline)
    assert all(place.refused and not place.pushed for place in outcome.destinations)


def test_a_warning_is_no_refusal():
    outcome = decide("", (GOOD, SLOW), [serving("pushed"), mobile("pushed")])
    assert outcome.verdict == "pushed"
    both = Verdict("tflite", (*SLOW.results, FAR))
    assert decide("", (both,), [serving("pushed"), mobile()]).destinations[1].refused == FAR_TEXT


def test_what_was_pushed_before_a_crash_is_named():
    outcome = decide(
        "TFLiteExporter: oops\nTFLiteGate: no", (GOOD,), [serving("pushed"), mobile(version=None)]
    )
    assert outcome[:2] == ("failed", "TFLiteExporter: oops; serving: version 7 pushed")
    assert outcome.destinations == (
        *(Destination("serving", True, 7), Destination("mobile", False, None)),
    )


STABLE, OTHER = Release(7), Release(6)
TRIED = Release(6, Canary(7, 10.0))
PROMOTED = Push("serving", pushed=True, up_to_date=False, version=7, promoted=True)
NOW_PROMOTED = Push("serving", pushed=False, up_to_date=True, version=7, promoted=True)


@pytest.mark.parametrize(
    ("pushes", "release", "headline"),
    [
        ([PROMOTED], STABLE, "version 7 is stable now"),
        ([PROMOTED, mobile("pushed")], STABLE, "version 7 is stable now, and is on mobile"),
        ([serving("pushed")], OTHER, "version 7 waits; stable is 6"),
        ([serving("pushed")], TRIED, "version 7 is the canary; stable is 6"),
        (
            [serving("pushed"), mobile("pushed", 9)],
            *(OTHER, "version 7 waits, and version 9 is on mobile; stable is 6"),
        ),
        (
            [serving("up_to_date"), mobile("pushed")],
            *(OTHER, "version 7 waits, and is on mobile now; stable is 6"),
        ),
        (
            [serving("up_to_date"), mobile("pushed")],
            *(STABLE, "version 7 is stable already, and is on mobile now"),
        ),
        ([NOW_PROMOTED, mobile("pushed")], STABLE, "version 7 is stable now, and is on mobile"),
        ([NOW_PROMOTED], STABLE, "version 7 is this very model; 7 is stable now"),
        ([serving("up_to_date")], STABLE, "version 7 is this very model"),
        (
            [serving("up_to_date"), mobile("up_to_date")],
            *(OTHER, "version 7 is this very model, on mobile too; stable is 6"),
        ),
    ],
)
def test_where_there_is_a_release_its_stable_version_is_told(pushes, release, headline):
    outcome = decide("", (GOOD,), pushes, release)
    assert outcome.headline == headline
    # Which version is stable is nothing to the verdict.
    assert outcome[0::2] == decide("", (GOOD,), pushes)[0::2]


@pytest.mark.parametrize("release", [None, STABLE, OTHER, TRIED])
@pytest.mark.parametrize(
    ("how", "verdict", "headline"),
    [
        ("pushed", "pushed", "version 17 is on mobile now"),
        ("up_to_date", "up_to_date", "version 17 on mobile is this very model"),
    ],
)
def test_what_serves_is_nothing_to_a_push_to_phones_alone(how, verdict, headline, release):
    outcome = decide("", (GOOD,), [mobile(how, 17)], release)
    assert outcome[:2] == (verdict, headline)


@pytest.mark.parametrize(
    ("release", "stable"), [(None, ""), (STABLE, ""), (OTHER, "; stable is 6")]
)
def test_a_release_is_told_where_phones_got_no_model(release, stable):
    pushes = [serving("pushed"), mobile(version=None)]
    outcome = decide("", (GOOD, BAD_TFLITE), pushes, release)
    assert outcome.headline == f"serving: version 7{stable}; mobile refused: {FAR_TEXT}"


def test_a_release_is_nothing_to_what_was_refused():
    bad = decide("", (REFUSED,), [serving()], OTHER)
    assert bad == decide("", (REFUSED,), [serving()])
    phones = decide("", (BAD_SERVING,), [serving(version=None), mobile("pushed")], OTHER)
    assert "stable" not in phones.headline


@pytest.mark.parametrize(
    ("release", "headline"),
    [
        (None, "nothing changed, version 7 serves, and is on mobile"),
        (STABLE, "nothing changed, version 7 is stable, and is on mobile"),
        (OTHER, "nothing changed, version 7 waits, and is on mobile; stable is 6"),
        (TRIED, "nothing changed, version 7 is the canary, and is on mobile; stable is 6"),
    ],
)
def test_where_nothing_changed_the_release_is_told_as_well(release, headline):
    places = (Destination("serving", False, 7), Destination("mobile", False, 7))
    assert nothing_changed(places, release) == headline


HOW = ("pushed", "up_to_date", "")
GATES = st.lists(st.sampled_from((GOOD, REFUSED, BAD_TFLITE, BAD_SERVING, SLOW)))


@given(GATES, st.sampled_from([*itertools.product(HOW, HOW)]))
def test_the_verdict_sums_up_the_destinations(verdicts, hows):
    outcome = decide("", verdicts, [serving(hows[0]), mobile(hows[1])])
    refused = [bool(place.refused) for place in outcome.destinations]
    pushed = [place.pushed for place in outcome.destinations]
    assert outcome.headline
    assert all(not (one and other) for one, other in zip(refused, pushed, strict=True))
    expected = {
        0: "pushed" if any(pushed) else "up_to_date",
        1: "partly_pushed",
        2: "not_pushed",
    }
    assert outcome.verdict == expected[sum(refused)]


@given(GATES, st.sampled_from(HOW))
def test_the_gate_of_mobile_models_is_nothing_to_one_that_only_serves(verdicts, how):
    others = [verdict for verdict in verdicts if verdict.gate != "tflite"]
    assert decide("", verdicts, [serving(how)]) == decide("", others, [serving(how)])


@pytest.mark.parametrize(
    ("result", "text"),
    [
        (LOW, "auc 0.800 < 0.900"),
        (judge("quality", "loss", 0.31, "max", 0.3), "loss 0.310 > 0.300"),
        (DROP, "change of auc −0.100 < −0.010"),
        (judge("quality", "auc", 0.8, "min", 0.9, slice_name="h=7"), "auc of h=7 0.800 < 0.900"),
        (judge("quality", "auc", None, "min", 0.9), "auc could not be measured"),
        (
            judge("quality", "auc", None, "min", 0.9, slice_name="h=7"),
            "auc of h=7 could not be measured",
        ),
        (judge("quality", "auc", 0.8, "min", 0.9, detail="63 rows"), "63 rows"),
        (
            judge("serving", "seconds to ready", None, "max", 9, detail="it ended\nlog\nlog"),
            "it ended",
        ),
        (FAR, "float32 difference 0.020 > 1e-05"),
        (
            judge("tflite", "int8 auc change", -0.02, "min_change", -0.001),
            "change of int8 auc −0.020 < −0.001",
        ),
        (
            judge("tflite", "float32 size MB", 25.5, "max", 20.0),
            "float32 size MB 25.50 > 20.00",
        ),
        (
            judge("tflite", "float32 latency ms", 7.25, "max", 5.0),
            "float32 latency ms 7.250 > 5.000",
        ),
        (
            judge("data", "rows", 7, "min", 100, slice_name="split=eval"),
            "rows of split=eval 7 < 100",
        ),
    ],
)
def test_why(result, text):
    assert why(result) == text


def test_what_is_no_number_was_not_measured():
    assert "NaN" in why(judge("quality", "auc", math.nan, "min", 0.9))


@pytest.mark.parametrize(("value", "threshold"), [(0.849996, 0.85), (12345.0, 12346.0)])
def test_the_numbers_show_that_the_condition_fails(value, threshold):
    text = why(judge("quality", "auc", value, "min", threshold))
    shown, limit = text.removeprefix("auc ").replace(",", "").split(" < ")
    assert float(shown) < float(limit)
    assert "e" not in shown
