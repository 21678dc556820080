"""One line on what came of a node."""

import json

import pytest

from components.verdict import Verdict, judge
from orchestration.kubeflow.entrypoint.outcome import noted, notes
from orchestration.kubeflow.outcome_lines import refusal
from tests.orchestration.kubeflow.pod_world import executor_input, given

SERVING = {"custom_config": json.dumps({"sibling": "/m", "serving": {"promote": "manual"}})}
MOBILE = {"custom_config": json.dumps({"sibling": "/s"})}


def said(output, uri, **metadata):
    artifact = {"uri": str(uri), "metadata": metadata}
    return {"artifacts": {output: {"artifacts": [artifact]}}}


def pusher(parameters, *, quality=1.0, use=1.0):
    blessings = {
        "model_blessing": given("minio://b/q", blessed=quality),
        "infra_blessing": given("minio://b/u", blessed=use, has_model=1.0),
    }
    return executor_input(blessings, {}, parameters, "/out.json")


def line(told, result):
    (note,) = notes(told, result)
    return note.line


@pytest.mark.parametrize(
    ("value", "text"), [(0.95, "passed"), (0.91, "refused: auc 0.910 < 0.930")]
)
def test_a_gate_says_its_verdict(tmp_path, value, text):
    Verdict("quality", (judge("quality", "auc", value, "min", 0.93),)).write(tmp_path)
    result = said("evaluation", tmp_path, tfx_version="1.16.0")
    (note,) = notes(executor_input({}, {}, {}, "/out.json"), result)
    assert (note.output, note.key, note.text) == ("evaluation", "verdict", text)
    assert note.line == f"quality gate: {text}"
    (artifact,) = noted(result, note)["artifacts"]["evaluation"]["artifacts"]
    assert artifact["metadata"] == {"tfx_version": "1.16.0", "verdict": text}
    assert artifact["uri"] == str(tmp_path)
    (before,) = result["artifacts"]["evaluation"]["artifacts"]
    assert before["metadata"] == {"tfx_version": "1.16.0"}


def test_of_several_reasons_the_first_in_one_line(tmp_path):
    results = (
        judge("serving", "p50", 9.0, "max", 5.0, binding=False),
        judge("serving", "ready", 0.0, "min", 1.0, detail="it died\nTraceback"),
        judge("serving", "same", 0.0, "min", 1.0, detail="other"),
    )
    Verdict("serving", results).write(tmp_path)
    assert line({}, said("verdict", tmp_path)) == "serving gate: refused: it died"


def drift(column, value, **more):
    return judge("data", "drift", value, "max", 0.1, detail=f"drift of {column}\nmore", **more)


@pytest.mark.parametrize(
    ("results", "text"),
    [
        ([drift("a", 0.2, binding=False)], "passed with a warning: drift of a"),
        (
            [drift("a", 0.0), *(drift(name, 0.2, binding=False) for name in "bcd")],
            "passed with a warning: drift of b (and 2 more)",
        ),
        ([drift("a", 0.2, binding=False), drift("b", 0.2)], "refused: drift of b"),
        ([drift("a", 0.05, binding=False)], "passed"),
    ],
)
def test_what_only_warns_is_told_of_a_gate_that_passed(tmp_path, results, text):
    Verdict("data", tuple(results)).write(tmp_path)
    assert line({}, said("verdict", tmp_path)) == f"data gate: {text}"
    assert (refusal(f"data gate: {text}") is None) == text.startswith("passed")


@pytest.mark.parametrize(
    ("metadata", "text"),
    [
        ({"pushed": 1.0, "pushed_version": "17"}, "pushed as version 17"),
        (
            {"pushed": 1.0, "pushed_version": "17", "promoted": 1.0},
            "pushed as version 17, which is stable now",
        ),
        (
            {"pushed": 1.0, "pushed_version": "17", "not_promoted": "no answer\nat all"},
            "pushed as version 17; not made stable: no answer",
        ),
        (
            {"pushed": 0.0, "up_to_date": 1.0, "pushed_version": "9"},
            "up to date: version 9 is this very model",
        ),
        ({"pushed": 0.0}, "not pushed: the Pusher found no blessing"),
    ],
)
def test_a_pusher_says_what_it_did(metadata, text):
    result = said("pushed_model", "/nowhere", **metadata)
    (note,) = notes(pusher(SERVING), result)
    assert note == ("pushed_model", "outcome", text, text)


@pytest.mark.parametrize(
    ("told", "gate"),
    [
        (pusher(SERVING, quality=0.0), "quality"),
        (pusher(SERVING, quality=0.0, use=0.0), "quality"),
        (pusher(SERVING, use=0.0), "serving"),
        (pusher(MOBILE, use=0.0), "tflite"),
    ],
)
def test_a_pusher_says_who_refused(told, gate):
    result = said("pushed_model", "/nowhere", pushed=0.0)
    assert line(told, result) == f"not pushed: the {gate} gate refused"


@pytest.mark.parametrize(
    ("metadata", "text"),
    [
        ({"empty": 1.0}, "no baseline: nothing has been pushed yet"),
        ({"pushed_version": 1764137000.0}, "the baseline is version 1764137000"),
    ],
)
def test_a_baseline_says_which(metadata, text):
    (note,) = notes({}, said("model", "/nowhere", **metadata))
    assert note == ("model", "outcome", text, text)


def test_other_nodes_have_nothing_to_say(tmp_path):
    assert not list(notes({}, said("model", tmp_path)))
    assert not list(notes({}, {}))
