"""Which nodes a run executes anew, which it may reuse, and which it leaves out."""

import argparse
import dataclasses
from collections.abc import Iterable, Mapping

from usecase.errors import UserError, did_you_mean

Upstream = Mapping[str, Iterable[str]]


@dataclasses.dataclass(frozen=True)
class Parts:
    """A pipeline, parted.

    What is in neither set runs as ever, reused where nothing changed; with `--only` it is taken
    over, whatever changed.

    Attributes:
        forced: Nodes that run anew, whatever there is to reuse.
        left: Nodes that are nothing to the run.
    """

    forced: frozenset[str] = frozenset()
    left: frozenset[str] = frozenset()


@dataclasses.dataclass(frozen=True)
class Selection:
    """The part of the pipeline that was asked for; a whole run if nothing is set.

    Attributes:
        first: This node and all behind it run anew.
        last: Nothing behind this node runs, and nothing that it does not need.
        only: This node alone runs, anew, on the last results of those before it.
        anew: Whether every node runs anew.
        stages: The stage of each node, for what is told to people.
    """

    first: str | None = None
    last: str | None = None
    only: str | None = None
    anew: bool = False
    stages: Mapping[str, str] = dataclasses.field(default_factory=dict, compare=False)

    @classmethod
    def of(cls, options: argparse.Namespace, stages: Mapping[str, str]) -> "Selection":
        """Returns what the options of `run` ask for.

        Args:
            options: `from_node`, `to_node`, `only_node`, each a node or a stage, and `no_cache`.
            stages: The stage of each node of the run.

        Raises:
            UserError: If a node is not known, or the options exclude each other.
        """
        _require_compatible(options)
        return cls(
            _node("--from", options.from_node, stages),
            _node("--to", options.to_node, stages),
            _node("--only", options.only_node, stages),
            options.no_cache,
            stages,
        )

    @property
    def text(self) -> str:
        """The options, as a user would type them; "" for a whole run."""
        named = (("--from", self.first), ("--to", self.last), ("--only", self.only))
        parts = [f"{option} {node}" for option, node in named if node]
        return " ".join([*parts, *(["--no-cache"] if self.anew else [])])

    @property
    def end(self) -> str:
        """Where the run ends before its time, in words; "" if it does not."""
        if self.only:
            return f"{self._stage(self.only)} alone ran, as asked"
        return f"stopped behind {self._stage(self.last)}, as asked" if self.last else ""

    def parts(self, upstream: Upstream) -> Parts:
        """Parts a pipeline.

        Args:
            upstream: The nodes that each node waits for, those of its conditions included.

        Raises:
            UserError: If nothing of `first` leads to `last`.
        """
        nodes = frozenset(upstream)
        if self.only:
            return Parts(frozenset({self.only}), nodes - reach({self.only}, upstream))
        needed = reach({self.last}, upstream) if self.last else nodes
        if self.first and self.first not in needed:
            raise UserError(
                f"--from {self.first} --to {self.last}: "
                f"{self._stage(self.last)} does not need {self._stage(self.first)}",
                expected="a node and one behind it",
                fix=f"before {self.last} come: {', '.join(n for n in self.stages if n in needed)}",
            )
        forced = reach({self.first}, _turned(upstream)) if self.first else nodes
        return Parts(forced & needed if self.first or self.anew else frozenset(), nodes - needed)

    def _stage(self, node: str | None) -> str:
        return self.stages.get(node or "", node or "")


WHOLE = Selection()


def _require_compatible(options: argparse.Namespace) -> None:
    given = {
        "--from": options.from_node,
        "--to": options.to_node,
        "--only": options.only_node,
        "--no-cache": options.no_cache,
    }
    asked = [option for option, value in given.items() if value]
    if len(asked) > 1 and asked != ["--from", "--to"]:
        raise UserError(
            f"{' and '.join(asked)} exclude each other",
            expected="--only NODE, --no-cache, or --from and --to, one of them or both",
            fix="leave one of them out",
        )


def _node(option: str, name: str | None, stages: Mapping[str, str]) -> str | None:
    """Returns the node of an id or a stage; case, blanks, hyphens and underscores do not count."""
    if name is None:
        return None
    known = {_bare(word): node for node, stage in stages.items() for word in (stage, node)}
    if _bare(name) in known:
        return known[_bare(name)]
    words = [word for pair in stages.items() for word in pair]
    hint = did_you_mean(name, words)
    if hint.startswith("known: "):
        hint = "known: " + ", ".join(f"{stage} ({node})" for node, stage in stages.items())
    raise UserError(
        f'{option}: no node or stage "{name}" in this pipeline',
        expected="a node, such as Trainer, or its stage, such as train",
        fix=hint,
    )


def _bare(name: str) -> str:
    return "".join(c for c in name.lower() if c not in " -_")


def _turned(upstream: Upstream) -> dict[str, list[str]]:
    """Returns the nodes behind each node."""
    behind: dict[str, list[str]] = {node: [] for node in upstream}
    for node, before in upstream.items():
        for one in before:
            behind[one].append(node)
    return behind


def reach(start: Iterable[str], edges: Upstream) -> frozenset[str]:
    """Returns the nodes that edges lead to, directly or not, with those where they start."""
    found: set[str] = set()
    waiting = list(start)
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting.extend(edges[node])
    return frozenset(found)
