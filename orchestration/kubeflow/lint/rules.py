"""All rules, and what comes of them."""

from collections.abc import Callable, Iterator

from orchestration.kubeflow.lint import (
    container_rules,
    graph_rules,
    path_rules,
    platform_rules,
    spec_rules,
)
from orchestration.kubeflow.lint.documents import Documents, Json
from orchestration.kubeflow.lint.faults import Fault
from usecase.kubeflow import Target

Rule = Callable[[Documents], Iterator[Fault]]

RULES: tuple[Rule, ...] = (
    spec_rules.schema_version,
    spec_rules.pipeline_name,
    spec_rules.task_names,
    spec_rules.parameters_have_defaults,
    spec_rules.constants_are_values,
    spec_rules.artifact_types_have_titles,
    graph_rules.root_has_tasks,
    graph_rules.references_resolve,
    graph_rules.producers_exist,
    graph_rules.parents_have_inputs,
    graph_rules.inputs_are_fed,
    graph_rules.conditions_read_inputs,
    graph_rules.no_cycles,
    container_rules.executor_kinds,
    container_rules.importer_uris,
    container_rules.images_are_pinned,
    container_rules.containers_have_commands,
    container_rules.no_lifecycle,
    container_rules.arguments_fit,
    container_rules.executor_inputs_fit,
    container_rules.pushers_are_not_cached,
    path_rules.paths_are_visible,
    path_rules.data_are_absolute,
    platform_rules.document_fits_target,
    platform_rules.artifacts_have_a_root,
    platform_rules.platforms_are_known,
    platform_rules.platform_executors_exist,
    platform_rules.platform_fields_are_known,
    platform_rules.volumes_and_secrets_have_names,
    platform_rules.secret_variables_are_named,
)


def lint(spec: Json, platform: Json | None, target: Target) -> list[Fault]:
    """Returns what is wrong with a compiled pipeline; nothing if a cluster would run it.

    Args:
        spec: A PipelineSpec, or the PipelineJob of Vertex AI around one, as read from its file.
        platform: The document for Kubernetes; None if there is none.
        target: What is to run it.
    """
    documents = Documents.of(spec, platform, target)
    faults = (fault for rule in RULES for fault in rule(documents))
    return list(dict.fromkeys(faults))
