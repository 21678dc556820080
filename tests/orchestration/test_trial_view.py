"""The trials of a search, as the console, the log, `--json` and the record tell them."""

import dataclasses
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.trials import Trial, write_trials
from orchestration.local.consoles import make_console
from orchestration.local.execute import Execution
from orchestration.local.facts import fact
from orchestration.local.node_view import progress_text
from orchestration.local.text import ASCII, UNICODE, cells
from orchestration.local.trial_view import TABLE_WIDTH, trial_lines
from orchestration.local.verdict_view import quiet_lines, verdict_lines
from orchestration.results import RunResult


def trial(number, loss, epochs=8, gain=None, **values):
    given = {
        "training.learning_rate": 0.0032178,
        "network.hidden_units": [256, 128],
        "network.dropout": 0.211,
        **values,
    }
    return Trial(number, given, loss, 4 if loss else 0, epochs if loss else 0, 9.5, gain=gain)


OWN = trial(1, 0.194323, **{"network.hidden_units": [], "training.learning_rate": 0.001})
TRIALS = (
    trial(3, 0.188769, gain=2.13),
    trial(12, 0.19, 10, 1.9, **{"network.dropout": 1e-06}),
    OWN,
    trial(2, None),
)


def texts(trials, **options):
    return [line.text for line in trial_lines(trials, UNICODE, **options)]


def test_the_table():
    assert texts(TRIALS) == [
        "",
        "              eval   gain          learning   hidden",
        "  trial       loss  in SE  epochs      rate    units  dropout",
        "  3         0.1888   +2.1       8  0.003218  256,128    0.211",
        "  12        0.1900   +1.9      10  0.003218  256,128    1e-06",
        "  1 config  0.1943              8     0.001     none    0.211",
        "  2         failed                 0.003218  256,128    0.211",
    ]


def test_the_table_lines_up_with_what_stands_around_it():
    assert (
        texts(TRIALS, label_width=10)[3]
        == "  3           0.1888   +2.1       8  0.003218  256,128    0.211"
    )


def test_no_search_no_table():
    assert trial_lines((), UNICODE) == []


def test_of_many_trials_the_best_are_shown_and_the_own():
    trials = [*(trial(k, k / 100) for k in range(2, 21)), OWN]
    lines = texts(trials)
    assert [line.split()[0] for line in lines[3:-1]] == [*map(str, range(2, 11)), "1"]
    assert lines[-1].strip() == "and 10 more, in the log"
    assert len(texts(trials, most=len(trials))) == 3 + 20


def test_ten_trials_are_shown_whole():
    trials = [OWN, *(trial(k, 0.2 + k / 100) for k in range(2, 11))]
    lines = texts(trials)
    assert [line.split()[0] for line in lines[3:]] == [*map(str, range(1, 11))]


NAMES = [
    "network.hidden_units",
    "network.activation",
    "network.embedding_size",
    "network.dropout",
    "network.l2",
    "training.batch_size",
    "training.learning_rate",
    "training.early_stopping_patience",
    "training.reduce_lr_patience",
    "training.class_weights",
]
VALUES = st.one_of(
    st.floats(1e-9, 1e9), st.integers(1, 10**9), st.lists(st.integers(1, 9999), max_size=4)
)


@given(st.dictionaries(st.sampled_from(NAMES), VALUES, min_size=1), st.sampled_from([8, 14]))
def test_no_line_is_wider_than_a_terminal(values, label_width):
    trials = (Trial(1, values, 0.5, 1, 30, 1.0), Trial(1000, values, None, 0, 0, 1.0))
    for glyphs in (UNICODE, ASCII):
        lines = trial_lines(trials, glyphs, label_width)
        assert max(cells(line.text) for line in lines) <= TABLE_WIDTH
        whole = "\n".join(line.text for line in lines)
        for value in values.values():
            shown = ",".join(map(str, value)) if isinstance(value, list) else f"{value:.4g}"
            assert (shown if not isinstance(value, int) else str(value)) in whole


def execution(folder, trials):
    write_trials(trials, folder)
    return Execution("Tuner", "ran", outputs={"tuner_results": [str(folder)]})


@pytest.mark.parametrize(
    ("trials", "text"),
    [
        (
            TRIALS,
            "4 trials, 1 failed · best eval loss 0.1888, 0.0056 below the config's own",
        ),
        (
            (OWN, trial(2, 0.15, gain=1.99)),
            "2 trials · none clearly below the config's own eval loss 0.1943",
        ),
        ((OWN,), "1 trial · none clearly below the config's own eval loss 0.1943"),
        ((trial(1, None), trial(2, 0.2)), "2 trials, 1 failed · best eval loss 0.2000"),
    ],
)
def test_the_fact_of_the_tuner(tmp_path, trials, text):
    assert fact(execution(tmp_path, trials)) == text


@pytest.mark.parametrize(
    ("room", "text"),
    [
        (None, "trial 3/10  epoch 4/30  loss 0.195  120 steps/s"),
        (37, "trial 3/10  epoch 4/30  loss 0.195"),
        (30, "trial 3/10  epoch 4/30"),
    ],
)
def test_progress_says_which_trial_it_is(room, text):
    progress = {
        "trial": 3,
        "trials": 10,
        "epoch": 4,
        "epochs": 30,
        "step": 2,
        "steps": 9,
        "loss": 0.1951,
        "steps_per_second": 120.3,
    }
    assert progress_text(progress, room) == text


@pytest.fixture
def result(make_record):
    return make_record(
        "2026-11-21T05-03-56", trials=TRIALS, tuned_config="configs/taxi.tuned.yaml"
    ).result


def told(result, **options):
    out = io.StringIO()
    given = {"quiet": False, "verbose": False, "json": False, **options}
    with make_console(stdout=out, stderr=io.StringIO(), environ={}, **given) as console:
        console.finish(result)
    return out.getvalue()


def test_the_verdict_shows_the_table_and_the_file(result):
    shown = told(result)
    assert "\n".join(texts(TRIALS)) in shown
    assert "\n  tuned    configs/taxi.tuned.yaml\n" in shown
    assert shown.index("model ") < shown.index("1 config") < shown.index("  serving")


def test_a_file_that_was_not_written_is_a_warning(result):
    warned = dataclasses.replace(result, tuned_config=None, warnings=("no space left",))
    lines = told(warned)
    assert "\n  warning  no space left\n" in lines
    assert "  tuned  " not in lines
    assert "warning" not in told(result)


def test_a_run_without_a_search_says_nothing_of_one(result):
    plain = dataclasses.replace(result, trials=(), tuned_config=None)
    assert "trial" not in told(plain)
    assert "tuned" not in told(plain)


def test_quiet_says_the_verdict_alone(result):
    assert [line.text for line in quiet_lines(result, UNICODE)] == told(
        result, quiet=True
    ).splitlines()
    assert "trial" not in told(result, quiet=True)


def test_a_path_below_the_current_folder_is_shown_as_one_would_type_it(
    result, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    there = dataclasses.replace(result, tuned_config=str(tmp_path / "configs" / "t.tuned.yaml"))
    lines = [line.text for line in verdict_lines(there, UNICODE)]
    assert "  tuned    configs/t.tuned.yaml" in lines


def test_json_has_every_trial(result):
    raw = json.loads(told(result, json=True))
    assert raw["trials"] == [dataclasses.asdict(trial) for trial in TRIALS]
    assert raw["trials"][0]["values"]["network.hidden_units"] == [256, 128]
    assert raw["tuned_config"] == "configs/taxi.tuned.yaml"
    assert raw["warnings"] == []
    plain = json.loads(told(dataclasses.replace(result, trials=(), tuned_config=None), json=True))
    assert (plain["trials"], plain["tuned_config"]) == ([], None)


def test_a_record_comes_back_whole(result):
    told_before = dataclasses.replace(result, warnings=("one",))
    assert RunResult.from_json(json.loads(json.dumps(told_before.to_json()))) == told_before


def test_a_record_from_before_there_was_a_tuner_can_be_read(result):
    raw = json.loads(json.dumps(result.to_json()))
    for key in ("trials", "tuned_config", "warnings"):
        del raw[key]
    old = RunResult.from_json(raw)
    assert old == dataclasses.replace(result, trials=(), tuned_config=None)
