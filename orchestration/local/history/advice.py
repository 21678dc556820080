"""What to look at next, after a run that did not push everything."""

import shlex
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from orchestration.local.arguments import DEFAULT_CONFIG, DEFAULT_OUTPUT
from orchestration.local.history.deciding import Judged
from orchestration.local.history.folders import Recorded

RUNNER = "python local_runner.py"
LOOK_AT_SCHEMA = {"anomalies", "columns_too_empty"}


class Advice(NamedTuple):
    """What a command is good for, and the command."""

    why: str
    command: str


def advice(chosen: Recorded, gates: Sequence[Judged], last_pushed: str) -> list[Advice]:
    """Returns what to type next; nothing where everything is as it was wanted.

    Args:
        chosen: The run.
        gates: Its gates.
        last_pushed: The last run before it that pushed; "" if there is none.
    """
    found = [
        one for gate in gates if not gate.passed for one in _of_gate(chosen, gate, last_pushed)
    ]
    if chosen.record.result.verdict == "failed":
        log = shlex.quote(str(chosen.run.log))
        found += [
            Advice("what went wrong, with all that was printed", f"tail -n 40 {log}"),
            Advice("once it is mended: what is done already is reused", _runner(chosen, "run")),
        ]
    return list(dict.fromkeys(found))


def _of_gate(chosen: Recorded, gate: Judged, last_pushed: str) -> Iterator[Advice]:
    run_id = chosen.run.run_id
    log = shlex.quote(str(chosen.run.log))
    metrics = {result.metric for result in gate.deciding}
    if gate.name == "data":
        if metrics & LOOK_AT_SCHEMA or any("drift" in metric for metric in metrics):
            yield Advice(
                "what the data have that the schema has not", _runner(chosen, "schema diff")
            )
        yield Advice("the gate's own words", f"less {log}")
    elif gate.name == "quality":
        if last_pushed:
            compared = f"{RUNNER} diff {last_pushed} {run_id}{_place(chosen)}"
            yield Advice("what is not as in the run that pushed last", compared)
        yield Advice("a search for better values", _runner(chosen, "run") + " --tune")
    elif gate.name == "serving":
        yield Advice("what the model server said", f"tail -n 40 {log}")
    else:
        yield Advice("each file for phones and what it was held against", _show(chosen))
        yield Advice("what the converter said", f"less {log}")


def _show(chosen: Recorded) -> str:
    return f"{RUNNER} show {chosen.run.run_id}{_place(chosen)}"


def _runner(chosen: Recorded, command: str) -> str:
    config = chosen.run.config
    options = f" --config {shlex.quote(config)}" if config not in ("", DEFAULT_CONFIG) else ""
    return f"{RUNNER} {command}{options}{_place(chosen)}"


def _place(chosen: Recorded) -> str:
    """Returns the option that leads to the output folder; "" where it is the default."""
    folder = chosen.run.folder.parent.parent
    is_default = folder.name == DEFAULT_OUTPUT and folder.parent == folder.cwd()
    return "" if is_default else f" --output-dir {shlex.quote(str(folder))}"
