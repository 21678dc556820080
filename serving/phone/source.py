"""What sources of both languages are made of."""

from collections.abc import Callable, Iterable

from serving.contract import Input

# Hard keywords of Kotlin or Swift: as a name, either takes them in backticks alone.
KEYWORDS = frozenset(
    (
        *("as", "break", "case", "catch", "class", "continue", "default", "defer", "deinit", "do"),
        *("else", "enum", "extension", "fallthrough", "false", "for", "fun", "func", "guard", "if"),
        *("import", "in", "init", "inout", "interface", "internal", "is", "let", "nil", "null"),
        *("object", "operator", "package", "private", "protocol", "public", "repeat", "rethrows"),
        *("return", "self", "static", "struct", "subscript", "super", "switch", "this", "throw"),
        *("throws", "true", "try", "typealias", "typeof", "val", "var", "when", "where", "while"),
    )
)


def name(text: str) -> str:
    """Returns an identifier as a source has it."""
    return f"`{text}`" if text in KEYWORDS else text


def quoted(text: str, escape: Callable[[str], str], also: str = "") -> str:
    """Returns a string literal.

    Args:
        text: What it holds.
        escape: How a character that cannot be printed is written.
        also: Characters beside the quote and the backslash that need a backslash.
    """
    special = f'"\\{also}'
    shown = [f"\\{c}" if c in special else c if c.isprintable() else escape(c) for c in text]
    return f'"{"".join(shown)}"'


def about(tensor: Input) -> str:
    """Returns the comment behind an input's declaration; "" if its name says it all."""
    told = [f'column "{tensor.column}"'] if tensor.column != tensor.name else []
    told += [tensor.unit] if tensor.unit else []
    return f"  // {one_line(', '.join(told))}" if told else ""


def one_line(text: str) -> str:
    """Returns a text that cannot end the comment that it stands in."""
    return "".join(c if c.isprintable() else " " for c in text)


def lines(each: Iterable[str], indent: int) -> str:
    """Returns lines with spaces before each."""
    return "\n".join(" " * indent + line for line in each)
