"""What a run was made of: its data, code, files and locks, all nodes together."""

from collections.abc import Iterable, Mapping

from orchestration.records import Ingredients, RunRecord


def code_of(record: RunRecord) -> dict[str, str]:
    """Returns the digest of each project file that any node ran."""
    return _together(parts.code for parts in record.ingredients.values())


def files_of(record: RunRecord) -> dict[str, str]:
    """Returns the digest of each file that a node was given by path, the schema among them."""
    return _together(parts.files for parts in record.ingredients.values())


def lock_of(record: RunRecord) -> str:
    """Returns the digest of the dependency locks; "" if no node ran."""
    locks = [parts.lock for parts in record.ingredients.values()]
    return locks[0] if locks else ""


def artifact_ids(record: RunRecord) -> frozenset[int]:
    """Returns the ids of all artifacts that nodes took in."""
    return frozenset(
        one for parts in record.ingredients.values() for ids in parts.inputs.values() for one in ids
    )


def properties_of(parts: Ingredients | None) -> Mapping[str, str]:
    """Returns the properties of a node, flat; none if it did not run."""
    return parts.config if parts else {}


def _together(parts: Iterable[Mapping[str, str]]) -> dict[str, str]:
    return {name: digest for part in parts for name, digest in sorted(part.items())}
