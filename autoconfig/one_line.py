"""Texts of the data as they can be shown: in one line, and without what a terminal would obey."""


def one_line(text: str) -> str:
    """Returns a text with escapes in place of line ends, control characters and odd spaces."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
