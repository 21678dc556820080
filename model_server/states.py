"""What becomes of a version: its states, as GetModelStatus reports them."""

import enum
from dataclasses import dataclass

from model_server.status import Code


class State(enum.IntEnum):
    """The states of get_model_status.proto."""

    START = 10
    LOADING = 20
    AVAILABLE = 30
    UNLOADING = 40
    END = 50


@dataclass(frozen=True)
class VersionState:
    """The state of one version; code and message say why it ended, when it failed."""

    version: int
    state: State
    code: Code = Code.OK
    message: str = ""
