"""What becomes of a pipeline with faults."""

from orchestration.kubeflow.lint.documents import Json
from orchestration.kubeflow.lint.rules import lint
from usecase.errors import ConfigError
from usecase.kubeflow import Target


def require_faultless(
    spec: Json, platform: Json | None, target: Target, *, told: str, fix: str = ""
) -> None:
    """Refuses a compiled pipeline that a cluster would not run.

    Args:
        spec: As `lint` takes it.
        platform: As `lint` takes it.
        target: What is to run it.
        told: What the faults come to, in front of them.
        fix: How to mend it.

    Raises:
        ConfigError: If it has a fault, with a line for each.
    """
    faults = lint(spec, platform, target)
    if faults:
        lines = "".join(f"\n  {fault.line()}" for fault in faults)
        raise ConfigError(f"{told}:{lines}", fix=fix)
