"""A node's Beam options as the arguments of its container, with workers that install nothing.

A distributed runner starts its workers from the node's own image, which holds Beam's harness. That
image is named with every argument list that is not empty, because TFX packs an sdist of itself for
the workers where no Beam argument says what they run.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from orchestration.kubeflow.beam_options import Value, flags
from orchestration.kubeflow.lint.images import HOW_TO_PIN, why_not_pinned
from usecase.errors import ConfigError
from usecase.kubeflow import Beam, Kubeflow

LOCAL = "DirectRunner"
# The others read and write paths of their own pod, or are code of ours that no worker should run.
DISTRIBUTABLE = "ExampleGen", "StatisticsGen", "Transform"
BUCKET = "gs://"

DATAFLOW_NEEDS = "project", "region", "temp_location"
FLINK_ADDRESSES = "flink_master", "job_endpoint"
SPARK_ADDRESSES = "spark_master_url", "spark_rest_url", "job_endpoint"
# What Beam takes for "start a cluster in this very pod".
IN_THE_POD = re.compile(r"\[(local|auto)\]|local(\[.*\])?|embed")
# Workers of these take their image from environment_config; Dataflow's from sdk_container_image.
PORTABLE = "FlinkRunner", "SparkRunner"

RESERVED = {
    "runner": "set beam.runner",
    "extra_package": "put the package into the image",
    "extra_packages": "put the packages into the image",
    "setup_file": "the image holds the project",
    "requirements_file": "put the packages into the image",
    "requirements_cache": "put the packages into the image",
    "sdk_location": "the image holds Beam",
    "save_main_session": "workers import the project, there is no main session",
    "prebuild_sdk_container_engine": "the image is built already",
    "worker_harness_container_image": "set sdk_container_image, if workers need another image",
}


def is_distributed(beam: Beam | None) -> bool:
    """Returns whether a node's Beam pipeline runs on other machines than its pod."""
    return beam is not None and beam.runner != LOCAL


def beam_arguments(beam: Beam | None, image: str, own: Iterable[str] = ()) -> list[str]:
    """Returns the Beam arguments of a node's container, in an order that depends on nothing else.

    Args:
        beam: Where the node's Beam pipeline runs; None is in its pod.
        image: The node's image, which workers run as well unless `sdk_container_image` is set.
        own: Arguments that the node has already, such as BigQueryExampleGen's project.

    Returns:
        `--name=value` each; none where there is nothing to say.

    Raises:
        ConfigError: If an option is unknown to Beam, does not fit, is missing, or would have
            workers install something.
    """
    beam = beam or Beam()
    _refuse_reserved(beam.options)
    options = {**beam.options, **_runners_own(beam)} if is_distributed(beam) else beam.options
    own = [one for one in own if _name(one) not in options]
    if not own and not options and not is_distributed(beam):
        return []
    for name in _images(beam):
        _require_pinned(name, str(options[name]))
    image = str(options.get("sdk_container_image", image))
    said = {"sdk_container_image": image, **_environment(beam, image), **options}
    return [*own, f"--runner={beam.runner}", *flags(said)]


def require_distributable(
    kubeflow: Kubeflow, node_ids: Iterable[str], pipeline_root: str | None
) -> None:
    """Checks that only nodes run on other machines that can, and that all reach their artifacts.

    Args:
        kubeflow: The configuration's section.
        node_ids: All nodes of the graph.
        pipeline_root: Where artifacts go; None if the cluster decides.

    Raises:
        ConfigError: If a node cannot be distributed, or workers could not see its artifacts.
    """
    for node_id in node_ids:
        beam = kubeflow.of_node(node_id).beam
        if beam is None or not is_distributed(beam):
            continue
        if not node_id.endswith(DISTRIBUTABLE):
            raise ConfigError(
                f"kubeflow: {node_id} cannot run on {beam.runner}: it works with files of its pod",
                expected=f"a distributed runner for {', '.join(DISTRIBUTABLE)} alone",
                fix="remove its `beam`; what is meant for some nodes belongs under kubeflow.nodes, "
                "not under kubeflow.defaults",
            )
        if not (pipeline_root or "").startswith(BUCKET):
            raise ConfigError(
                f"kubeflow: {node_id} on {beam.runner} needs a pipeline root that workers can read "
                f"and write (got {pipeline_root or 'what the cluster has configured'})",
                expected="a root such as gs://BUCKET/FOLDER",
                fix="set kubeflow.pipeline_root (kubeflow.vertex.pipeline_root on Vertex AI), or "
                "remove the node's `beam`",
            )


def _name(argument: str) -> str:
    return argument.removeprefix("--").partition("=")[0]


def _images(beam: Beam) -> list[str]:
    """Returns the options that name an image of workers."""
    kind = beam.options.get("environment_type", "DOCKER")
    in_docker = beam.runner in PORTABLE and kind == "DOCKER"
    names = ["sdk_container_image", *(["environment_config"] if in_docker else [])]
    return [name for name in names if name in beam.options]


def _require_pinned(name: str, image: str) -> None:
    why = why_not_pinned(image)
    if why:
        raise ConfigError(
            f"kubeflow: the Beam option {name}: {why}",
            expected="one that is always the same",
            fix=HOW_TO_PIN,
        )


def _refuse_reserved(options: Mapping[str, Value]) -> None:
    for name in sorted(options.keys() & RESERVED.keys()):
        raise ConfigError(
            f"kubeflow: the Beam option {name} is set by the pipeline, or would have workers "
            "install something",
            expected="workers that run the image as it is",
            fix=f"remove it: {RESERVED[name]}",
        )


def _runners_own(beam: Beam) -> dict[str, Value]:
    """Checks what a distributed runner must be told; returns what it is told beside that."""
    options = beam.options
    if beam.runner == "DataflowRunner":
        _require_all(beam, DATAFLOW_NEEDS)
        if not str(options["temp_location"]).startswith(BUCKET):
            raise _wrong(beam, "temp_location", "a folder gs://BUCKET/FOLDER")
        return {}
    addresses, packed = {
        "FlinkRunner": (FLINK_ADDRESSES, "flink_submit_uber_jar"),
        "SparkRunner": (SPARK_ADDRESSES, "spark_submit_uber_jar"),
    }[beam.runner]
    _require_one(beam, addresses)
    direct = "flink_master" in options or "spark_rest_url" in options
    # Else Beam starts a job server in the pod, in Java, which the image does not have.
    if direct and "job_endpoint" not in options and packed not in options:
        return {packed: True}
    return {}


def _require_all(beam: Beam, names: Sequence[str]) -> None:
    missing = [name for name in names if not beam.options.get(name)]
    if missing:
        raise ConfigError(
            f"kubeflow: {beam.runner} needs the Beam option {' and '.join(missing)}",
            expected=f"beam.options with {', '.join(names)}",
            fix=f"add {', '.join(f'{name}: ...' for name in missing)} there",
        )


def _require_one(beam: Beam, addresses: Sequence[str]) -> None:
    given = [name for name in addresses if beam.options.get(name)]
    if not given:
        raise ConfigError(
            f"kubeflow: {beam.runner} needs the address of its cluster",
            expected=f"beam.options with one of {', '.join(addresses)}",
            fix=f"add {addresses[0]}: ... there",
        )
    for name in given:
        if IN_THE_POD.fullmatch(str(beam.options[name])):
            raise _wrong(
                beam, name, "the address of a cluster; in the pod itself runs DirectRunner"
            )


def _wrong(beam: Beam, name: str, expected: str) -> ConfigError:
    return ConfigError(
        f"kubeflow: {beam.runner}: {name} is {beam.options[name]!r}",
        expected=expected,
        fix="correct this value",
    )


def _environment(beam: Beam, image: str) -> dict[str, Value]:
    """Returns what tells a portable runner how its workers start."""
    if beam.runner not in PORTABLE:
        return {}
    kind = str(beam.options.get("environment_type", "DOCKER"))
    if kind == "DOCKER":
        return {"environment_type": kind, "environment_config": image}
    if kind == "LOOPBACK":
        raise _wrong(beam, "environment_type", "DOCKER, EXTERNAL or PROCESS: workers are elsewhere")
    if not {"environment_config", "environment_options"} & beam.options.keys():
        raise ConfigError(
            f"kubeflow: {beam.runner} with environment_type {kind} needs environment_config",
            expected="EXTERNAL: HOST:PORT of worker pools that run the image with --worker_pool; "
            'PROCESS: {"command": "/opt/apache/beam/boot"} where the image is the worker\'s own',
            fix="add environment_config to beam.options",
        )
    return {}
