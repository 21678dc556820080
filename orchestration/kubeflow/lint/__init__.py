"""What would make a cluster refuse a compiled pipeline, or fail in it, found in its documents."""

from orchestration.kubeflow.lint.faults import Fault
from orchestration.kubeflow.lint.refusal import require_faultless
from orchestration.kubeflow.lint.rules import lint

__all__ = ["Fault", "lint", "require_faultless"]
