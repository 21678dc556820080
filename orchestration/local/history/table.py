"""Rows of cells, lined up."""

from collections.abc import Collection, Sequence

from orchestration.local.text import Line, Span, cells

GAP = "  "
Cell = str | Span


def aligned(
    rows: Sequence[Sequence[Cell]], *, right: Collection[int] = (), indent: int = 2
) -> list[Line]:
    """Returns one line a row, each column as wide as its widest cell.

    Args:
        rows: The cells, which are fit to be shown; every row has as many.
        right: Columns that are aligned on the right.
        indent: Blanks before the first column.
    """
    spans = [[Span(cell) if isinstance(cell, str) else cell for cell in row] for row in rows]
    widths = [max(cells(span.text) for span in column) for column in zip(*spans, strict=True)]
    return [_line(row, widths, right, indent) for row in spans]


def _line(row: list[Span], widths: list[int], right: Collection[int], indent: int) -> Line:
    pieces: list[Cell] = [" " * indent]
    for place, (span, width) in enumerate(zip(row, widths, strict=True)):
        blanks = " " * (width - cells(span.text))
        pieces += [blanks, span] if place in right else [span, blanks]
        pieces.append(GAP)
    return Line.of(*pieces[:-1])
