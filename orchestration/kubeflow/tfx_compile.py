"""The one place that asks TFX: for its pipeline spec of the graph, and for what nodes are told."""

import contextlib
import gc
import os
from collections.abc import Iterator, Mapping
from typing import Any

from orchestration import fingerprints
from orchestration.kubeflow.cluster_places import SCHEMA_GEN, cluster_places
from orchestration.kubeflow.entrypoint.span_files import WHOLE_SPANS
from orchestration.kubeflow.kfp_runtime import KFP_RUNTIME
from orchestration.located_data import BY_ARROW
from orchestration.plan import Plan
from pipeline.stage_names import EXAMPLE_GENS
from usecase.config import Server, UseCase
from usecase.kubeflow import Kubeflow, Target
from usecase.paths import PROJECT_ROOT

ENTRYPOINT = "orchestration.kubeflow.entrypoint"
COMMAND = ("python", "-m", ENTRYPOINT)
Properties = Mapping[str, Mapping[str, Any]]


class Graph:
    """The nodes of a plan, on a cluster.

    Args:
        plan: What is to run.
        kubeflow: Its `kubeflow` section.
        target: Where it is to run.
    """

    def __init__(self, plan: Plan, kubeflow: Kubeflow, target: Target) -> None:
        with _fast_imports():
            from tfx.orchestration.kubeflow.v2 import kubeflow_v2_dag_runner

            from pipeline.graph import create_nodes

        self._create_nodes = create_nodes
        self._tfx = kubeflow_v2_dag_runner
        self._plan = plan
        self._places = cluster_places(plan, kubeflow, target)
        self._nodes = self._create(plan.use_case)

    def properties_of(self, use_case: UseCase) -> Properties:
        """Returns the execution properties of each node by its id, were this the use case."""
        changed = use_case is not self._plan.use_case
        nodes = self._create(use_case) if changed else self._nodes
        return {
            node.id: {k: v for k, v in node.exec_properties.items() if v is not None}
            for node in nodes
        }

    def compile(self, pipeline_name: str, image: str) -> dict[str, Any]:
        """Returns the pipeline spec 2.1 as TFX has it: no cluster could run it yet.

        Args:
            pipeline_name: Its name.
            image: The image of every container.
        """
        from tfx.orchestration import pipeline

        compiled = self._tfx.KubeflowV2DagRunner(
            self._tfx.KubeflowV2DagRunnerConfig(
                default_image=image, default_commands=list(COMMAND), use_pipeline_spec_2_1=True
            )
        ).run(
            pipeline.Pipeline(
                pipeline_name=pipeline_name,
                pipeline_root="",
                components=self._nodes,
                enable_cache=True,
            ),
            write_out=False,
        )
        spec: dict[str, Any] = compiled["pipelineSpec"]
        return spec

    def code_digests(self) -> dict[str, str]:
        """Returns a digest of the code of each node by its id, the same on every machine.

        It makes a change of code a change of the key of Kubeflow's cache, which knows but the name
        of the image. The adapter that starts each node counts as its code.
        """
        from orchestration.node_keys import add_keys

        adapter = fingerprints.code_of([f"{ENTRYPOINT}.__main__"])
        keys = add_keys(self._nodes, self._plan.declaration)
        digests = {node_id: _without_machine(key.code | adapter) for node_id, key in keys.items()}
        source = self._plan.use_case.data.source
        if source in BY_ARROW:  # which executor it is, of data in spans, its pod decides
            of_spans = fingerprints.code_of([WHOLE_SPANS.rpartition(".")[0]])
            digests[EXAMPLE_GENS[source]] |= _without_machine(of_spans)
        if SCHEMA_GEN in digests:  # it reads the schema by path
            schema = fingerprints.file_digest(PROJECT_ROOT / self._places.schema)
            digests[SCHEMA_GEN] |= {self._places.schema: schema}
        return {node_id: fingerprints.combined(each) for node_id, each in digests.items()}

    def _create(self, use_case: UseCase) -> list[Any]:
        plan = self._plan
        return self._create_nodes(
            use_case,
            plan.declaration,
            self._places,
            tune=plan.tune,
            mobile=plan.mobile,
            server=_server(use_case),
            comparators=plan.comparators,
            spans=plan.compares_spans,
        )


def _server(use_case: UseCase) -> Server:
    """Returns the model server that judges in a container, which can start no other container."""
    return "binary" if use_case.serving.server == "binary" else "embedded"


def _without_machine(code: dict[str, str]) -> dict[str, str]:
    """Names what lies outside of the project by its file name alone; several may have one."""
    found: dict[str, list[str]] = {}
    for name, digest in code.items():
        found.setdefault(name.rpartition("/")[2] if name.startswith("/") else name, []).append(
            digest
        )
    return {name: " ".join(sorted(digests)) for name, digests in found.items()}


@contextlib.contextmanager
def _fast_imports() -> Iterator[None]:
    """Spares seconds while TFX is imported.

    Two things are left out: kfp's own compiler and client, which TFX needs neither of, and the
    garbage collector, which would walk objects that are here to stay over and over.
    """
    before = os.environ.get(KFP_RUNTIME)
    os.environ[KFP_RUNTIME] = "true"
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.freeze()  # the end of the process need not walk them either
        if before is None:
            del os.environ[KFP_RUNTIME]
        else:
            os.environ[KFP_RUNTIME] = before
