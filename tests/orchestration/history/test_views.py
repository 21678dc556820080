"""What `runs`, `show`, `diff` and `explain` print, held against whole outputs."""

import dataclasses
import io
import json
import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from components.verdict import judge
from orchestration.local.arguments import DEFAULT_CONFIG
from orchestration.local.history import commands
from orchestration.local.history.comparing import difference
from orchestration.local.started import Started
from orchestration.results import Destination, NodeResult
from usecase.paths import PROJECT_ROOT

BEFORE, AFTER, THIRD = "2026-01-02T03-04-05", "2026-01-03T00-00-00", "2026-01-04T00-00-00"
CONFIG = {
    "name": "taxi",
    "task": "binary",
    "training": {"learning_rate": 0.001, "seed": 42},
    "features": {"fare": {"role": "numeric"}},
    "evaluation": {"metrics": None},
    "mobile": {"enabled": True},
}
DATA = {"/data/rows/a.csv": "1", "/data/rows/b.csv": "2", "/data/rows/c.csv": "3"}
ROWS = [judge("data", "rows", n, "min", 1, slice_name=f"split={s}") for s, n in
        (("train", 800), ("eval", 100), ("test", 1000))]  # fmt: skip


def gates(auc, label_share=0.2):
    return (
        *ROWS,
        judge("data", "label_share", label_share, "min", 0.01),
        judge("quality", "auc", auc, "min", 0.9),
        judge("quality", "loss", 0.2, "max", 0.3),
    )


@pytest.fixture
def root(tmp_path, make_record, make_ingredients, monkeypatch):
    """An output folder with three runs: one that pushed, one that was refused, one cut off."""
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "outputs"
    first = make_record(BEFORE, gates=gates(0.95), metrics={"auc": 0.95, "loss": 0.2})
    second = make_record(
        AFTER,
        "not_pushed",
        gates=gates(0.8),
        metrics={"auc": 0.8, "loss": 0.19},
        nodes=(
            NodeResult("CsvExampleGen", "ingest", "ran", 1.5, "data changed", "rows"),
            NodeResult("Trainer", "train", "ran", 60.0, "data changed", "best epoch 3 of 7"),
            NodeResult("Evaluator", "evaluate", "ran", 2, "input changed: model", refused=True),
            NodeResult("ServingGate", "serving gate", "skipped", 0, "left out"),
            NodeResult("Pusher", "push", "skipped", 0.0, "a gate before it refused"),
        ),
        destinations=(Destination("serving", False, 7, "quality gate: auc 0.800 < 0.900"),),
        seconds=64.0,
    )
    config = json.loads(json.dumps(CONFIG))
    config["training"]["learning_rate"] = 0.01
    config["mobile"]["enabled"] = False
    config["features"]["tip % of fare"] = {"role": "numeric"}
    first = dataclasses.replace(first, config=CONFIG, data=DATA)
    other = make_ingredients(
        code={"models/trainer.py": "9", "models/network.py": "2", "models/new.py": "3"}, lock="5"
    )
    second = dataclasses.replace(
        second,
        config=config,
        data={"/data/rows/a.csv": "1", "/data/rows/b.csv": "9", "/data/rows/d.csv": "4"},
        ingredients={"Trainer": other},
        overrides=["training.learning_rate=0.01"],
    )
    for record in (first, second):
        folder = root / "runs" / record.result.run_id
        folder.mkdir(parents=True)
        Started("taxi", "my.yaml", "", 2**40, "key").write(folder)
        result = dataclasses.replace(record.result, log=str(folder / "run.log"))
        dataclasses.replace(record, result=result).write(folder)
    (root / "runs" / THIRD).mkdir()
    Started("taxi", "my.yaml", "", 2**40, "key").write(root / "runs" / THIRD)
    return root


def ask(command, root, **options):
    out = io.StringIO()
    place = options.pop("output_dir", "outputs")
    given = {"output_dir": Path(place).absolute(), "json": False, "row": None, **options}
    assert getattr(commands, command)(SimpleNamespace(**given), out) == 0
    return out.getvalue()


def lines(text):
    return text.strip("\n").splitlines()


SET = " --set training.learning_rate=0.01"

RUNS = f"""
  run                  use case  verdict      metric     version    time  why
  {THIRD}  taxi      INTERRUPTED                              see run.log
  {AFTER}  taxi      NOT PUSHED   auc 0.800           1m 04s  quality gate refused: auc 0.8 < 0.9
  {BEFORE}  taxi      PUSHED       auc 0.950        7  1m 18s  version 7 serves now
"""


def test_runs(root):
    assert lines(ask("runs", root)) == lines(RUNS)


def test_runs_as_json(root):
    third, second, first = json.loads(ask("runs", root, json=True))["runs"]
    assert (third["state"], third["metric"], third["use_case"]) == ("interrupted", None, "taxi")
    assert second["metric"] == {"name": "auc", "value": 0.8}
    assert (first["run_id"], first["version"], first["seconds"]) == (BEFORE, 7, 77.5)


def test_other_folders_are_counted(root):
    for name in ("2026-01-05T00-00-00", "2026-01-06T00-00-00"):
        (root / "runs" / name).mkdir()
    assert lines(ask("runs", root))[-2:] == [
        "",
        "  2 other folders without a record: batch predictions, or runs of an older version",
    ]


def test_no_runs(root):
    assert ask("runs", root, output_dir="elsewhere") == "  no runs in elsewhere\n"


SHOW = f"""
taxi · run {AFTER} · config my.yaml · --set training.learning_rate=0.01

  ✔ ingest        CsvExampleGen    1.5s   ran: data changed · rows
  ✔ train         Trainer        1m 00s   ran: data changed · best epoch 3 of 7
  ✘ evaluate      Evaluator        2.0s   input changed: model
  - serving gate  ServingGate   skipped   left out
  - push          Pusher        skipped   a gate before it refused

VERDICT  NOT PUSHED — quality gate refused: auc 0.8 < 0.9  [1m 04s]
  data     label_share       0.200 ≥ 0.010 ✔
           rows  split=eval    100 ≥     1 ✔  worst of 3 passed
  quality  auc               0.800 ≥ 0.900 ✘
           loss              0.200 ≤ 0.300 ✔

             auc   loss
  model    0.800  0.190

  serving  serving/7  (unchanged)
  log      outputs/runs/{AFTER}/run.log
  next     less outputs/runs/{AFTER}/run.log
           python local_runner.py run --config my.yaml{SET}  # when mended

MADE OF
  data   /data/rows/a.csv       1
         /data/rows/b.csv       9
         /data/rows/d.csv       4
  files  /project/schema.pbtxt  3
  code   3 files                8aa64a9ffdd654a3
  lock                          5
"""


def test_show(root):
    assert lines(ask("show", root, run_id="last")) == lines(SHOW)


def test_show_as_json(root):
    found = json.loads(ask("show", root, run_id=AFTER, json=True))
    assert (found["run_id"], found["verdict"], found["use_case"]) == (AFTER, "not_pushed", "taxi")
    assert found["nodes"][1]["id"] == "Trainer"
    assert found["made_of"]["config"]["training"]["learning_rate"] == 0.01
    assert found["made_of"]["files"] == {"/project/schema.pbtxt": "3"}
    assert found["made_of"]["lock"] == "5"


DIFF = f"""
taxi · run {BEFORE} → {AFTER}

  verdict     PUSHED      version 7 serves now
           →  NOT PUSHED  quality gate refused: auc 0.8 < 0.9
  config   features.tip % of fare.role  -      →  numeric
           mobile.enabled               true   →  false
           training.learning_rate       0.001  →  0.01
  data     changed  b.csv
           gone     c.csv
           added    d.csv
  files    the same
  code     added    models/new.py
           changed  models/trainer.py
  lock     changed
  metrics  auc   0.950  →  0.800  −0.150  worse
           loss  0.200  →  0.190  −0.010  better
  gates    quality: auc  0.800 ≥ 0.900  holds no more
  time     Trainer        1m 12s  →  1m 00s  −12.0s
           Pusher           0.2s  →       -
           CsvExampleGen       -  →    1.5s
           Evaluator           -  →    2.0s
           in all         1m 18s  →  1m 04s  −13.5s
"""


def test_diff(root):
    assert lines(ask("diff", root, before=BEFORE, after="last")) == lines(DIFF)


def test_diff_of_a_run_with_itself(root):
    text = ask("diff", root, before=BEFORE, after=BEFORE)
    for part in ("config", "data", "files", "code", "lock", "gates"):
        assert f"  {part:7}  the same\n" in text
    assert "auc   0.950  →  0.950  0  same" in text


def test_diff_as_json(root):
    found = json.loads(ask("diff", root, before=BEFORE, after=AFTER, json=True))
    assert found["config"][2] == {
        "name": "training.learning_rate",
        "before": "0.001",
        "after": "0.01",
    }
    assert [one["name"] for one in found["data"]] == [f"/data/rows/{x}.csv" for x in "bcd"]
    assert found["metrics"][0]["judgement"] == "worse"
    assert (found["conditions"][0]["metric"], found["conditions"][0]["held"]) == ("auc", True)
    assert found["lock"] == {"name": "lock", "before": "4", "after": "5"}


def test_records_of_before_say_that_they_do_not_know(root, make_record):
    make_record(BEFORE).write(root / "runs" / BEFORE)
    text = ask("diff", root, before=BEFORE, after=AFTER)
    assert f"  config   not in the record of {BEFORE}\n" in text
    assert f"  data     not in the record of {BEFORE}\n" in text


def test_own_functions_outside_of_the_project_change_as_well(root, make_record, make_ingredients):
    """Code of the project has relative paths, other code absolute ones."""
    for run_id, digest in ((BEFORE, "1"), (AFTER, "2")):
        code = dict.fromkeys(("models/trainer.py", "/home/me/mine.py"), digest)
        record = dataclasses.replace(
            make_record(run_id), ingredients={"Trainer": make_ingredients(code=code)}
        )
        record.write(root / "runs" / run_id)
    text = ask("diff", root, before=BEFORE, after=AFTER)
    assert "  code     changed  /home/me/mine.py\n           changed  models/trainer.py\n" in text


def test_rows_that_changed(make_record):
    fewer = [judge("data", "rows", 700, "min", 1, slice_name="split=train"), *ROWS[1:]]
    found = difference(make_record("1", gates=tuple(ROWS)), make_record("2", gates=tuple(fewer)))
    assert found.rows[0][:3] == ("train", 800, 700)


@pytest.mark.parametrize(
    ("name", "before", "after", "judgement"),
    [
        ("auc", 0.8, 0.9, "better"),
        ("auc", 0.9, 0.8, "worse"),
        ("loss", 0.8, 0.9, "worse"),
        ("linear/loss", 0.9, 0.8, "better"),
        ("auc", 0.9, 0.9, "same"),
        ("loss", 0.237351441, 0.237351437, "same"),
        ("loss", 0.2373514, 0.2373518, "worse"),
        ("calibration", 0.9, 1.0, ""),
        ("serving/rows", 0.9, 1.0, ""),
        ("auc", 0.9, float("nan"), ""),
        ("auc", 0.9, None, ""),
    ],
)
def test_which_way_is_better(make_record, name, before, after, judgement):
    runs = [
        make_record(str(k), metrics={} if value is None else {name: value})
        for k, value in enumerate((before, after))
    ]
    (one,) = difference(*runs).metrics
    assert one.judgement == judgement


EXPLAIN = f"""
taxi · run {AFTER} · config my.yaml · --set training.learning_rate=0.01

VERDICT  NOT PUSHED — quality gate refused: auc 0.8 < 0.9  [1m 04s]
  serving  not pushed: quality gate: auc 0.800 < 0.900

GATES
  data     passed       nearest of 4: label_share 0.200 ≥ 0.010, 0.190 to spare
  quality  refused      auc 0.800 < 0.900, short by 0.100
  serving  not reached  left out

NODES
  CsvExampleGen  ran      data changed
  Trainer        ran      data changed
  Evaluator      ran      input changed: model
  ServingGate    skipped  left out
  Pusher         skipped  a gate before it refused

NEXT
  python local_runner.py diff {BEFORE} {AFTER}
      what is not as in the run that pushed last
  python local_runner.py run --config my.yaml{SET} --tune
      a search for better values
"""


def test_explain(root):
    assert lines(ask("explain", root, run_id="last")) == lines(EXPLAIN)


def test_a_run_that_pushed_to_phones_alone_is_not_compared_with(root, make_record):
    places = (Destination("mobile", True, 8),)
    between = "2026-01-02T23-00-00"
    (root / "runs" / between).mkdir()
    make_record(between, destinations=places).write(root / "runs" / between)
    assert f"local_runner.py diff {BEFORE} {AFTER}\n" in ask("explain", root, run_id=AFTER)


def test_explain_as_json(root):
    found = json.loads(ask("explain", root, run_id="last", json=True))
    data, quality = found["gates"]
    assert (data["passed"], quality["passed"]) == (True, False)
    assert quality["deciding"][0]["margin"] == pytest.approx(-0.1)
    assert found["not_reached"] == [{"name": "serving", "reason": "left out"}]
    assert found["nodes"][1] == {"id": "Trainer", "state": "ran", "reason": "data changed"}
    assert found["next"][0]["command"] == f"python local_runner.py diff {BEFORE} {AFTER}"


def test_a_run_that_pushed_needs_no_advice(root):
    text = ask("explain", root, run_id=BEFORE)
    assert "NEXT" not in text
    assert "  serving  version 7 pushed\n" in text


@pytest.mark.parametrize(
    ("changes", "commands"),
    [
        (
            {"gates": (judge("data", "anomalies", 2, "max", 0, detail="fare: too large"),)},
            ("schema diff --config my.yaml", "less "),
        ),
        ({"gates": (judge("data", "rows", 1, "min", 100),)}, ("less ",)),
        ({"gates": (judge("serving", "grpc difference", 1.0, "max", 1e-5),)}, ("tail -n 40 ",)),
        ({"gates": (judge("tflite", "int8 faults", 1.0, "max", 0),)}, ("show ", "less ")),
        ({"verdict": "failed", "gates": ()}, ("tail -n 40 ", "run --config my.yaml")),
    ],
)
def test_what_to_look_at(root, make_record, changes, commands):
    verdict = changes.pop("verdict", "not_pushed")
    make_record(THIRD, verdict, **changes).write(root / "runs" / THIRD)
    text = ask("explain", root, run_id=THIRD)
    next_ = [line.strip() for line in text.partition("NEXT\n")[2].splitlines()[::2]]
    assert len(next_) == len(commands)
    for line, command in zip(next_, commands, strict=True):
        assert line.removeprefix("python local_runner.py ").startswith(command)


@pytest.mark.parametrize(
    ("selection", "again"),
    [("--from Trainer", " --from Trainer"), ("--only Trainer", "")],
    ids=["what runs all that is stale", "what would not see the mended rows"],
)
def test_a_failed_run_is_made_again_by_the_same_command(root, make_record, selection, again):
    record = make_record(THIRD, "failed", gates=())
    part = dataclasses.replace(record, overrides=["a.b=[1, 2]"], selection=selection)
    part.write(root / "runs" / THIRD)
    command = f"python local_runner.py run --config my.yaml --set 'a.b=[1, 2]'{again}"
    assert f"  {command}\n" in ask("explain", root, run_id=THIRD)


def test_what_a_run_was_started_with_is_in_what_is_to_be_typed_next(root, make_record):
    log = str(root / "runs" / THIRD / "run.log")
    make_record(THIRD, "not_pushed", gates=gates(0.8), log=log).write(root / "runs" / THIRD)
    record = Started("taxi", "my.yaml", "", 2**40, "key", data="a b/*.csv", span=4, tune=True)
    record.write(root / "runs" / THIRD)
    command = "python local_runner.py run --config my.yaml --data 'a b/*.csv' --span 4 --tune"
    assert f"  {command}  # when mended\n" in ask("show", root, run_id=THIRD)
    assert f"  {command}\n" in ask("explain", root, run_id=THIRD)


REFUSED_ROWS = [judge("data", "anomalies", 2, "max", 0)]


@pytest.fixture
def unknown(root, make_record):
    """Returns a function that leaves a run whose configuration nothing tells."""

    def leave(verdict, gates, use_case):
        (root / "runs" / THIRD / "started.json").unlink(missing_ok=True)
        log = str(root / "runs" / THIRD / "run.log")
        record = make_record(THIRD, verdict, gates=gates, log=log, use_case=use_case)
        record.write(root / "runs" / THIRD)

    return leave


@pytest.fixture
def default(tmp_path):
    """A current folder whose default configuration is that of the use case taxi."""
    (tmp_path / "configs").mkdir()
    shutil.copy(PROJECT_ROOT / DEFAULT_CONFIG, tmp_path / DEFAULT_CONFIG)


CASES = [("not_pushed", gates(0.8)), ("not_pushed", REFUSED_ROWS), ("failed", ()), ("stopped", ())]


@pytest.mark.usefixtures("default")
@pytest.mark.parametrize(("verdict", "refusing"), CASES)
@pytest.mark.parametrize(("use_case", "is_told"), [("taxi", True), ("wine", False)])
def test_no_command_runs_another_use_case(root, unknown, verdict, refusing, use_case, is_told):
    unknown(verdict, refusing, use_case)
    text = ask("show", root, run_id=THIRD) + ask("explain", root, run_id=THIRD)
    assert bool(re.search(r"local_runner\.py (run|schema|predict)\b", text)) == is_told


@pytest.mark.parametrize(("verdict", "refusing"), CASES)
def test_where_there_is_no_default_none_is_run(root, unknown, verdict, refusing):
    unknown(verdict, refusing, "taxi")
    text = ask("show", root, run_id=THIRD) + ask("explain", root, run_id=THIRD)
    assert not re.search(r"local_runner\.py (run|schema|predict)\b", text)
    assert f"runs/{THIRD}/run.log" in text


def test_the_rows_of_a_run_are_those_that_the_schema_is_held_against(root, make_record):
    refused = [judge("data", "anomalies", 2, "max", 0)]
    make_record(THIRD, "not_pushed", gates=refused).write(root / "runs" / THIRD)
    record = Started("taxi", "my.yaml", "", 2**40, "key", data="a b/*.csv")
    record.write(root / "runs" / THIRD)
    command = "python local_runner.py schema diff --config my.yaml --data 'a b/*.csv'"
    assert f"  {command}\n" in ask("explain", root, run_id=THIRD)


def test_output_that_is_not_the_default_is_named(root, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    root.rename(tmp_path / "else where")
    text = ask("explain", root, run_id=AFTER, output_dir="else where")
    assert f"diff {BEFORE} {AFTER} --output-dir 'else where'" in text
