"""Runs: started, looked up, listed."""

import urllib.parse
import uuid
from collections.abc import Mapping
from typing import Any

from orchestration.kubeflow.api.create import create_once
from orchestration.kubeflow.api.errors import NOT_FOUND, ApiError
from orchestration.kubeflow.api.listing import every, named
from orchestration.kubeflow.api.package import Package
from orchestration.kubeflow.api.transport import Api, Document

PATH = "/runs"


def create_run(
    api: Api,
    package: Package,
    *,
    experiment_id: str,
    name: str,
    parameters: Mapping[str, Any],
    pipeline_root: str | None = None,
    service_account: str | None = None,
) -> str:
    """Starts one run of a pipeline, and never two.

    What each node may take from the cache is left as it was compiled.

    Args:
        api: The API.
        package: The pipeline.
        experiment_id: What the run belongs to.
        name: Its display name.
        parameters: Values in place of the pipeline's defaults.
        pipeline_root: Where artifacts go; None: as the cluster is configured.
        service_account: The Kubernetes service account of its pods; None: the cluster's.

    Returns:
        The run's id.

    Raises:
        ApiError: If the server refused it, or if it is unknown whether it was started.
    """
    mark = f"kubeflow_runner.py submit, request {uuid.uuid4().hex}"
    body: Document = {
        "display_name": name,
        "description": mark,
        "experiment_id": experiment_id,
        "pipeline_spec": package.body,
        "runtime_config": runtime_config(parameters, pipeline_root),
    }
    if service_account:
        body["service_account"] = service_account

    def find() -> Document | None:
        runs = every(api, PATH, "runs", experiment_id=experiment_id, filter=named(name))
        return next((run for run in runs if run.get("description") == mark), None)

    return str(create_once(api, lambda: api.post(PATH, body), find)["run_id"])


def runtime_config(parameters: Mapping[str, Any], pipeline_root: str | None) -> Document:
    """Returns the part of a request that gives a run its values."""
    config: Document = {"parameters": dict(parameters)}
    if pipeline_root:
        config["pipeline_root"] = pipeline_root
    return config


def get_run(api: Api, run_id: str) -> Document:
    """Returns a run with its tasks.

    Raises:
        ApiError: If there is no such run, or no good answer.
    """
    try:
        return api.get(f"{PATH}/{urllib.parse.quote(run_id, safe='')}")
    except ApiError as error:
        if error.status == NOT_FOUND and not error.doubtful:
            raise ApiError(
                f"no such run: {run_id}",
                fix=f"its id is the last part of its page's address; see the last runs with "
                f"status --host {api.address}",
                status=NOT_FOUND,
            ) from error
        raise


def last_runs(api: Api, experiment_id: str, count: int) -> list[Document]:
    """Returns the newest runs of an experiment, the newest first.

    Raises:
        ApiError: If the server gives no good answer.
    """
    page = api.get(PATH, experiment_id=experiment_id, page_size=count, sort_by="created_at desc")
    return list(page.get("runs") or [])
