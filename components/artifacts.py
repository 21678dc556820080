"""Artifact types of our own."""

from tfx.types import artifact


class GateVerdict(artifact.Artifact):
    """The verdict file of a gate; the custom property `passed` is 1 or 0."""

    # package.Class is all that TFX's compiler for Kubeflow takes.
    TYPE_NAME = "components.GateVerdict"
