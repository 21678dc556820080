"""Documents as text: the same, byte for byte, wherever and whenever they are written."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

COLUMNS = 100


class _Dumper(yaml.SafeDumper):
    """Writes out what stands in two places, where YAML would refer from one to the other."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def yaml_text(comment: Sequence[str], documents: Sequence[Mapping[str, Any]]) -> str:
    """Returns YAML documents behind a comment.

    Args:
        comment: Its lines.
        documents: What JSON can hold.
    """
    head = "".join(f"# {line}".rstrip() + "\n" for line in comment)
    return head + yaml.dump_all(
        documents, Dumper=_Dumper, sort_keys=True, default_flow_style=False, width=COLUMNS
    )


def json_text(document: Mapping[str, Any]) -> str:
    """Returns a document as JSON."""
    return json.dumps(document, sort_keys=True, indent=2) + "\n"


def spec_comment(spec: Mapping[str, Any], target: str) -> list[str]:
    """Returns what a reader of a pipeline spec wants to know first.

    Args:
        spec: The pipeline spec.
        target: What runs it, as people call it.
    """
    inputs = spec["root"].get("inputDefinitions", {}).get("parameters", {})
    lines = [f"Pipeline {spec['pipelineInfo']['name']} for {target}"]
    if inputs:
        lines += ["", "What a run may set, and what it is otherwise:"]
    for name, told in sorted(inputs.items()):
        default = json.dumps(told["defaultValue"])
        lines.append(f"  {name} = {default}  {told['description']}")
    return lines
