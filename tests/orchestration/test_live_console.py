"""What a person sees on a terminal while a run goes on."""

import io
import re
import time

import pytest

from components.verdict import judge
from orchestration.local.asked import Asked
from orchestration.local.consoles import make_console
from orchestration.local.live_console import LiveConsole, TerminalWriter
from orchestration.local.node_view import RunHeader
from orchestration.results import NodeResult, RunResult
from usecase.errors import ConfigError

HEADER = RunHeader("taxi", "2026-11-20T23-20-01", "local", "cpu", Asked("configs/taxi.yaml"))
NODES = [("CsvExampleGen", "ingest"), ("Trainer", "train"), ("Evaluator", "evaluate")]
REASON = "config changed: training.learning_rate, training.batch_size"
RESULTS = (
    NodeResult("CsvExampleGen", "ingest", "cached", 0, "from run 22-58-10", "15,002 rows"),
    NodeResult("Trainer", "train", "ran", 72, REASON, "loss 0.201"),
    NodeResult("Evaluator", "evaluate", "ran", 4.1, "first run", "auc 0.958"),
)
DETAIL = " ".join(["the model has two inputs and the server expected one"] * 3)
GATES = (judge("serving", "answers", 0, "min", 1, detail=DETAIL),)
LOG = "outputs/" + "deep/" * 20 + "run.log"
RESULT = RunResult(
    *(HEADER.run_id, "not_pushed", "the serving gate said no", RESULTS, GATES, ()),
    *({"auc": 0.958}, None, None, LOG),
)
COLOUR = re.compile(r"\x1b\[[\d;]*m")


class Terminal(io.StringIO):
    """A terminal as far as the console uses one."""

    def isatty(self):
        return True

    def screen(self):
        """Returns the lines that a person would see, styles aside."""
        lines, row, column = [""], 0, 0
        pieces = re.findall(r"\x1b\[([?\d;]*)([A-Za-z])|([^\x1b])", self.getvalue())
        for code, sign, text in pieces:
            if sign == "A":
                row -= int(code)
            elif sign == "K":
                lines[row] = ""
            elif text == "\r":
                column = 0
            elif text == "\n":
                row, column = row + 1, 0
                lines += [""] * (row + 1 - len(lines))
            elif text:
                lines[row] = lines[row][:column].ljust(column) + text + lines[row][column + 1 :]
                column += 1
        return "\n".join(line.rstrip() for line in lines).rstrip().split("\n")

    def cursor_is_shown(self):
        return self.getvalue().rfind("\x1b[?25h") >= self.getvalue().rfind("\x1b[?25l")


def console_on(terminal, **environ):
    environ = {"TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24", **environ}
    return make_console(
        stdout=terminal, stderr=terminal, quiet=False, verbose=False, json=False, environ=environ
    )


def play(console, seconds=0.0):
    with console:
        console.start(HEADER, NODES)
        for result in RESULTS:
            console.node_started(result.id)
            console.progress({"epoch": 1, "epochs": 8, "loss": 0.4})
            time.sleep(seconds)
            console.node_finished(result)
        console.finish(RESULT)


def test_the_final_screen_holds_one_line_per_node():
    terminal = Terminal()
    play(console_on(terminal), seconds=0.25)
    assert terminal.screen()[:7] == [
        "taxi · run 2026-11-20T23-20-01 · local · cpu · config configs/taxi.yaml",
        "",
        "  ✔ ingest    CsvExampleGen  cached   from run 22-58-10 · 15,002 rows",
        "  ✔ train     Trainer        1m 12s   ran: config changed: trainin… · loss 0.201",
        "  ✔ evaluate  Evaluator        4.1s   auc 0.958",
        "",
        "VERDICT  NOT PUSHED — the serving gate said no  [0s]",
    ]
    assert terminal.getvalue().count("epoch 1/8") > len(NODES)
    assert COLOUR.search(terminal.getvalue())
    assert terminal.cursor_is_shown()


def test_prose_is_wrapped_between_words_and_paths_stay_whole():
    terminal = Terminal()
    play(console_on(terminal))
    lines = terminal.screen()
    details = [
        line for line in lines if line.startswith(" " * 13 + "the model") or "server" in line
    ]
    assert len(details) == 3
    assert all(len(line) <= 80 for line in details)
    assert f"  log      {LOG}" in lines
    assert f"  next     less {LOG}" in lines


@pytest.mark.parametrize("columns", [20, 40, 60])
def test_node_lines_are_cut_to_a_narrow_terminal(columns):
    terminal = Terminal()
    play(console_on(terminal, COLUMNS=str(columns)))
    nodes = [line for line in terminal.screen() if line.startswith("  ✔")]
    assert [line[4:10].strip() for line in nodes] == ["ingest", "train", "evalua"]
    assert all(len(line) <= columns for line in nodes)
    assert nodes[1].endswith("…")


@pytest.mark.parametrize(("rows", "seen"), [("24", True), ("3", False)])
def test_nodes_to_come_are_shown_where_there_is_room(rows, seen):
    terminal = Terminal()
    with console_on(terminal, LINES=rows) as console:
        console.start(HEADER, NODES)
        console.node_started("CsvExampleGen")
        time.sleep(0.25)
        lines = terminal.screen()
    assert ("  · train     Trainer" in lines) is seen
    assert any(re.match(r"  [⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] ingest    CsvExampleGen      0s$", line) for line in lines)


def test_an_interrupt_gives_the_terminal_back():
    terminal = Terminal()
    console = console_on(terminal)
    console.start(HEADER, NODES)
    console.node_started("CsvExampleGen")
    assert not terminal.cursor_is_shown()
    with pytest.raises(KeyboardInterrupt), console:
        raise KeyboardInterrupt
    console.close()
    assert terminal.cursor_is_shown()
    assert terminal.screen()[2:] == ["  ✘ ingest    CsvExampleGen    0.0s   stopped"]


def test_an_error_while_nodes_run_stands_below_them():
    terminal = Terminal()
    with console_on(terminal) as console:
        console.start(HEADER, NODES)
        console.error(ConfigError("no such file", fix="mend the path"))
    assert terminal.screen()[2:] == ["error: no such file", "  fix: mend the path"]


def test_no_color_is_live_without_colour():
    terminal = Terminal()
    play(console_on(terminal, NO_COLOR="1"))
    assert not COLOUR.search(terminal.getvalue())
    assert "\x1b[2K" in terminal.getvalue()


@pytest.mark.parametrize("options", [{"TERM": "dumb"}, {"verbose": True}])
def test_plain_on_a_terminal(options):
    terminal = Terminal()
    verbose = options.pop("verbose", False)
    play(
        make_console(
            stdout=terminal, stderr=terminal, quiet=False, verbose=verbose, json=False,
            environ={"TERM": "xterm", **options},
        )
    )  # fmt: skip
    assert "\x1b" not in terminal.getvalue()
    assert f"ran: {REASON} · loss 0.201\n" in terminal.getvalue()


def test_with_json_the_lines_for_people_go_to_a_terminal_on_stderr():
    out, terminal = io.StringIO(), Terminal()
    options = {"quiet": False, "verbose": False, "json": True, "environ": {"COLUMNS": "80"}}
    play(make_console(stdout=out, stderr=terminal, **options))
    assert out.getvalue().startswith('{"run_id": "2026-11-20T23-20-01", "verdict"')
    assert "VERDICT  NOT PUSHED — the serving gate said no  [0s]" in terminal.screen()


def test_a_terminal_that_goes_away_does_not_end_the_run():
    terminal = Terminal()
    console = LiveConsole(TerminalWriter(terminal, {}), lambda: TerminalWriter(terminal, {}))
    console.start(HEADER, NODES)
    terminal.write = lambda text: (_ for _ in ()).throw(OSError("gone"))
    time.sleep(0.25)
    assert not console._ticker.is_alive()
    del terminal.write
    console.close()
