"""Pipelines and their versions, as the cluster keeps them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from orchestration.kubeflow.api.create import create_once
from orchestration.kubeflow.api.listing import every, named
from orchestration.kubeflow.api.package import Package
from orchestration.kubeflow.api.transport import Api, Document

PATH = "/pipelines"


class Version(NamedTuple):
    """A version of a pipeline on the cluster.

    Attributes:
        pipeline_id: The pipeline.
        version_id: Its version.
        is_new: Whether it was uploaded just now.
    """

    pipeline_id: str
    version_id: str
    is_new: bool

    @property
    def reference(self) -> Document:
        """What a recurring run names it by."""
        return {"pipeline_id": self.pipeline_id, "pipeline_version_id": self.version_id}


def upload_version(api: Api, package: Package, name: str) -> Version:
    """Returns the version of this name; it is uploaded if the cluster does not have it.

    The pipeline is made first where the cluster does not know it.

    Raises:
        ApiError: If the server refused it, or gives no good answer.
    """
    pipeline_id = _find_or_create_pipeline(api, package.name)
    path = f"{PATH}/{pipeline_id}/versions"

    def find() -> Document | None:
        there = every(api, path, "pipeline_versions", filter=named(name))
        return next((version for version in there if version["display_name"] == name), None)

    known = find()
    version = known or create_once(
        api,
        lambda: api.upload(
            f"{PATH}/upload_version", package.text, name=name, pipelineid=pipeline_id
        ),
        find,
    )
    return Version(pipeline_id, str(version["pipeline_version_id"]), known is None)


def spec_of(api: Api, reference: Mapping[str, str]) -> dict[str, Any]:
    """Returns what was compiled, of a version on the cluster.

    Raises:
        ApiError: If the server gives no good answer.
    """
    pipeline, version = reference["pipeline_id"], reference["pipeline_version_id"]
    return dict(api.get(f"{PATH}/{pipeline}/versions/{version}").get("pipeline_spec") or {})


def _find_or_create_pipeline(api: Api, name: str) -> str:
    def find() -> Document | None:
        there = every(api, PATH, "pipelines", filter=named(name), namespace=api.namespace)
        return next((pipeline for pipeline in there if pipeline["display_name"] == name), None)

    body = {"display_name": name}
    if api.namespace:
        body["namespace"] = api.namespace
    pipeline = find() or create_once(api, lambda: api.post(PATH, body), find)
    return str(pipeline["pipeline_id"])
