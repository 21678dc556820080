"""Experiments: what Kubeflow groups runs by."""

from orchestration.kubeflow.api.create import create_once
from orchestration.kubeflow.api.listing import every, named
from orchestration.kubeflow.api.transport import Api

PATH = "/experiments"


def find_experiment(api: Api, name: str) -> str | None:
    """Returns the id of the experiment with this name; None if there is none.

    Raises:
        ApiError: If the server gives no good answer.
    """
    found = every(api, PATH, "experiments", filter=named(name), namespace=api.namespace)
    return next((str(one["experiment_id"]) for one in found if one["display_name"] == name), None)


def find_or_create_experiment(api: Api, name: str) -> str:
    """Returns the id of the experiment with this name, which is made if there is none.

    Raises:
        ApiError: If the server gives no good answer.
    """
    known = find_experiment(api, name)
    if known is not None:
        return known
    body = {"display_name": name}
    if api.namespace:
        body["namespace"] = api.namespace

    def find() -> dict[str, str] | None:
        there = find_experiment(api, name)
        return None if there is None else {"experiment_id": there}

    return str(create_once(api, lambda: api.post(PATH, body), find)["experiment_id"])
