"""What the console prints, held against whole outputs."""

import io
import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

from components.verdict import judge
from orchestration.local.asked import Asked
from orchestration.local.console import PlainConsole, PlainWriter
from orchestration.local.consoles import make_console
from orchestration.local.node_view import RunHeader
from orchestration.local.text import UNICODE
from orchestration.local.verdict_view import verdict_lines
from orchestration.results import Destination, NodeResult, Release, RunResult
from serving.releases.state import Canary
from usecase.errors import ConfigError

HEADER = RunHeader("taxi", "2026-11-20T23-20-01", "local", "cpu", Asked("configs/taxi.yaml"))
LOG = "outputs/runs/2026-11-20T23-20-01/run.log"
SERVING = "outputs/serving/taxi/1763679601"
MOBILE = "outputs/mobile/taxi/1763679601/model.tflite"
NODES = (
    NodeResult("CsvExampleGen", "ingest", "cached", 0, "from run 22-58-10", "15,002 rows"),
    NodeResult("Trainer", "train", "ran", 72, "config changed: training.epochs", "loss 0.201"),
    NodeResult("Evaluator", "evaluate", "ran", 4.1, "first run", "auc 0.958"),
    NodeResult("Pusher", "push", "ran", 0.2, "", "version 1763679601"),
)
REFUSED = (
    *NODES[:2],
    NodeResult("Evaluator", "evaluate", "ran", 4.1, "first run", "auc too low", refused=True),
    NodeResult("Pusher", "push", "skipped", 0, "the quality gate said no"),
)
GATES = (
    judge("data", "anomalies", 0, "max", 0),
    judge("quality", "auc", 0.9581, "min", 0.93),
    judge("quality", "auc", -0.0041, "min_change", -0.01),
    *(judge("quality", "auc", 0.87 + h / 500, "min", 0.85, slice_name=f"hour={h}") for h in (2, 1)),
)
FAILED_GATES = (
    *GATES,
    judge("quality", "auc", 0.8496, "min", 0.85, slice_name="hour=7", detail="63 rows"),
    judge("quality", "auc", None, "min", 0.85, slice_name="hour=9", detail="no rows"),
)
METRICS = {"auc": 0.9581, "loss": 0.2014, "linear/auc": 0.951, "linear/loss": math.nan}


def run_result(verdict, headline="", **changes):
    pushed = verdict == "pushed"
    return RunResult(
        **{
            "run_id": HEADER.run_id,
            "verdict": verdict,
            "headline": headline,
            "nodes": NODES,
            "gates": GATES,
            "destinations": tuple(
                Destination(n, pushed, 1763679601) for n in ("serving", "mobile")
            ),
            "metrics": METRICS,
            "serving_model": SERVING,
            "mobile_model": MOBILE,
            "log": LOG,
            "seconds": 77.2,
            **changes,
        }
    )


NOT_PUSHED = run_result("not_pushed", "quality gate refused auc", nodes=REFUSED, gates=FAILED_GATES)


def play(console, result):
    with console:
        console.start(HEADER, [(node.id, node.stage) for node in result.nodes])
        for node in result.nodes:
            if node.state != "skipped":
                console.node_started(node.id)
            console.node_finished(node)
        console.finish(result)


def told(result, stream=None, **changes):
    """Returns what stdout and stderr hold after a run."""
    options = {"quiet": False, "verbose": False, "json": False, "environ": {}, **changes}
    out, err = stream or io.StringIO(), options.pop("stderr", io.StringIO())
    play(make_console(stdout=out, stderr=err, **options), result)
    return out, err


HEAD = "taxi · run 2026-11-20T23-20-01 · local · cpu · config configs/taxi.yaml\n"
PUSHED_TEXT = f"""{HEAD}
  ✔ ingest    CsvExampleGen  cached   from run 22-58-10 · 15,002 rows
  ✔ train     Trainer        1m 12s   ran: config changed: training.epochs · loss 0.201
  ✔ evaluate  Evaluator        4.1s   auc 0.958
  ✔ push      Pusher           0.2s   version 1763679601

VERDICT  PUSHED — version 1763679601 serves now  [1m 17s]
  data     anomalies         0 ≤      0 ✔
  quality  auc           0.958 ≥  0.930 ✔
           auc change   −0.004 ≥ −0.010 ✔
           auc  hour=1   0.872 ≥  0.850 ✔  worst of 2 passed

             auc   loss
  model    0.958  0.201
  linear   0.951    NaN

  serving  {SERVING}  (new)
  mobile   {MOBILE}  (new)
  log      {LOG}
  next     python local_runner.py predict --data new.csv --out predictions.csv
           python -m serving up --model-dir outputs/serving/taxi
           python -m serving predict --tflite outputs/mobile/taxi/1763679601 --data new.csv
"""
NOT_PUSHED_TEXT = f"""{HEAD}
  ✔ ingest    CsvExampleGen  cached   from run 22-58-10 · 15,002 rows
  ✔ train     Trainer        1m 12s   ran: config changed: training.epochs · loss 0.201
  ✘ evaluate  Evaluator        4.1s   auc too low
  - push      Pusher        skipped   the quality gate said no

VERDICT  NOT PUSHED — quality gate refused auc  [1m 17s]
  data     anomalies         0 ≤      0 ✔
  quality  auc           0.958 ≥  0.930 ✔
           auc change   −0.004 ≥ −0.010 ✔
           auc  hour=9     n/a ≥  0.850 ✘
             no rows
           auc  hour=7  0.8496 ≥ 0.8500 ✘
             63 rows
           auc  hour=1   0.872 ≥  0.850 ✔  worst of 2 passed

             auc   loss
  model    0.958  0.201
  linear   0.951    NaN

  serving  {SERVING}  (unchanged)
  mobile   {MOBILE}  (unchanged)
  log      {LOG}
  next     less {LOG}
           python local_runner.py run --config configs/taxi.yaml  # when mended
"""
FAILED_TEXT = f"""{HEAD}
  ✔ ingest  CsvExampleGen  cached   from run 22-58-10 · 15,002 rows
  ✘ train   Trainer          3.0s   failed: out of memory

VERDICT  FAILED — Trainer failed  [3s]
  error    out of memory
           in models/fitting.py

  serving  none yet
  log      {LOG}
  next     tail -n 40 {LOG}
"""
QUIET_TEXT = """\
VERDICT  NOT PUSHED — quality gate refused auc  [1m 17s]
  quality  auc  hour=9     n/a ≥  0.850 ✘
             no rows
           auc  hour=7  0.8496 ≥ 0.8500 ✘
             63 rows
"""
FAILED = run_result(
    "failed",
    "Trainer failed",
    nodes=(NODES[0], NodeResult("Trainer", "train", "failed", 3, "out of memory")),
    gates=(),
    destinations=(),
    metrics={},
    serving_model=None,
    mobile_model=None,
    error="out of memory\nin models/fitting.py",
    seconds=3,
)


@pytest.mark.parametrize(
    ("result", "text"),
    [(run_result("pushed"), PUSHED_TEXT), (NOT_PUSHED, NOT_PUSHED_TEXT), (FAILED, FAILED_TEXT)],
    ids=["pushed", "not pushed", "failed"],
)
def test_plain_output(result, text):
    out, err = told(result)
    assert out.getvalue() == text
    assert not err.getvalue()


def test_up_to_date():
    text = told(run_result("up_to_date"))[0].getvalue()
    assert "\nVERDICT  UP TO DATE — nothing new to push  [1m 17s]\n" in text
    assert text.endswith(
        "next     python local_runner.py predict --data new.csv --out predictions.csv\n"
        "           python -m serving up --model-dir outputs/serving/taxi\n"
    )


def test_a_part_of_a_run_says_what_was_asked_for_and_how_to_go_on():
    overrides = ("training.max_epochs=2", "label.name=a b")
    asked = Asked("configs/wine.yaml", "my rows/*.csv", 3, True, overrides, "--to Trainer")
    header = RunHeader("taxi", "2026-11-20T23-20-01", "local", "cpu", asked)
    out = io.StringIO()
    console = PlainConsole(PlainWriter(out), lambda: PlainWriter(out))
    console.start(header, [])
    headline = "stopped behind train, as asked: nothing was pushed"
    console.finish(run_result("stopped", headline, gates=(), metrics={}))
    text = out.getvalue()
    assert text.startswith(
        "taxi · run 2026-11-20T23-20-01 · local · cpu · config configs/wine.yaml"
        " · --set training.max_epochs=2 · --set label.name=a b · --to Trainer\n"
    )
    assert f"\nVERDICT  STOPPED — {headline}  [1m 17s]\n" in text
    assert "  (unchanged)\n" in text
    assert text.endswith(
        "next     python local_runner.py run --config configs/wine.yaml"
        " --data 'my rows/*.csv' --span 3"
        " --set training.max_epochs=2 --set 'label.name=a b' --tune  # goes on to the push\n"
    )


FAR = judge("tflite", "float32 difference", 0.02, "max", 1e-5)
SLOW = judge("tflite", "float32 latency ms", 7.1, "max", 5.0, detail="median", binding=False)
REFUSED_MOBILE = "tflite gate: float32 difference 0.020 > 1e-05"
PARTLY = run_result(
    "partly_pushed",
    f"serving: version 1763679601; mobile refused: {REFUSED_MOBILE}",
    gates=(*GATES, SLOW, FAR),
    destinations=(
        Destination("serving", True, 1763679601),
        Destination("mobile", False, None, REFUSED_MOBILE),
    ),
    mobile_model=None,
)
PARTLY_TEXT = f"""{HEAD}
  ✔ ingest    CsvExampleGen  cached   from run 22-58-10 · 15,002 rows
  ✔ train     Trainer        1m 12s   ran: config changed: training.epochs · loss 0.201
  ✔ evaluate  Evaluator        4.1s   auc 0.958
  ✔ push      Pusher           0.2s   version 1763679601

VERDICT  PARTLY PUSHED — {PARTLY.headline}  [1m 17s]
  data     anomalies                0 ≤      0 ✔
  quality  auc                  0.958 ≥  0.930 ✔
           auc change          −0.004 ≥ −0.010 ✔
           auc  hour=1          0.872 ≥  0.850 ✔  worst of 2 passed
  tflite   float32 latency ms   7.100 ≤  5.000 ⚠
             median
           float32 difference   0.020 ≤  1e-05 ✘

             auc   loss
  model    0.958  0.201
  linear   0.951    NaN

  serving  {SERVING}  (new)
  mobile   none yet
  log      {LOG}
  next     python local_runner.py predict --data new.csv --out predictions.csv
           python -m serving up --model-dir outputs/serving/taxi
"""


def test_partly_pushed():
    assert told(PARTLY)[0].getvalue() == PARTLY_TEXT
    assert PARTLY.exit_code == 1


def test_partly_pushed_quietly():
    assert told(PARTLY, quiet=True)[0].getvalue().splitlines() == [
        f"VERDICT  PARTLY PUSHED — {PARTLY.headline}  [1m 17s]",
        "  tflite   float32 difference  0.020 ≤ 1e-05 ✘",
    ]


def test_partly_pushed_as_json():
    raw = json.loads(told(PARTLY, json=True)[0].getvalue())
    assert (raw["verdict"], raw["exit_code"], raw["mobile_model"]) == ("partly_pushed", 1, None)
    told_of_mobile = {"name": "mobile", "pushed": False, "version": None}
    assert raw["destinations"][1] == {**told_of_mobile, "refused": REFUSED_MOBILE}
    assert [(g["metric"], g["passed"], g["binding"]) for g in raw["gates"][-2:]] == [
        ("float32 latency ms", False, False),
        ("float32 difference", False, True),
    ]


@pytest.mark.parametrize(
    ("serving", "mobile", "refused", "commands"),
    [
        (
            SERVING,
            MOBILE,
            {"serving": "", "mobile": ""},
            ["local_runner.py predict", "-m serving up", "-m serving predict"],
        ),
        (
            SERVING,
            MOBILE,
            {"serving": "", "mobile": "tflite gate: x"},
            ["local_runner.py predict", "-m serving up"],
        ),
        (None, MOBILE, {"serving": "serving gate: x", "mobile": ""}, ["-m serving predict"]),
        (SERVING, None, {"serving": ""}, ["local_runner.py predict", "-m serving up"]),
    ],
)
def test_only_what_is_there_can_be_tried(serving, mobile, refused, commands):
    places = [Destination(name, not why, 7, why) for name, why in refused.items()]
    result = run_result(
        "partly_pushed", destinations=places, serving_model=serving, mobile_model=mobile
    )
    text = told(result)[0].getvalue()
    shown = [line.split("python ")[1] for line in text.splitlines() if "python " in line]
    assert [line.partition(" --")[0] for line in shown] == commands


def test_a_version_whose_path_has_a_blank_is_quoted():
    text = told(run_result("pushed", mobile_model="a b/7/model.tflite"))[0].getvalue()
    assert text.endswith(" python -m serving predict --tflite 'a b/7' --data new.csv\n")


def test_a_warning_is_no_reason_to_be_refused():
    result = run_result("not_pushed", gates=(*FAILED_GATES, SLOW))
    quiet = told(result, quiet=True)[0].getvalue()
    assert quiet.startswith("VERDICT  NOT PUSHED — refused by gate: quality  [")
    assert "latency" not in quiet


def test_an_error_that_the_headline_holds_is_not_told_twice():
    headline = "TFLiteExporter: oops; serving: version 7 pushed"
    text = told(run_result("failed", headline, error="TFLiteExporter: oops"))[0].getvalue()
    assert text.count("oops") == 1
    both = run_result("failed", headline, error="TFLiteExporter: oops\nEvaluator: no")
    assert "  error    TFLiteExporter: oops\n           Evaluator: no\n" in told(both)[0].getvalue()


def test_quiet():
    assert told(NOT_PUSHED, quiet=True)[0].getvalue() == QUIET_TEXT
    pushed = told(run_result("pushed"), quiet=True)[0].getvalue()
    assert pushed == "VERDICT  PUSHED — version 1763679601 serves now  [1m 17s]\n"


def test_progress_in_plain_lines_comes_every_ten_seconds():
    out, now = io.StringIO(), [0.0]
    console = PlainConsole(PlainWriter(out), lambda: PlainWriter(out), lambda: now[0])
    console.start(HEADER, [("Trainer", "train")])
    console.node_started("Trainer")
    for now[0] in range(25):
        console.progress({"epoch": now[0], "epochs": 30, "loss": 0.4121, "steps_per_second": 412.0})
    assert out.getvalue().splitlines()[2:] == [
        "    train  Trainer     10s   epoch 10/30  loss 0.412  412 steps/s",
        "    train  Trainer     20s   epoch 20/30  loss 0.412  412 steps/s",
    ]


def test_an_interrupted_node_is_told():
    out = io.StringIO()
    console = PlainConsole(PlainWriter(out), lambda: PlainWriter(out), lambda: 0.0)
    console.start(HEADER, [("Trainer", "train")])
    console.node_started("Trainer")
    with pytest.raises(KeyboardInterrupt), console:
        raise KeyboardInterrupt
    console.close()
    assert out.getvalue().splitlines()[2:] == ["  ✘ train  Trainer    0.0s   stopped"]


def test_nodes_that_were_not_heard_of_are_told_with_the_verdict():
    out = io.StringIO()
    console = make_console(
        stdout=out, stderr=out, quiet=False, verbose=False, json=False, environ={}
    )
    console.start(HEADER, [("Trainer", "train"), ("Evaluator", "evaluate"), ("Pusher", "push")])
    console.finish(run_result("failed", nodes=(NODES[1],)))
    assert [line[:22] for line in out.getvalue().splitlines()[2:5]] == [
        "  ✔ train     Trainer ",
        "  · evaluate  Evaluato",
        "  · push      Pusher  ",
    ]


def test_json():
    out, err = told(NOT_PUSHED, json=True)
    assert out.getvalue().count("\n") == 1
    assert not err.getvalue()
    raw = json.loads(out.getvalue(), parse_constant=pytest.fail)
    assert list(raw) == [
        *("run_id", "verdict", "nodes", "gates", "destinations", "metrics"),
        *("serving_model", "mobile_model", "log", "headline", "error", "seconds", "exit_code"),
        *("trials", "tuned_config", "warnings", "release"),
    ]
    assert list(raw["nodes"][0])[:4] == ["id", "state", "seconds", "reason"]
    assert list(raw["gates"][0])[:6] == [
        *("name", "metric", "slice", "value", "threshold", "passed"),
    ]
    told_of_serving = {"name": "serving", "pushed": False, "version": 1763679601}
    assert raw["destinations"][0] == {**told_of_serving, "refused": ""}
    assert all(gate["binding"] for gate in raw["gates"])
    assert raw["metrics"]["linear/loss"] is None
    assert raw["gates"][-1]["value"] is None
    assert (raw["error"], raw["exit_code"]) == (None, 1)
    assert (raw["warnings"], raw["release"]) == ([], None)


WAITS = {
    "verdict": "pushed",
    "headline": "version 1763679601 waits; stable is 1763600000",
    "release": Release(1763600000),
}
NEXT_OF_WAITING = """\
  next     python local_runner.py predict --data new.csv --out predictions.csv
           python -m serving up --model-dir outputs/serving/taxi
           python -m serving canary 1763679601 --percent 10
           python -m serving promote 1763679601
           python -m serving predict --tflite outputs/mobile/taxi/1763679601 --data new.csv
"""


def test_a_version_that_waits_for_its_release():
    text = told(run_result(**WAITS))[0].getvalue()
    assert "\nVERDICT  PUSHED — version 1763679601 waits; stable is 1763600000  [1m 17s]\n" in text
    assert text.endswith(NEXT_OF_WAITING)


def test_a_model_for_phones_alone_does_not_serve():
    result = run_result("pushed", headline="", destinations=(Destination("mobile", True, 17),))
    assert "PUSHED — mobile version 17 " in told(result)[0].getvalue()


def releasing(text):
    found = [line.split("python -m serving ")[-1] for line in text.splitlines()]
    return [line for line in found if line.partition(" ")[0] in ("canary", "promote", "status")]


@pytest.mark.parametrize(
    ("changes", "commands"),
    [
        ({"release": None}, []),
        ({"release": Release(1763679601)}, []),
        ({}, ["canary 1763679601 --percent 10", "promote 1763679601"]),
        ({"verdict": "up_to_date"}, ["canary 1763679601 --percent 10", "promote 1763679601"]),
        (
            {"release": Release(1763600000, Canary(1763679601, 5.0))},
            ["status", "promote 1763679601"],
        ),
        (
            {"serving_model": "a b/serving/taxi/1763679601"},
            [
                "canary 1763679601 --percent 10 --model-dir 'a b/serving/taxi'",
                "promote 1763679601 --model-dir 'a b/serving/taxi'",
            ],
        ),
        ({"verdict": "not_pushed"}, []),
        ({"verdict": "failed"}, []),
        (
            {
                "verdict": "partly_pushed",
                "destinations": (
                    Destination("serving", False, 1763679601, "serving gate: no answer"),
                    Destination("mobile", True, 1763679601),
                ),
            },
            [],
        ),
        ({"destinations": (Destination("mobile", True, 1763679601),)}, []),
    ],
)
def test_how_to_release_is_told_where_a_version_waits(changes, commands):
    text = told(run_result(**{**WAITS, **changes}))[0].getvalue()
    assert releasing(text) == commands


@pytest.mark.parametrize(("beside", "option"), [("fares", True), ("a file", False)])
def test_the_model_is_named_where_there_are_several(tmp_path, monkeypatch, beside, option):
    monkeypatch.chdir(tmp_path)
    (tmp_path / SERVING).mkdir(parents=True)
    other = tmp_path / "outputs" / "serving" / beside
    other.touch() if beside == "a file" else other.mkdir()
    shown = releasing(told(run_result(**WAITS))[0].getvalue())
    assert len(shown) == 2
    assert all(line.endswith(" --model-dir outputs/serving/taxi") == option for line in shown)


def test_why_a_version_is_not_stable_is_told_in_one_line():
    why = "promotion of version 1763679601: http://a:8501 cannot load it; see its log"
    result = run_result(**WAITS, release_problem=why, warnings=("another",))
    text = told(result)[0].getvalue()
    assert f"\n  warning  another\n           {why}\n" in text
    raw = json.loads(told(result, json=True)[0].getvalue())
    assert raw["warnings"] == ["another", why]
    assert raw["release"] == {"stable": 1763600000, "canary": None}


def test_json_of_a_canary():
    result = run_result("up_to_date", release=Release(17, Canary(18, 2.5)))
    raw = json.loads(told(result, json=True)[0].getvalue())
    assert raw["release"] == {"stable": 17, "canary": {"version": 18, "percent": 2.5}}


def test_json_of_numpy_numbers():
    numpy = pytest.importorskip("numpy")
    metrics = {"a": numpy.float32("nan"), "b": numpy.float32(0.5), "c": numpy.int64(3)}
    out, _ = told(run_result("pushed", metrics=metrics), json=True)
    assert json.loads(out.getvalue())["metrics"] == {"a": None, "b": 0.5, "c": 3}


ERROR = ConfigError('unknown key "trainig"', "one of: data, training", 'did you mean "training"?')
ERROR_TEXT = """\
error: unknown key "trainig"
  expected: one of: data, training
  fix: did you mean "training"?
"""


@pytest.mark.parametrize("quiet", [True, False])
def test_error(quiet):
    out, err = io.StringIO(), io.StringIO()
    with make_console(
        stdout=out, stderr=err, quiet=quiet, verbose=False, json=False, environ={}
    ) as console:
        console.error(ERROR)
    assert (out.getvalue(), err.getvalue()) == ("", ERROR_TEXT)


def test_error_as_json():
    out, err = io.StringIO(), io.StringIO()
    with make_console(
        stdout=out, stderr=err, quiet=False, verbose=False, json=True, environ={}
    ) as console:
        console.error(ERROR)
    assert err.getvalue() == ERROR_TEXT
    assert json.loads(out.getvalue()) == {
        **dict.fromkeys(("run_id", "serving_model", "mobile_model", "release", "log")),
        **{key: [] for key in ("nodes", "gates", "destinations")},
        "verdict": "failed",
        "metrics": {},
        "error": {"what": ERROR.what, "expected": ERROR.expected, "fix": ERROR.fix},
    }


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "cp437"])
def test_an_encoding_without_the_glyphs_gets_ascii(encoding):
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, newline="\n")
    refused = run_result("not_pushed", "über\udce4 Ω", nodes=REFUSED, gates=FAILED_GATES)
    told(refused, stream)
    text = raw.getvalue().decode(encoding)
    assert "\n  ok train     Trainer        1m 12s   ran: config changed:" in text
    assert "\n  x  evaluate  Evaluator        4.1s   auc too low\n" in text
    assert "\n           auc change   -0.004 >= -0.010 ok\n" in text
    assert "\nVERDICT  NOT PUSHED - " in text
    assert "ber? " in text


def test_control_characters_in_data_do_not_reach_the_terminal():
    nodes = (NodeResult("Trainer", "train", "failed", 1, "bad\x1b[31m\nvalue"),)
    text = told(run_result("failed", "a\tb\x07", nodes=nodes))[0].getvalue()
    assert "failed: bad?[31m value\n" in text
    assert "FAILED — a b?" in text


def test_importing_the_console_is_light():
    heavy = "{'tensorflow', 'tfx', 'pandas', 'numpy', 'rich'}"
    code = f"import sys, orchestration.local.console; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


@pytest.mark.parametrize(
    ("config", "log", "options"),
    [
        ("configs/taxi.yaml", "outputs/runs/1/run.log", ""),
        ("", "outputs/runs/1/run.log", ""),
        ("configs/wine.yaml", "outputs/runs/1/run.log", " --config configs/wine.yaml"),
        ("configs/taxi.yaml", "/data/out/runs/1/run.log", " --output-dir /data/out"),
        ("a b.yaml", "c d/runs/1/run.log", " --config 'a b.yaml' --output-dir 'c d'"),
    ],
)
def test_next_command_leads_to_the_model_that_was_pushed(config, log, options):
    result = RunResult("1", "pushed", "", (), (), (), {}, "a b/7", None, log)
    predict, serve = (line.text for line in verdict_lines(result, UNICODE, Asked(config))[-2:])
    assert predict.endswith(
        f"local_runner.py predict{options} --data new.csv --out predictions.csv"
    )
    assert serve.endswith(" python -m serving up --model-dir 'a b'")


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("gs://bucket/serving/taxi/7", "gs://bucket/serving/taxi/7"),
        (str(Path.cwd() / "a b" / "7"), "a b/7"),
        ("/elsewhere/7", "/elsewhere/7"),
    ],
)
def test_places_are_shown_as_a_user_would_type_them(path, shown):
    result = RunResult("1", "pushed", "", (), (), (), {}, path, None, "")
    lines = [line.text for line in verdict_lines(result, UNICODE)]
    assert f"  serving  {shown}" in lines
    assert "  log" in lines  # which it has none of
