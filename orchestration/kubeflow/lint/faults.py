"""One thing that is wrong with a compiled pipeline."""

from typing import NamedTuple


class Fault(NamedTuple):
    """A fault, in one line.

    Attributes:
        where: The place in the documents, for example `task Pusher`.
        what: What is wrong, and what comes of it.
        fix: How to mend it.
    """

    where: str
    what: str
    fix: str

    def line(self) -> str:
        """Returns the fault as it is shown."""
        return f"{self.where}: {self.what}; fix: {self.fix}"
