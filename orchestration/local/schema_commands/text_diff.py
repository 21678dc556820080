"""Two texts as a unified diff."""

import difflib

from orchestration.local.text import Glyphs, Line, Span

STYLES = {"+": "green", "-": "red", "@": "cyan"}


def diff_lines(before: str, after: str, name: str, glyphs: Glyphs) -> list[Line]:
    """Returns the unified diff of a file's text, with styles for terminals.

    Args:
        before: The text as it is.
        after: The text as it would be.
        name: The file, as the user knows it.
        glyphs: What the stream can show.
    """
    old, new = (text.replace("\r\n", "\n").rstrip("\n").split("\n") for text in (before, after))
    found = difflib.unified_diff(old, new, name, f"{name} (updated)", n=2, lineterm="")
    return [Line.of(Span(glyphs.show(line), STYLES.get(line[:1], ""))) for line in found]
