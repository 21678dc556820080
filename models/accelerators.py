"""stub"""

from typing import Any, NamedTuple


class Accelerator(NamedTuple):
    """stub."""

    kind: str
    strategy: Any
    policy: str
    is_chief: bool
    description: str

    @property
    def replicas(self) -> int:
        """Stub."""
        return int(self.strategy.num_replicas_in_sync)
