"""A client that sends a share of the traffic to the canary, and the rest to the stable version."""

import hashlib
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from serving.canary_percent import ReleasePercent, checked
from serving.client import ServingClient
from serving.errors import ServingError
from serving.releases.state import CANARY, STABLE
from serving.remote.transport import Classification, Inference

BUCKETS = 2**32


def is_canary(key: str, percent: float, model: str = "") -> bool:
    """Returns whether the canary answers the requests of a key.

    A key's place is the same in every process and in any language: the first four bytes of the
    SHA-256 of "MODEL:KEY" in UTF-8, as an unsigned big-endian number. The canary answers if
    `number * 100 < percent * 2**32`, which doubles hold exactly enough to agree on. A key that is
    in the canary at 10 percent is in it at 20, and 0 and 100 percent mean none and all. Each model
    draws its own keys.

    Args:
        key: What a decision sticks to, such as a user's id.
        percent: The canary's share, 0 to 100.
        model: The model's name.
    """
    digest = hashlib.sha256(f"{model}:{key}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:4], "big") * 100 < percent * BUCKETS


class SplitClient:
    """Two clients of one model: of the label `stable`, and of the label `canary` for a share.

    With a key, the same keys get the canary as long as the share stays, and keep it when the share
    grows; without one, each call is drawn at random. What the canary cannot answer fails: nothing
    is asked of the stable version instead, for that would hide a canary that is broken. Rows may
    have columns that one of the versions does not read, since the canary may read more than the
    stable version, or less. Threads may share it; close it after use, or use it with `with`.

    Args:
        address: As `ServingClient` takes it.
        model: The model's name.
        percent: The canary's share, 0 to 100, or what returns it before each call.
        release: The model's folder, whose release.json tells the share; it is looked at once a
            second at most. Either this or `percent` is given.
        takes_more: Whether rows may have columns that the version does not read; False makes them
            an error of whichever version is asked.
        **options: More of `ServingClient`'s, but for version and label.

    Raises:
        ServingError: If the share is none or cannot be read, or as `ServingClient` does. Nothing
            is sent yet.
    """

    def __init__(
        self,
        address: str,
        model: str = "default",
        *,
        percent: float | Callable[[], float] | None = None,
        release: str | Path | None = None,
        takes_more: bool = True,
        **options: Any,
    ) -> None:
        for name in ("version", "label"):
            if options.get(name) is not None:
                raise ServingError(
                    f"a split client chooses the version itself, and a {name} is given",
                    expected=f'the labels "{STABLE}" and "{CANARY}"',
                    fix="leave it out, or take ServingClient",
                )
        self._model = model
        self._percent = _source(percent, release, model)
        options = {**options, "takes_more": takes_more}
        self._stable = ServingClient(address, model, **{**options, "label": STABLE})
        self._canary = ServingClient(address, model, **{**options, "label": CANARY})

    def __enter__(self) -> "SplitClient":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connections."""
        self._stable.close()
        self._canary.close()

    def label_of(self, key: str) -> str:
        """Returns the label that the requests of a key go to now: "stable" or "canary".

        Raises:
            ServingError: If what returns the share returns none.
        """
        return CANARY if is_canary(key, self._share(), self._model) else STABLE

    def choose(self, key: str | None = None) -> ServingClient:
        """Returns the client that one call goes to; its `label` tells which it is.

        So the caller knows what answered, also where the share changes meanwhile or there is no
        key. It is closed with this one.

        Args:
            key: What the choice sticks to; None for one at random.

        Raises:
            ServingError: If what returns the share returns none.
        """
        if key is not None:
            return self._canary if self.label_of(key) == CANARY else self._stable
        drawn = random.random() * 100  # noqa: S311, a sample and no secret
        return self._canary if drawn < self._share() else self._stable

    def predict(
        self,
        rows: Any,
        *,
        key: str | None = None,
        signature: str | None = None,
        outputs: Sequence[str] = (),
    ) -> dict[str, np.ndarray]:
        """As `ServingClient.predict`; a key makes the choice stick."""
        return self.choose(key).predict(rows, signature=signature, outputs=outputs)

    def classify(
        self, rows: Any, signature: str | None = None, *, key: str | None = None
    ) -> list[Classification]:
        """As `ServingClient.classify`; a key makes the choice stick."""
        return self.choose(key).classify(rows, signature)

    def regress(
        self, rows: Any, signature: str | None = None, *, key: str | None = None
    ) -> np.ndarray:
        """As `ServingClient.regress`; a key makes the choice stick."""
        return self.choose(key).regress(rows, signature)

    def multi_inference(
        self, rows: Any, tasks: Sequence[str], *, key: str | None = None
    ) -> dict[str, Inference]:
        """As `ServingClient.multi_inference`; a key makes the choice stick."""
        return self.choose(key).multi_inference(rows, tasks)

    def _share(self) -> float:
        return checked(self._percent())


def _source(
    percent: float | Callable[[], float] | None, release: str | Path | None, model: str
) -> Callable[[], float]:
    if percent is not None and release is not None:
        raise _which("both percent and release are given")
    if release is not None:
        return ReleasePercent(release, model)
    if percent is None:
        raise _which("no share of the canary is given")
    if callable(percent):
        return percent
    fixed = checked(percent)
    return lambda: fixed


def _which(what: str) -> ServingError:
    return ServingError(
        what,
        expected="either percent, a number or a function, or release, the model's folder",
        fix="give one of them",
    )
