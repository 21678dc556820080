"""What a comparison finds."""

from typing import Any, Literal, NamedTuple

from serving.errors import ServingError

Kind = Literal[
    "crashing", "errors", "wrong", "not finite", "outputs", "slow", "different", "stable fails"
]


MANY, TOO_MANY = 1e3, 1e9  # what is written out, and not as a power of ten


class Finding(NamedTuple):
    """One thing that a comparison found.

    Attributes:
        kind: "crashing": the server was lost while the canary was asked; "errors": the canary
            fails where the stable version answers; "wrong": its quality is lower; "not finite": it
            answers with NaN or infinity where the stable version does not; "outputs": one is
            missing or of another shape; "slow"; "different": the distribution of its answers is
            another one; "stable fails": so does the stable version.
        text: What was measured.
        is_bad: Whether it makes the canary worse.
    """

    kind: Kind
    text: str
    is_bad: bool = True


def scipy_stats() -> Any:
    """Returns `scipy.stats`, which takes a moment to import.

    Raises:
        ServingError: If SciPy is not installed.
    """
    try:
        import scipy.stats
    except ImportError as error:
        raise ServingError(
            f"a comparison needs SciPy ({error})",
            expected="the package scipy, for its statistical tests",
            fix="pip install scipy",
        ) from error
    return scipy.stats


def shown(value: float) -> str:
    """Returns a number with three digits that count, and with all before the point."""
    return f"{value:,.0f}" if MANY <= abs(value) < TOO_MANY else f"{value:.3g}"


def probability(p: float) -> str:
    """Returns a p-value; of a very small one, that it is small is all that counts."""
    return "p < 1e-6" if p < 1e-6 else f"p {p:.2g}"
