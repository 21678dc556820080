"""TF_CONFIG: the workers that train together, and which of them this process is."""

import json
import re
from typing import Any, NamedTuple

from usecase.errors import UserError

JOBS = ("chief", "worker")
ADDRESS = re.compile(r"[!-.0-~]+:([0-9]{1,5})")  # printable ASCII but "/", then a port


class Cluster(NamedTuple):
    """The workers that train together.

    Attributes:
        jobs: Job, "chief" or "worker", to the addresses of its tasks.
        job: This process's job.
        task: This process's place among the addresses of its job.
    """

    jobs: dict[str, list[str]]
    job: str
    task: int

    @property
    def size(self) -> int:
        """The number of processes that train."""
        return sum(len(addresses) for addresses in self.jobs.values())

    @property
    def is_chief(self) -> bool:
        """Whether this process is the chief; without one, worker 0 is."""
        return self.job == "chief" or ("chief" not in self.jobs and self.task == 0)


def read_cluster(text: str | None) -> Cluster | None:
    """Reads TF_CONFIG; None where it is not set.

    Raises:
        UserError: If it is not JSON, names no cluster, or this process has no place in it.
    """
    if text is None or not text.strip():
        return None
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _fault(f"is not JSON: {error}") from None
    jobs, task = (given.get(k) for k in ("cluster", "task")) if isinstance(given, dict) else (0, 0)
    if not isinstance(jobs, dict) or not jobs:
        raise _fault("names no cluster")
    if not isinstance(task, dict) or not {"type", "index"} <= set(task):
        raise _fault("does not say which task this process is")
    job, index = task["type"], task["index"]
    for name in (job, *jobs):
        if name not in JOBS:
            raise _fault(f"has a task {name!r}: all processes train here, as chief or worker")
    _check_addresses(jobs)
    if type(index) is not int or not 0 <= index < len(jobs.get(job, ())):
        raise _fault(f"says that this process is {job} {index!r}, which is not in its cluster")
    return Cluster(jobs, job, index)


def _check_addresses(jobs: dict[str, Any]) -> None:
    addresses: list[object] = []
    for job, listed in jobs.items():
        if not isinstance(listed, list) or not listed:
            raise _fault(f"lists no addresses for {job}")
        addresses += listed
    for address in addresses:
        found = ADDRESS.fullmatch(address) if isinstance(address, str) else None
        if not found or not 0 < int(found[1]) < 2**16:
            raise _fault(f"has the address {address!r}")
    if len(set(addresses)) < len(addresses):
        raise _fault("names an address twice")
    if len(jobs.get("chief", ())) > 1:
        raise _fault("has more than one chief")


def _fault(what: str) -> UserError:
    return UserError(
        f"TF_CONFIG {what}",
        expected='{"cluster": {"worker": ["host:port", "host:port"]}, '
        '"task": {"type": "worker", "index": 0}}, with an optional "chief" of one address',
        fix="give each process its own; to train on this machine alone, unset TF_CONFIG",
    )
