"""What the commands share: a pipeline from a configuration, or one that was compiled before."""

import argparse
import contextlib
import os
import sys
from collections.abc import Iterator
from typing import NamedTuple

from orchestration.kubeflow.api.package import Package, parse_package, read_package
from orchestration.kubeflow.beam_arguments import BUCKET
from orchestration.kubeflow.compile import Compiled, compile_pipeline
from orchestration.kubeflow.containers import NATIVE_URIS
from orchestration.kubeflow.lint import require_faultless
from orchestration.plan import Plan, make_plan
from usecase.errors import ConfigError, UserError
from usecase.kubeflow import Target


class Ready(NamedTuple):
    """A pipeline that can be sent.

    Attributes:
        package: The pipeline.
        is_of_project: Whether it was compiled just now, from the code that lies here.
        warnings: What a user should know of it.
    """

    package: Package
    is_of_project: bool
    warnings: tuple[str, ...] = ()


def plan_of(options: argparse.Namespace) -> Plan:
    """Returns the checked configuration that the options name.

    Raises:
        ConfigError: If it cannot run.
    """
    return make_plan(options.config, options.data, tune=options.tune, elsewhere=True)


def compile_plan(
    plan: Plan, options: argparse.Namespace, target: Target, pipeline_root: str | None
) -> Compiled:
    """Compiles a plan; what the frameworks write meanwhile is not shown.

    Raises:
        ConfigError: If it could not run there.
    """
    try:
        with _silence():
            return compile_pipeline(
                plan,
                target,
                image=options.image,
                gpu_image=options.gpu_image,
                pipeline_root=pipeline_root,
            )
    except ConfigError as error:
        if error.what.startswith(str(options.config)):
            raise
        raise ConfigError(f"{options.config}: {error.what}", error.expected, error.fix) from error


def package_of(options: argparse.Namespace) -> Ready:
    """Returns the pipeline that `--file` holds or `--config` describes.

    Raises:
        UserError: If the options contradict one another.
        ConfigError: If there is no such pipeline, or it could not run.
    """
    if options.file is None:
        compiled = compile_plan(plan_of(options), options, "kfp", options.pipeline_root)
        return Ready(parse_package(compiled.text()), True, compiled.warnings)
    for option in ("data", "image", "gpu_image", "tune"):
        if getattr(options, option):
            flag = "--" + option.replace("_", "-")
            raise UserError(
                f"{flag} has no effect on a pipeline that is compiled already",
                fix=f"leave out --file or {flag}; runtime parameters are set with --param",
            )
    package = read_package(options.file)
    require_faultless(
        package.spec,
        package.platform,
        "kfp",
        told=f"{options.file} cannot run on a cluster",
        fix="compile it again",
    )
    _require_shared_root(package, options)
    return Ready(package, False)


def _require_shared_root(package: Package, options: argparse.Namespace) -> None:
    """Checks the root of a run as `compile` would: workers elsewhere see a bucket alone."""
    root = options.pipeline_root
    if root is None or root.startswith(BUCKET):
        return
    for label, executor in package.spec["deploymentSpec"]["executors"].items():
        if NATIVE_URIS in executor.get("container", {}).get("args", ()):
            raise ConfigError(
                f"--pipeline-root {root}: the workers of {label} could not read or write there",
                expected="a root such as gs://BUCKET/FOLDER, as its Beam runner is distributed",
                fix="correct --pipeline-root, or leave it out",
            )


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Sends descriptors 1 and 2 nowhere: native code writes to them beside sys.stderr."""
    _flush()
    kept = os.dup(1), os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        for descriptor in (1, 2):
            os.dup2(nowhere, descriptor)
        yield
    finally:
        _flush()
        for descriptor, copy in zip((1, 2), kept, strict=True):
            os.dup2(copy, descriptor)
            os.close(copy)
        os.close(nowhere)


def _flush() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
