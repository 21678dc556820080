"""Tables too wide for a terminal, in blocks of columns below each other."""

from collections.abc import Sequence

from orchestration.local.text import cells


def right_aligned(texts: Sequence[str]) -> list[str]:
    """Returns the texts of one column, all of one width."""
    width = max(map(cells, texts))
    return [" " * (width - cells(text)) + text for text in texts]


def blocks(columns: Sequence[list[str]], width: int) -> list[list[list[str]]]:
    """Splits columns into blocks that fit the width, two blanks between columns."""
    found: list[list[list[str]]] = []
    used = width
    for column in columns:
        size = cells(column[0]) + 2
        if not found or used + size > width + 2:
            found.append([])
            used = 0
        found[-1].append(column)
        used += size
    return found
