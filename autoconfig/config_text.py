"""The configuration as a person would write it: in order, with reasons, without what is usual."""

from collections.abc import Sequence
from typing import Any

import yaml

from autoconfig.decision import Decision
from autoconfig.label import LabelDecision
from autoconfig.one_line import one_line
from autoconfig.rows import Rows
from autoconfig.sizes import Sizes
from autoconfig.thresholds import Demand
from usecase.config import DataGate
from usecase.section import Section

LINE_ENDS = tuple("\n\r\x85\u2028\u2029")


def config_text(
    name: str,
    rows: Rows,
    label: LabelDecision,
    decisions: Sequence[Decision],
    sizes: Sizes,
    demand: Demand,
    least_share: float,
) -> str:
    """Returns the YAML of a use case.

    Args:
        name: Its name.
        rows: Its data.
        label: Its label.
        decisions: What became of the other columns.
        sizes: What fits the number of rows.
        demand: What a model must reach.
        least_share: The smallest share of the rarest class.
    """
    features = {d.name: _role(d.role) for d in decisions if d.role}
    parts = [
        _comment(f"Inferred from {rows.path}. Yours to edit: `run --config` takes it as it is."),
        _line("name", name),
        _line("task", label.task),
        _block("data", _data(rows)),
        _line("schema", schema_path(name)),
        _line("split", sizes.split.model_dump()) if _changed(sizes.split) else "",
        "\n" + _line("label", _label(label)),
        "\n" + _block("features", features),
        *(_comment(d.line) for d in decisions if d.role is None),
        *_fitting(sizes),
        _gate(sizes, least_share),
        "\nevaluation:\n  thresholds:\n",
        _comment(demand.why, indent=4),
        f"    - {_flow(demand.threshold)}\n",
    ]
    return "".join(parts)


def schema_path(name: str) -> str:
    """Returns where the schema of a use case is, as its configuration names it."""
    return f"schema/{name}/schema.pbtxt"


def _data(rows: Rows) -> dict[str, Any]:
    data: dict[str, Any] = {"path": rows.path}
    if rows.source == "csv":
        if rows.delimiter != ",":
            data["delimiter"] = rows.delimiter
        data["missing"] = "pandas"
    return data


def _label(label: LabelDecision) -> dict[str, Any]:
    declared: dict[str, Any] = {"name": label.name}
    if label.task == "binary" and (label.classes, label.positive) != ((0, 1), 1):
        declared["positive_class"] = label.positive
    return declared


def _role(role: dict[str, Any]) -> str | dict[str, Any]:
    return role["role"] if len(role) == 1 else role


def _fitting(sizes: Sizes) -> list[str]:
    network, training = _changed(sizes.network), _changed(sizes.training)
    lines = ["\n"] if network or training else []
    if network:
        lines.append(_line("network", network))
    if training:
        lines.append(_block("training", training))
    return lines


def _gate(sizes: Sizes, least_share: float) -> str:
    gate = DataGate()
    wanted: dict[str, Any] = {}
    if sizes.min_rows != gate.min_rows:
        wanted["min_rows"] = sizes.min_rows
    if least_share != gate.min_label_share:
        wanted["min_label_share"] = least_share
    return "\n" + _line("data_gate", wanted) if wanted else ""


def _changed(section: Section) -> dict[str, Any]:
    """Returns the fields of a section that are not as usual."""
    usual = type(section)().model_dump(mode="json")
    return {k: v for k, v in section.model_dump(mode="json").items() if v != usual[k]}


def _line(key: str, value: Any) -> str:
    return f"{key}: {_flow(value)}\n"


def _block(key: str, values: dict[str, Any]) -> str:
    lines = [f"  {_key(name)} {_flow(value)}\n" for name, value in values.items()]
    return f"{key}:\n" + "".join(lines)


def _key(name: str) -> str:
    """Returns a key in one line; YAML wants `?` before one that is long."""
    key = _flow(name)
    return f"? {key}\n  :" if len(key) > 120 else f"{key}:"


def _flow(value: Any) -> str:
    text = yaml.dump(
        value,
        Dumper=_OneLine,
        allow_unicode=True,
        default_flow_style=True,
        sort_keys=False,
        width=float("inf"),
    )
    return text.removesuffix("...\n").strip("\n")


class _OneLine(yaml.SafeDumper):
    """Writes line ends inside texts as escapes."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = '"' if len(text.splitlines()) > 1 or text[-1:] in LINE_ENDS else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_OneLine.add_representer(str, _text)


def _comment(text: str, indent: int = 0) -> str:
    # YAML takes no control characters in a comment either, and data may hold any.
    return " " * indent + "# " + one_line(" ".join(text.split())) + "\n"
