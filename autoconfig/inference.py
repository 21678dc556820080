"""From data and the name of a label to a configuration and a schema."""

import re
from typing import TYPE_CHECKING, NamedTuple

from usecase.errors import ConfigError
from usecase.metrics import Task

if TYPE_CHECKING:
    from autoconfig.label import LabelDecision

LEGAL_NAME = re.compile(r"[a-z][a-z0-9_-]*")
ENDINGS = re.compile(r"(\.(csv|tsv|txt|parquet|tfrecords?|gz))+$", re.IGNORECASE)


class Inferred(NamedTuple):
    """What was inferred.

    Attributes:
        name: The name of the use case.
        use_case_yaml: Its configuration.
        schema_text: Its schema.
        report: What was decided and why, one line a column, the label first.
        warnings: What a person should look at.
    """

    name: str
    use_case_yaml: str
    schema_text: str
    report: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def infer(
    data: str,
    label: str,
    *,
    name: str | None = None,
    task: Task | None = None,
    positive: str | None = None,
    delimiter: str | None = None,
) -> Inferred:
    """Infers a configuration and a schema from data, which are read once.

    Args:
        data: A file, or a pattern of files, on this machine: CSV, Parquet or TFRecord.
        label: The column to predict.
        name: The name of the use case; None: the file's.
        task: What is predicted; None: the label's values tell.
        positive: The class whose probability is predicted; None: its name tells, or the rarer one.
        delimiter: What stands between the cells of CSV; None: the header tells.

    Raises:
        UserError: If the data cannot be read, or nothing can be learned of the label.
    """
    # Arrow takes a moment to import, and a command line that is wrong should not wait for it.
    from autoconfig.config_text import config_text
    from autoconfig.doubts import doubts
    from autoconfig.features import decide_features
    from autoconfig.label import decide_label
    from autoconfig.one_line import one_line
    from autoconfig.profile import profile, require_label
    from autoconfig.rows import find_rows
    from autoconfig.schema_text import schema_text
    from autoconfig.sizes import sizes_for
    from autoconfig.thresholds import demand_for, least_share

    named = _named(name, data)
    rows = find_rows(data, delimiter)
    if (columns := rows.columns()) is not None:
        require_label(label, columns)  # before all rows are read
    table = profile(rows.batches(), label)
    sizes = sizes_for(table.rows)
    decided = decide_label(table.columns[label], rows.source, task, positive)
    decisions = decide_features(table, label, rows.source)
    demand = demand_for(decided, table.columns[label].moments, sizes.test_rows)
    share = least_share(decided)
    return Inferred(
        named,
        config_text(named, rows, decided, decisions, sizes, demand, share),
        schema_text(table, decided, decisions, sizes.test_rows),
        tuple(map(one_line, (_label_line(decided), *(d.line for d in decisions)))),
        tuple(map(one_line, doubts(table, decided, decisions, share))),
    )


def _named(name: str | None, data: str) -> str:
    if name is not None:
        if not LEGAL_NAME.fullmatch(name):
            raise ConfigError(
                f"--name {name}: no name of a use case",
                expected="a lower-case letter, then lower-case letters, digits, - and _",
                fix="give it another --name",
            )
        return name
    parts = [part for part in re.split(r"[/:]", data) if part]
    for part in reversed(parts):
        plain = re.sub(r"[^a-z0-9]+", "_", ENDINGS.sub("", part).lower()).strip("_")
        if LEGAL_NAME.fullmatch(plain):
            return plain
    raise ConfigError(
        f"no name for a use case can be told from {data}",
        expected="a file whose name begins with a letter",
        fix="give it a --name",
    )


def _label_line(label: "LabelDecision") -> str:
    return f"{' '.join(label.name.split())}: the label, {label.task}, {label.why}"
