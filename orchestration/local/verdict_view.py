"""The verdict on a run: what came of it, why, and what to type next."""

import dataclasses
import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path

from orchestration.headlines import SERVING
from orchestration.local.arguments import DEFAULT_CONFIG
from orchestration.local.asked import RUNNER, Asked, output_option
from orchestration.local.columns import blocks, right_aligned
from orchestration.local.gate_view import GateTable
from orchestration.local.shown_path import shown_path
from orchestration.local.text import Glyphs, Line, Span, cells, duration, number, pad
from orchestration.local.trial_view import trial_lines
from orchestration.results import REFUSED, RunResult, RunVerdict
from serving.pushed import PUSHED
from serving.releases.status_view import canary_command, options_of

WORDS: dict[RunVerdict, tuple[str, str]] = {
    "pushed": ("PUSHED", "bold green"),
    "up_to_date": ("UP TO DATE", "bold green"),
    "stopped": ("STOPPED", "bold green"),
    "partly_pushed": ("PARTLY PUSHED", "bold yellow"),
    "not_pushed": ("NOT PUSHED", "bold yellow"),
    "failed": ("FAILED", "bold red"),
}
PREDICT = RUNNER + " predict{options} --data new.csv --out predictions.csv"
SERVE = "python -m serving up --model-dir {folder}"
HOW_IT_STANDS = "python -m serving status{options}"
PROMOTE = "python -m serving promote {version}{options}"
PREDICT_MOBILE = "python -m serving predict --tflite {version} --data new.csv"
LINEAR = "linear/"
NOTHING_KNOWN = Asked()
TABLE_WIDTH = 80


def verdict_line(result: RunResult, glyphs: Glyphs) -> Line:
    """Returns the verdict in one line."""
    word, style = WORDS[result.verdict]
    headline = glyphs.prose(result.headline or _default_headline(result))
    reason = glyphs.show(" — ") + headline if headline else ""
    time = Span(f"  [{duration(result.seconds)}]", "dim")
    return Line.of(Span("VERDICT", "bold"), "  ", Span(word, style), reason, time, hang=9)


def verdict_lines(
    result: RunResult, glyphs: Glyphs, asked: Asked | None = NOTHING_KNOWN
) -> list[Line]:
    """Returns the whole verdict.

    Args:
        result: The run.
        glyphs: The signs to use.
        asked: What it was asked for, for the commands that are to be typed next; None for none.
    """
    result = _with_short_paths(result)
    width = _label_width(result)
    lines = [verdict_line(result, glyphs)]
    if result.error and not glyphs.prose(result.headline).startswith(glyphs.prose(result.error)):
        lines += _labelled("error", width, result.error.splitlines(), glyphs, prose=True)
    lines += GateTable(result.gates, glyphs, width).lines()
    lines += _metric_lines(result.metrics, width)
    lines += trial_lines(result.trials, glyphs, width)
    lines.append(Line())
    lines += _place_lines(result, width, glyphs)
    if result.tuned_config:
        lines += _labelled("tuned", width, [result.tuned_config], glyphs)
    lines += _labelled("log", width, [result.log], glyphs)
    lines += _labelled("warning", width, result.told_warnings, glyphs, prose=True)
    return lines + (_next_lines(result, width, glyphs, asked) if asked else [])


def quiet_lines(result: RunResult, glyphs: Glyphs) -> list[Line]:
    """Returns the verdict line and the conditions for which gates refused."""
    lines = [verdict_line(result, glyphs)]
    if result.verdict in REFUSED:
        failed = [gate for gate in result.gates if gate.refuses]
        lines += GateTable(failed, glyphs, _label_width(result)).lines()
    return lines


def _with_short_paths(result: RunResult) -> RunResult:
    """Returns the run with paths below the current folder as a user would type them."""
    return dataclasses.replace(
        result,
        serving_model=_short_path(result.serving_model),
        mobile_model=_short_path(result.mobile_model),
        tuned_config=_short_path(result.tuned_config),
        log=_short_path(result.log) or "",
    )


def _short_path(path: str | None) -> str | None:
    return shown_path(Path(path)) if path and "://" not in path else path


def _default_headline(result: RunResult) -> str:
    if result.verdict == "pushed":
        new = [place for place in result.destinations if place.pushed]
        by_version: dict[int | None, list[str]] = {}
        for place in new:
            by_version.setdefault(place.version, []).append(place.name)
        is_one = list(by_version.values())[:1] == [[place.name for place in new]]
        if is_one and new[0].name == SERVING:
            return f"version {new[0].version} serves now"
        return ", ".join(f"{place.name} version {place.version}" for place in new)
    if result.verdict == "up_to_date":
        return "nothing new to push"
    if result.verdict in REFUSED:
        refused = dict.fromkeys(gate.name for gate in result.gates if gate.refuses)
        return "refused by gate: " + ", ".join(refused) if refused else ""
    return next(iter(result.error.splitlines()), "")


def _label_width(result: RunResult) -> int:
    return max(cells(name) for name in ["serving", *(gate.name for gate in result.gates)])


def _labelled(
    label: str, width: int, texts: Iterable[str], glyphs: Glyphs, *, prose: bool = False
) -> list[Line]:
    """Returns texts below each other, with a label before the first."""
    lines = []
    for text in texts:
        head = f"  {pad(label, width)}  "
        lines.append(
            Line.of(Span(head, "dim"), glyphs.show(text), hang=len(head) if prose else None)
        )
        label = ""
    return lines


def _metric_lines(metrics: dict[str, float], label_width: int) -> list[Line]:
    """Returns the metrics of the model above those of the linear baseline, in columns."""
    linear = {name[len(LINEAR) :]: value for name, value in metrics.items() if _is_linear(name)}
    model = {name: value for name, value in metrics.items() if "/" not in name}
    rows = [(label, row) for label, row in (("model", model), ("linear", linear)) if row]
    columns = [_column(name, [row for _, row in rows]) for name in {**model, **linear}]
    lines: list[Line] = []
    for block in blocks(columns, TABLE_WIDTH - 4 - label_width):
        heads, *values = zip(*block, strict=True)
        lines += [Line(), Line.of(Span(" " * (4 + label_width) + "  ".join(heads), "dim"))]
        for (label, _), texts in zip(rows, values, strict=True):
            head = Span(f"  {pad(label, label_width)}  ", "dim")
            lines.append(Line.of(head, "  ".join(texts)))
    return lines


def _is_linear(name: str) -> bool:
    return name.startswith(LINEAR) and "/" not in name[len(LINEAR) :]


def _column(name: str, rows: Sequence[dict[str, float]]) -> list[str]:
    """Returns a metric's name and its value in each row, all of one width."""
    return right_aligned([name, *(number(row[name]) if name in row else "" for row in rows)])


def _place_lines(result: RunResult, width: int, glyphs: Glyphs) -> list[Line]:
    """Returns which models serve now."""
    pushed = {place.name: place.pushed for place in result.destinations}
    lines = []
    for name, path in (("serving", result.serving_model), ("mobile", result.mobile_model)):
        if name == "mobile" and path is None and name not in pushed:
            continue
        line = _labelled(name, width, [path or "none yet"], glyphs)[0]
        if path and name in pushed:
            change = "  (new)" if pushed[name] else "  (unchanged)"
            line = Line((*line.spans, Span(change, "dim")))
        lines.append(line)
    return lines


def _next_lines(result: RunResult, width: int, glyphs: Glyphs, asked: Asked) -> list[Line]:
    log, place = shlex.quote(result.log), _output_option(result.log)
    is_default = asked.config in ("", DEFAULT_CONFIG)
    use_case = "" if is_default else f" --config {shlex.quote(asked.config)}"
    predict = PREDICT.format(options=use_case + place)
    releasing = _release_commands(result)
    serving = [predict, *_serve_commands(result), *releasing] if result.serving_model else []
    commands = {
        "failed": [f"tail -n 40 {log}"],
        "not_pushed": [f"less {log}", f"{asked.mended().command(place)}  # when mended"],
        "up_to_date": serving or [predict],
        "stopped": [f"{asked.whole().command(place)}  # goes on to the push"],
    }
    pushed = [*serving, *_mobile_commands(result)]
    return _labelled("next", width, commands.get(result.verdict, pushed), glyphs)


def _serve_commands(result: RunResult) -> list[str]:
    """Returns the command that serves the run's model on this machine."""
    if result.serving_model is None or "://" in result.serving_model:
        return []
    return [SERVE.format(folder=shlex.quote(str(Path(result.serving_model).parent)))]


def _release_commands(result: RunResult) -> list[str]:
    """Returns the commands that let a version serve that waits for them."""
    release = result.release
    serving = next((place for place in result.destinations if place.name == SERVING), None)
    if release is None or result.serving_model is None or serving is None or serving.refused:
        return []
    version = serving.version
    if version in (None, release.stable):
        return []
    options = _model_option(Path(result.serving_model).parent)
    is_canary = release.canary is not None and release.canary.version == version
    how = HOW_IT_STANDS.format(options=options)
    first = how if is_canary else canary_command(version, options)
    return [first, PROMOTE.format(version=version, options=options)]


def _model_option(folder: Path) -> str:
    """Returns the option that leads to a model's folder; "" where it is found without."""
    is_default = folder.parent == PUSHED
    beside = folder.parent.iterdir() if is_default and folder.parent.is_dir() else ()
    if is_default and all(path == folder or not path.is_dir() for path in beside):
        return ""
    return options_of(folder)


def _mobile_commands(result: RunResult) -> list[str]:
    """Returns the command that tries the run's model for phones, where it is there."""
    arrived = any(place.name == "mobile" and not place.refused for place in result.destinations)
    if not arrived or result.mobile_model is None:
        return []
    version = Path(result.mobile_model).parent
    return [PREDICT_MOBILE.format(version=shlex.quote(str(version)))]


def _output_option(log: str) -> str:
    """Returns the option that leads to a log's output folder; "" where it is the default."""
    return output_option(Path(log).parent.parent.parent) if log else ""
