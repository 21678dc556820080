"""`schema show`: the curated schema, one line a column."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, TextIO

from orchestration.local.history.output import print_lines, writer_of
from orchestration.local.history.table import aligned
from orchestration.local.schema_commands.curated import Curated, read_curated
from orchestration.local.schema_commands.schema_words import (
    COMPARATORS,
    comparator_text,
    domain_text,
    presence_text,
    type_text,
)
from orchestration.local.schema_commands.uses import NOT_USED, uses
from orchestration.local.shown_path import shown_path
from orchestration.local.text import Glyphs, Line, Span
from usecase.drift import Comparator, Kind, comparators

if TYPE_CHECKING:
    from tensorflow_metadata.proto.v0 import schema_pb2

HEADER = ("column", "type", "presence", "values", "role", "drift", "skew")
NOT_COMPARED = "-"
KINDS: dict[str, Kind] = {"drift": "drift_comparator", "skew": "skew_comparator"}


def show(config: str, out: TextIO) -> int:
    """Prints the curated schema of a use case; needs no data.

    Returns:
        The exit status, 0.

    Raises:
        ConfigError: If the configuration or its schema cannot be used.
    """
    curated = read_curated(config)
    print_lines(out, lines(curated, writer_of(out).glyphs))
    return 0


def lines(curated: Curated, glyphs: Glyphs) -> list[Line]:
    """Returns a headline, and one line a column, in the order of the schema."""
    schema, declaration = curated.schema, curated.declaration
    roles = uses(curated.use_case, declaration)
    compared = {word: comparators(schema, declaration, kind) for word, kind in KINDS.items()}
    rows: list[list[Span]] = [[Span(cell, "bold") for cell in HEADER]]
    for feature in schema.feature:
        texts = (
            feature.name,
            type_text(feature),
            presence_text(feature),
            domain_text(feature, schema),
            ", ".join(roles.get(feature.name, (NOT_USED,))),
            *(
                _compared(feature, found.get(feature.name), word)
                for word, found in compared.items()
            ),
        )
        style = _style(feature.name, curated, roles)
        rows.append([Span(glyphs.show(text), style) for text in texts])
    return [
        Line.of(glyphs.show(headline(curated))),
        Line(),
        *aligned(rows),
        Line(),
        Line.of(COMPARATORS, hang=2),
    ]


def headline(curated: Curated) -> str:
    """Returns the schema's file, and how much of it is used."""
    columns, label = len(curated.schema.feature), curated.declaration.label.name
    read = len(curated.declaration.inputs)
    return (
        f'{shown_path(curated.path)}: {columns} columns, {read} read by features, label "{label}"'
    )


def _compared(feature: "schema_pb2.Feature", comparator: Comparator | None, word: str) -> str:
    if comparator is None:
        return NOT_COMPARED
    return comparator_text(comparator, is_own=feature.HasField(KINDS[word]))


def _style(name: str, curated: Curated, roles: Mapping[str, object]) -> str:
    if name in [column.name for column in curated.declaration.label.columns]:
        return "bold green"
    return "" if name in roles else "dim"
