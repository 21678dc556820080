"""Documents as text: the same, byte for byte, wherever and whenever they are written."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

COLUMNS = 100


class _Dumper(yaml.SafeDumper):
    """Writes out what stands in two places, and quotes what any YAML takes for more than text."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


# PyYAML quotes what YAML 1.1 reads as a number, as far as it does so itself: not .e-0. Kubeflow
# reads with Go's yaml.v3, which knows 1e5, 08, 0o17, 2026-1-2 and -_1 as well; and y and n are
# truths of 1.1.
for _pattern, _first in ((r"[-+._]*([0-9]|[eE][-+])", "-+.0123456789"), (r"[yYnN]$", "yYnN")):
    _Dumper.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(_pattern), list(_first))


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
