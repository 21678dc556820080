"""What changes in a release while `up` serves it, in words."""

from collections.abc import Iterator
from pathlib import Path

from serving.errors import ServingError
from serving.releases.plan import on_disk
from serving.releases.state import State
from serving.releases.status_view import canary_command
from serving.releases.store import read_state


class News:
    """Tells of labels that moved, and of versions that were pushed and are not served.

    Args:
        folder: The model's folder.
        how: The options that name this model and its server on the command line.
    """

    def __init__(self, folder: Path, how: str) -> None:
        self._folder = folder
        self._how = how
        self._state = read_state(folder)
        self._told: set[int] = set()
        self._error = ""

    def lines(self) -> Iterator[str]:
        """Yields what is new since the last call; at the first, what is pushed and not served."""
        try:
            state = read_state(self._folder)
        except (ServingError, OSError) as error:
            if str(error) != self._error:
                yield f"  ✘ {error}"
            self._error = str(error)
            return
        if state is None:
            return
        self._error = ""
        if self._state is not None:
            yield from _moves(self._state, state)
        self._state = state
        passed_over = state.decided | self._told
        for version in on_disk(self._folder):
            if version > state.stable and version not in passed_over:
                yield f"  · version {version} is pushed, not served"
                yield f"    {canary_command(version, self._how)}"
                self._told.add(version)


def _moves(before: State, now: State) -> Iterator[str]:
    """Yields what became of the labels."""
    who = ""
    if now.history and now.history[-1:] != before.history[-1:]:
        last = now.history[-1]
        who = f"  by {last.who}" + (f' · "{last.why}"' if last.why else "")
    if now.stable != before.stable:
        yield f"  ✔ stable is version {now.stable} now, before {before.stable}{who}"
    if now.canary == before.canary:
        return
    if now.canary is None:
        if before.canary and before.canary.version != now.stable:
            yield f"  · no canary now, before {before.canary.version}{who}"
    else:
        yield f"  · canary is version {now.canary.version} now, {now.canary.percent:g} %{who}"
