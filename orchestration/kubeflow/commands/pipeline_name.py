"""What a pipeline is called on a cluster."""

import argparse

from orchestration.kubeflow.api.package import read_package
from orchestration.kubeflow.commands.compiling import plan_of
from orchestration.kubeflow.compile import pipeline_name


def name_of(options: argparse.Namespace) -> str:
    """Returns the name of the pipeline that `--file` holds or `--config` describes.

    Raises:
        ConfigError: If there is no such pipeline.
    """
    if options.file is not None:
        return read_package(options.file).name
    return pipeline_name(plan_of(options))
