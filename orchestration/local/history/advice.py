"""What to look at next, after a run that did not push everything."""

import shlex
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from orchestration.local.asked import RUNNER, option
from orchestration.local.history.deciding import Judged
from orchestration.local.history.folders import Recorded, place_of

LOOK_AT_SCHEMA = {"anomalies", "columns_too_empty"}


class Advice(NamedTuple):
    """What a command is good for, and the command."""

    why: str
    command: str


def advice(chosen: Recorded, gates: Sequence[Judged], last_pushed: str) -> list[Advice]:
    """Returns what to type next; nothing where everything is as it was wanted.

    Where the configuration is not known, no command is among it that would read another one.

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
        found.append(Advice("what went wrong, with all that was printed", f"tail -n 40 {log}"))
        if chosen.run.is_repeatable:
            again = chosen.run.asked.mended().command(place_of(chosen.run))
            found.append(Advice("once it is mended: what is done already is reused", again))
    return list(dict.fromkeys(found))


def _of_gate(chosen: Recorded, gate: Judged, last_pushed: str) -> Iterator[Advice]:
    run_id = chosen.run.run_id
    log, place = shlex.quote(str(chosen.run.log)), place_of(chosen.run)
    metrics = {result.metric for result in gate.deciding}
    if gate.name == "data":
        is_of_schema = metrics & LOOK_AT_SCHEMA or any("drift" in metric for metric in metrics)
        if is_of_schema and chosen.run.is_repeatable:
            yield Advice("what the data have that the schema has not", _schema_diff(chosen))
        yield Advice("the gate's own words", f"less {log}")
    elif gate.name == "quality":
        if last_pushed:
            compared = f"{RUNNER} diff {last_pushed} {run_id}{place}"
            yield Advice("what is not as in the run that pushed last", compared)
        if chosen.run.is_repeatable:
            yield Advice("a search for better values", chosen.run.asked.tuned().command(place))
    elif gate.name == "serving":
        yield Advice("what the model server said", f"tail -n 40 {log}")
    else:
        yield Advice(
            "each file for phones and what it was held against", f"{RUNNER} show {run_id}{place}"
        )
        yield Advice("what the converter said", f"less {log}")


def _schema_diff(chosen: Recorded) -> str:
    asked = chosen.run.asked
    words = ["schema", "diff", *option("--config", asked.config), *option("--data", asked.data)]
    return f"{RUNNER} {shlex.join(words)}{place_of(chosen.run)}"
