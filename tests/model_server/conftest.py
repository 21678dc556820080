"""The toy models, and one server with all of them for the tests that only ask."""

import pytest

from tests.model_server import toy_models as toys
from tests.model_server.world import launched, model_config, model_configs

TWO_VERSIONS = (
    "model_version_policy { all {} } "
    'version_labels { key: "stable" value: 123 } version_labels { key: "canary" value: 124 }'
)


@pytest.fixture(scope="session")
def toy_models(tmp_path_factory):
    """The base path of each toy model, by name."""
    return toys.write(tmp_path_factory.mktemp("toy_models"))


@pytest.fixture(scope="session")
def served(toy_models, tmp_path_factory):
    """A running server with every toy model that can be loaded.

    half_plus_two has its versions 123 (label stable) and 124 (label canary). Prometheus and the
    health service are on.
    """
    folder = tmp_path_factory.mktemp("served")
    (folder / "models.config").write_text(
        model_configs(
            *(
                model_config(name, path, TWO_VERSIONS if name == "half_plus_two" else "")
                for name, path in toy_models.items()
                if name != "corrupt"
            )
        )
    )
    (folder / "monitoring.config").write_text("prometheus_config { enable: true }")
    with launched(
        f"--model_config_file={folder / 'models.config'}",
        f"--monitoring_config_file={folder / 'monitoring.config'}",
        "--allow_version_labels_for_unavailable_models",
        "--enable_grpc_healthcheck_service",
    ) as running:
        yield running


@pytest.fixture(scope="session")
def predictions(served):
    """The PredictionService of `served`."""
    return served.predictions()


@pytest.fixture(scope="session")
def models_api(served):
    """The ModelService of `served`."""
    return served.models()


@pytest.fixture(scope="session")
def http(served):
    """`http(method, path, body=None)` to `served`, gives (status, headers, bytes)."""
    return served.http
