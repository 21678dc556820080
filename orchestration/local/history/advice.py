"""What to look at next, after a run that did not push everything."""

import shlex
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from orchestration.local.arguments import DEFAULT_CONFIG
from orchestration.local.history.deciding import Judged
from orchestration.local.history.folders import Recorded, options_of, place_of

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
            Advice("once it is mended: what is done already is reused", _run(chosen)),
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
            compared = f"{RUNNER} diff {last_pushed} {run_id}{place_of(chosen.run)}"
            yield Advice("what is not as in the run that pushed last", compared)
        yield Advice("a search for better values", _run(chosen, " --tune"))
    elif gate.name == "serving":
        yield Advice("what the model server said", f"tail -n 40 {log}")
    else:
        yield Advice("each file for phones and what it was held against", _show(chosen))
        yield Advice("what the converter said", f"less {log}")


def _run(chosen: Recorded, more: str = "") -> str:
    """Returns the command that makes the run again: with the same options, or with more.

    More is for the whole pipeline, so that a part of it is not asked for then.
    """
    record = chosen.record
    options = options_of(record.overrides, "" if more else record.selection)
    return _runner(chosen, "run", options + more)


def _show(chosen: Recorded) -> str:
    return f"{RUNNER} show {chosen.run.run_id}{place_of(chosen.run)}"


def _runner(chosen: Recorded, command: str, more: str = "") -> str:
    config = chosen.run.config
    options = f" --config {shlex.quote(config)}" if config not in ("", DEFAULT_CONFIG) else ""
    return f"{RUNNER} {command}{options}{more}{place_of(chosen.run)}"
