"""`{SPAN}` in a path: what it may stand beside, and which files it means."""

import re
from collections.abc import Iterator
from pathlib import Path

from usecase.errors import ConfigError

# As TFX writes it: a number, or one padded with zeros to a width.
SPAN = re.compile(r"\{SPAN(?::(?P<width>[^}]*))?\}")
WILDCARD = re.compile(r"[*?[]")
IN_A_REGEX = re.compile(r"[$^{}|]")  # what TFX leaves as it is when it makes one of the path
GLOB_PART = re.compile(r"\*|\?|\[!?\]?[^\]]*\]|.", re.DOTALL)
LARGEST = 2**31 - 1  # TFX keeps a span's number in 32 bits


def has_span(path: str | None) -> bool:
    """Returns whether a path stands for spans."""
    return path is not None and SPAN.search(path) is not None


def check_pattern(path: str) -> None:
    """Checks what can be known of a path with `{SPAN}` by its text.

    Raises:
        ConfigError: If it names the span twice or with no proper width, or if numbers could not be
            told from what stands beside them.
    """
    match, *more = SPAN.finditer(path)
    if more:
        raise ConfigError(
            f"data path names the span {len(more) + 1} times: {path}",
            expected="{SPAN} once, in any place",
            fix="put a wildcard in place of the others",
        )
    width = match["width"]
    if width is not None and not re.fullmatch("[1-9][0-9]?", width):
        raise ConfigError(
            f"data path not understood: {match[0]} in {path}",
            expected="a width between 1 and 99, as in {SPAN:3} for 001, 002, ...",
            fix="correct the width, or leave it out: {SPAN}",
        )
    if odd := IN_A_REGEX.search(SPAN.sub("", path)):
        raise ConfigError(
            f"data path with {{SPAN}} holds {odd[0]}, which TFX reads otherwise there: {path}",
            expected="no $, ^, {, } or | in any of its folders, and none in its name",
            fix="rename the folder or the files",
        )
    if "[!" in path:
        raise ConfigError(
            f"data path with {{SPAN}} holds [!...], which TFX reads otherwise there: {path}",
            fix="name the characters that are meant",
        )
    beside = (path[: match.start()][-1:], path[match.end() :][:1])
    if width is None and any(re.match(r"[0-9*?\[\]]", text) for text in beside):
        raise ConfigError(
            f"data path not understood: what stands beside {{SPAN}} may be digits, too: {path}",
            expected="another character on both sides, or a width, as in {SPAN:3}",
            fix="put one of the two there",
        )


def split_at_span(pattern: str) -> tuple[str, str]:
    """Returns the folder before any wildcard or `{SPAN}`, and the rest."""
    parts = pattern.split("/")
    first = next(i for i, p in enumerate(parts) if WILDCARD.search(p) or SPAN.search(p))
    root = "/" if pattern.startswith("/") else ""
    return "/".join(parts[:first]) or root, "/".join(parts[first:])


def in_span(pattern: str, span: int) -> str:
    """Returns the pattern of one span's files."""
    return SPAN.sub(lambda match: str(span).zfill(int(match["width"] or 0)), pattern)


def matches(folder: Path, rest: str, path: str) -> Iterator[tuple[int, Path]]:
    """Yields the number and the place of all that matches a pattern with `{SPAN}`.

    Args:
        folder: Where it is looked for.
        rest: The pattern, below that.
        path: The whole path, for errors.

    Raises:
        ConfigError: If a number has zeros in front that no width accounts for, or is too large.
    """
    (match,) = SPAN.finditer(rest)
    width = int(match["width"] or 0)
    digits = f"[0-9]{{{width}}}" if width else "[0-9]+"
    before, after = _regex(rest[: match.start()]), _regex(rest[match.end() :])
    name = re.compile(f"{before}({digits}){after}", re.DOTALL)
    # Not by `glob`, which skips names that begin with a dot where TFX and Beam do not.
    for place in sorted(folder.glob(SPAN.sub("[0-9]" * width or "*", rest))):
        if fits := name.fullmatch(place.relative_to(folder).as_posix()):
            yield _number(fits[1], width > 0, path, place), place


def _number(digits: str, padded: bool, path: str, place: Path) -> int:
    if not padded and digits != str(int(digits)):
        width = f"{{SPAN:{len(digits)}}}"
        raise ConfigError(
            f"span {digits} begins with a zero: {place}",
            expected=f"plain numbers for {{SPAN}} in {path}",
            fix=f"write {width} for numbers of {len(digits)} digits",
        )
    if int(digits) > LARGEST:
        raise ConfigError(
            f"span {digits} is too large: {place}",
            expected=f"numbers up to {LARGEST}",
            fix="use shorter numbers, such as 20240131 for a day",
        )
    return int(digits)


def _regex(pattern: str) -> str:
    return "".join(_part(part) for part in GLOB_PART.findall(pattern))


def _part(part: str) -> str:
    if part in ("*", "?"):
        return "[^/]*" if part == "*" else "[^/]"
    if len(part) > 1:
        inside = re.sub(r"([\\\][^])", r"\\\1", part[1:-1])
        return f"[{inside}]"
    return re.escape(part)
