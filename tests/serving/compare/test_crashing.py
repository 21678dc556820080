"""A canary that ends its server."""

import threading

import pytest

from serving.client import ServingClient
from serving.compare.asking import Asking
from serving.compare.comparison import compare
from serving.compare.report import text, verdict
from serving.compare.sides import both, read_requests
from serving.errors import ServingError
from tests.model_server.world import free_port, launch, model_configs
from tests.serving.compare import compare_models


@pytest.fixture(scope="module")
def crashes(tmp_path_factory, data):
    """Two servers of one address, the second in place of the first, both ended by the canary.

    What was asked of the first, its answer after it was started again, and the comparison on the
    second, which nobody starts again.
    """
    folder = tmp_path_factory.mktemp("crashing")
    config = folder / "models.config"
    config.write_text(model_configs(compare_models.write(folder / "models", "crashing")))
    flags = (f"--model_config_file={config}", "--allow_version_labels_for_unavailable_models")
    first, again = launch(*flags), []

    def start_again():
        first.process.wait(60)
        grpc, rest = (address.rpartition(":")[2] for address in (first.grpc, first.rest))
        again.append(launch(*flags, f"--port={grpc}", f"--rest_api_port={rest}"))

    thread = threading.Thread(target=start_again)
    with first, both(first.rest, "crashing", 10.0) as (stable, canary):
        read_requests(data.path, 100, stable, canary)
        thread.start()
        try:
            asked = Asking(stable, canary, come_back=60).run()
        finally:
            thread.join()
        with again[0]:
            answer = stable.predict(0)
            found = compare(first.grpc, "crashing", data.path, label_column="y", come_back=1.5)
            again[0].process.wait(10)
    return asked, answer, found


def test_a_crashing_canary_is_named(crashes):
    found = crashes[2]
    assert (found.is_worse, found.is_better(1.0), found.rows) == (True, False, 0)
    assert [finding.kind for finding in found.findings] == ["crashing"]
    assert verdict(found) == (
        "✘ canary 2 is worse than stable 1: crashing: the server was lost while canary 2 was "
        "asked, and did not come back within 1.5 s"
    )
    assert found.errors["canary"].codes == {"CONNECTION LOST": 1}
    assert found.errors["stable"].count == 0
    assert "ended early" not in text(found)  # which the verdict says


def test_a_canary_that_crashed_its_server_is_asked_no_second_time(crashes):
    asked, answer, _ = crashes
    assert asked.crash.startswith("the server was lost while canary 2 was asked, and came back af")
    assert [failure.is_lost for failure in asked.failures["canary"]] == [True]
    assert (asked.pairs, asked.sent, asked.ended) == ([], 0, asked.crash)
    assert answer["probability"].shape == (1,)


def test_a_server_that_is_lost_with_the_stable_version_is_not_the_canarys_fault(compared, data):
    with both(compared.rest, "good", 10.0) as (stable, canary):
        read_requests(data.path, 100, stable, canary)
        with ServingClient(f"http://127.0.0.1:{free_port()}", "good", retries=0) as gone:
            stable.client = gone
            with pytest.raises(ServingError, match="was lost while stable 1 was asked") as caught:
                Asking(stable, canary, come_back=0.5).run()
    assert "back within 0.5 s" in caught.value.expected
    assert "nothing here says that the canary did it" in caught.value.fix
