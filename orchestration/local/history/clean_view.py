"""What a cleaning takes away, and what stays and why."""

from collections.abc import Sequence

from orchestration.local.history.cleaning import Cleaning
from orchestration.local.history.folders import Run
from orchestration.local.history.table import Cell, aligned
from orchestration.local.text import Glyphs, Line, Span, number
from orchestration.local.verdict_view import WORDS

WITHOUT_USE_CASE = "others"


def clean_lines(cleanings: Sequence[Cleaning], glyphs: Glyphs, *, dry_run: bool) -> list[Line]:
    """Returns the runs that stay and those that go, use case by use case, and how much that is.

    It measures what is there, so call it before anything goes.

    Args:
        cleanings: What was decided.
        glyphs: The signs to use.
        dry_run: Whether nothing is done.
    """
    lines: list[Line] = []
    for one in cleanings:
        lines += [Line.of(Span(glyphs.show(one.use_case or WITHOUT_USE_CASE), "bold"))]
        lines += aligned([*_stays(one, glyphs), *_goes(one, glyphs)] or [["nothing to do"]])
        lines.append(Line())
    megabytes = number(sum(one.megabytes() for one in cleanings), 1)
    runs = sum(len(one.runs) for one in cleanings)
    folders = sum(len(one.folders) for one in cleanings)
    verb = "would go" if dry_run else "go"
    text = f"{_count(runs, 'run')} and {_count(folders, 'folder')} {verb}, {megabytes} MB in all"
    return [*lines, Line.of(Span(text, "bold"))]


def _stays(one: Cleaning, glyphs: Glyphs) -> list[list[Cell]]:
    return [
        [Span("stays", "dim"), glyphs.show(run_id), glyphs.show(why)]
        for run_id, why in one.kept.items()
    ]


def _goes(one: Cleaning, glyphs: Glyphs) -> list[list[Cell]]:
    rows: list[list[Cell]] = [
        [Span("goes", "yellow"), glyphs.show(run.run_id), _state(run)] for run in one.runs
    ]
    if one.folders:
        what = f"{_count(len(one.folders), 'folder')} of artifacts, working files and checkpoints"
        rows.append([Span("goes", "yellow"), "", what])
    return rows


def _state(run: Run) -> str:
    if run.record is None:
        return run.state.upper() if run.use_case else ""
    return WORDS[run.record.result.verdict][0]


def _count(number_of: int, what: str) -> str:
    return f"{number_of} {what}{'' if number_of == 1 else 's'}"
