"""Whether a pushed version is to become the stable one, and making it so."""

import logging
from pathlib import Path
from typing import NamedTuple

from serving.errors import ServingError
from serving.releases.state import State
from serving.releases.store import read_state
from usecase.config import Serving

LOGGER = logging.getLogger(__name__)
WHO, WHY = "the pipeline", "serving.promote: on_push"


class Promotion(NamedTuple):
    """What came of it.

    Attributes:
        done: Whether the version was made stable now.
        problem: What went wrong, in one line; "" if nothing did, or there was nothing to do.
    """

    done: bool
    problem: str = ""


def is_undecided(state: State | None, version: int) -> bool:
    """Whether a version has been neither stable nor a canary, nor been rolled back.

    The pipeline decides on no version twice: what was rolled back stays so in every later run.

    Args:
        state: The release; None if there is none.
        version: A version of its model.
    """
    return state is None or version not in state.decided


def promote(folder: Path, version: int, serving: Serving) -> Promotion:
    """Makes a version stable, on running servers as well, if nobody has decided on it yet.

    Args:
        folder: The model's folder.
        version: A version in it.
        serving: Which servers, how long they may take, and how many versions stay loaded.
    """
    from serving.releases.rollout import By, Options, promote_pushed

    options = Options(servers=serving.servers, timeout=serving.startup_timeout_s, keep=serving.keep)
    try:
        if not is_undecided(read_state(folder), version):
            return Promotion(done=False)
        promote_pushed(folder, version, By(WHO, WHY), options, LOGGER.info)
    except ServingError as error:
        return Promotion(done=False, problem=one_line(error))
    except Exception as error:  # whatever comes of its release, a model was pushed
        LOGGER.exception("version %s did not become stable", version)
        return Promotion(done=False, problem=f"{type(error).__name__}: {_joined(str(error))}")
    return Promotion(done=True)


def one_line(error: ServingError) -> str:
    """Returns what happened and how to mend it, without a line break."""
    return _joined("; ".join(filter(None, (error.what, error.fix))))


def _joined(text: str) -> str:
    return " ".join(text.split())
