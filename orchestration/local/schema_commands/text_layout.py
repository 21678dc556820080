"""Where a field goes into a text-format proto, or what goes with it: lines, blanks, comments."""

from typing import NamedTuple

from orchestration.local.schema_commands.text_entries import Entry

NEWLINE = "\n"  # alone: a string may hold what str.splitlines takes for one


class Edit(NamedTuple):
    """A piece of text that another one takes the place of."""

    start: int
    end: int
    new: str


def applied(text: str, edits: list[Edit]) -> str:
    """Returns the text with the edits, none of which overlaps another."""
    pieces, place = [], 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        pieces += [text[place : edit.start], edit.new]
        place = edit.end
    return "".join([*pieces, text[place:]])


def removal(text: str, entry: Entry, *, comments: bool) -> Edit:
    """Returns what takes a field out, with its lines where nothing else stands there.

    Args:
        text: The whole text.
        entry: The field.
        comments: Whether the comment right above goes too; one that begins the file never does.
    """
    start, stop = _line_start(text, entry.start), _line_end(text, entry.stop)
    alone = not text[start : entry.start].strip() and not text[entry.stop : stop].strip()
    if not alone:
        blanks = len(text[start : entry.start]) - len(text[start : entry.start].rstrip(" \t"))
        return Edit(entry.start - blanks, entry.stop, "")
    if comments:
        start = _comment_start(text, start)
    return Edit(start, min(stop + 1, len(text)), "")


def insertion(text: str, after: Entry | None, place: int, new: str) -> Edit:
    """Returns what puts lines behind a field, as that one stands: on lines of their own or not.

    Args:
        text: The whole text.
        after: The field; None if there is none.
        place: Where the message begins, in case there is none.
        new: The lines, without the indentation of the first.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    if after is None:
        return Edit(place, place, f" {' '.join(new.split(NEWLINE))} ")
    start, end = _line_start(text, after.start), _line_end(text, after.stop)
    indent = text[start : after.start]
    rest = text[after.stop : end].strip()
    # The comment behind a field stays with it.
    if indent.strip() or (rest and not rest.startswith("#")):
        return Edit(after.stop, after.stop, f" {' '.join(new.split(NEWLINE))}")
    end -= text[:end].endswith("\r")
    lines = "".join(f"{newline}{indent}{line}" for line in new.split(NEWLINE))
    return Edit(end, end, lines)


def _line_start(text: str, place: int) -> int:
    return text.rfind("\n", 0, place) + 1


def _line_end(text: str, place: int) -> int:
    end = text.find("\n", place)
    return len(text) if end < 0 else end


def _comment_start(text: str, start: int) -> int:
    """Returns where the comment right above a line begins; that line if it is the file's."""
    first = start
    while first > 0:
        above = _line_start(text, first - 1)
        if not text[above:first].lstrip().startswith("#"):
            return first
        first = above
    return first if first == start else start
