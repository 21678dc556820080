"""Pipelines on a real database server: PostgreSQL always, MariaDB among the slow tests."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from orchestration.local.beside import Turns
from orchestration.local.execute import Executor
from orchestration.local.metadata_store import connection_config
from orchestration.local.store_checks import ready_store
from orchestration.local.store_probe import last_execution
from orchestration.local.workspace import Workspace
from tests.orchestration import tiny_nodes
from tests.orchestration.databases import mariadb, postgresql
from usecase.errors import UserError
from usecase.loading import load_use_case
from usecase.paths import PROJECT_ROOT

USE_CASE = load_use_case(PROJECT_ROOT / "configs" / "taxi.yaml")
SERVERS = {"postgresql": postgresql.PostgreSQL, "mariadb": mariadb.MariaDB}
NODES = ("First", "Fast", "Slow", "Last")
# Of another server than PostgreSQL, ML Metadata's client does not say why it was turned away.
WRONG = {
    "postgresql": 'password authentication failed for user "ml"',
    "mariadb": "mysql_real_connect failed",
}
NONE = {"postgresql": "no password supplied", "mariadb": "mysql_real_connect failed"}
RIGHTS = {"postgresql": "permission denied to create database", "mariadb": "Access denied"}


@pytest.fixture(
    scope="module", params=["postgresql", pytest.param("mariadb", marks=pytest.mark.slow)]
)
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def server(kind):
    started = SERVERS[kind]()
    yield started
    started.close()


@pytest.fixture(autouse=True)
def password(monkeypatch):
    assert postgresql.PASSWORD == mariadb.PASSWORD
    monkeypatch.setenv("METADATA_PASSWORD", mariadb.PASSWORD)


class Client:
    """A use case in an output folder, with its store on a server."""

    def __init__(self, folder, url, name="taxi"):
        self.workspace = Workspace(folder, name)
        self.use_case = USE_CASE.model_copy(update={"metadata": url, "name": name})

    @property
    def connection(self):
        return connection_config(self.use_case, self.workspace)

    def ready(self, run_id):
        return ready_store(self.use_case, self.workspace, run_id)

    def run(self, run_id, nodes=()):
        """Runs nodes, one if none are given; returns what became of each."""
        self.ready(run_id)
        nodes = nodes or [tiny_nodes.First()]
        name, artifacts = self.use_case.name, self.workspace.artifacts
        executor = Executor(name, nodes, artifacts, self.connection, run_id)
        with Turns(executor.nodes(), executor.run, ("Slow",)) as turns:
            return {node.id: turns.take(node.id).result for node in nodes}


def nodes_beside_each_other():
    for event in (tiny_nodes.SLOW_BEGUN, tiny_nodes.FAST_DONE):
        event.clear()
    first = tiny_nodes.First()
    slow = tiny_nodes.Slow(given=first.outputs["model"])
    fast = tiny_nodes.Fast(given=first.outputs["model"])
    return [first, fast, slow, tiny_nodes.Last(given=slow.outputs["model"])]


def states(results):
    return {name: result.state for name, result in results.items()}


def test_nodes_run_beside_each_other_and_are_reused(server, tmp_path):
    client = Client(tmp_path, server.url("reuse"))
    first = client.run("1", nodes_beside_each_other())
    assert states(first) == dict.fromkeys(NODES, "ran")
    assert tiny_nodes.THREADS["Slow"] is not threading.current_thread()
    second = client.run("2", nodes_beside_each_other())
    assert states(second) == dict.fromkeys(NODES, "cached")
    assert {result.reused_from for result in second.values()} == {"1"}
    assert second["Last"].outputs == first["Last"].outputs
    assert last_execution(client.connection) == 8
    assert not client.workspace.metadata.exists()


def test_use_cases_share_a_database_and_nothing_in_it(server, tmp_path):
    taxi = Client(tmp_path, server.url("shared"))
    trips = Client(tmp_path, server.url("shared"), "trips")
    run_id = "2026-11-26T02-00-00"  # both are started by one clock
    taxi.run(run_id)
    assert states(trips.run(run_id)) == {"First": "ran"}
    again = taxi.run("2026-11-27T02-00-00")
    assert states(again) == {"First": "cached"}
    assert all(
        taxi.workspace.artifacts in Path(uri).parents for uri in again["First"].outputs["model"]
    )


def test_another_machine_computes_what_it_has_no_files_of(server, tmp_path):
    here = Client(tmp_path / "here", server.url("machines"))
    there = Client(tmp_path / "there", server.url("machines"))
    here.run("1")
    here.workspace.root.rename(tmp_path / "not there")
    assert states(there.run("2")) == {"First": "ran"}
    assert there.ready("3") == ()


def test_a_run_of_the_same_second_elsewhere_is_turned_away(server, tmp_path):
    url = server.url("claims")
    Client(tmp_path / "here", url).ready("2026-11-26T02-00-00")
    with pytest.raises(UserError, match="in the same second") as caught:
        Client(tmp_path / "there", url).ready("2026-11-26T02-00-00")
    assert caught.value.fix == "run again"
    assert Client(tmp_path / "there", url).ready("2026-11-26T02-00-01") == ()


def test_several_begin_on_an_empty_database_at_once(server, tmp_path):
    def begin(number):
        return Client(tmp_path / str(number), server.url("empty")).ready("1-" + str(number))

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(begin, range(4))) == [()] * 4


def test_artifacts_of_another_store_are_moved_aside(server, tmp_path):
    Client(tmp_path, None).run("1")
    warnings = Client(tmp_path, server.url("moved")).ready("2")
    assert len(warnings) == 1
    assert "knows nothing of earlier artifacts" in warnings[0]
    # And back again: the file is as it was, its artifacts are not where it says they are.
    assert states(Client(tmp_path, None).run("3")) == {"First": "ran"}


@pytest.mark.parametrize(
    ("user", "given", "why"),
    [("ml", "wRong", WRONG), ("ml", "", NONE), ("nosuch", "wRong", None), ("weak", "weak", RIGHTS)],
)
def test_who_may_not(server, kind, tmp_path, monkeypatch, user, given, why):
    monkeypatch.setenv("METADATA_PASSWORD", given)
    client = Client(tmp_path, server.url("forbidden", user))
    with pytest.raises(UserError, match="cannot be used") as caught:
        client.ready("1")
    if why:
        assert why[kind] in caught.value.what
    assert f'user "{user}" with the password of METADATA_PASSWORD' in caught.value.expected
    assert "wRong" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_who_needs_no_password_gives_none(server, kind, tmp_path, monkeypatch):
    if kind == "mariadb":
        pytest.skip("every user of this server has one")
    monkeypatch.delenv("METADATA_PASSWORD")
    assert Client(tmp_path, server.url("trusted", "trusted")).ready("1") == ()


def test_tls_is_offered_where_it_is_asked_for(server, kind, tmp_path):
    if kind == "postgresql":
        pytest.skip("ML Metadata's client for PostgreSQL has no TLS")
    with pytest.raises(UserError, match="cannot be used") as caught:
        Client(tmp_path, server.url("tls", "secured")).ready("1")
    assert "ssl_mode=preferred" in caught.value.expected
    url = server.url("tls", "secured", "?ssl_mode=preferred")
    assert Client(tmp_path, url).ready("1") == ()


def test_a_server_that_comes_back_knows_what_ran(server, tmp_path):
    client = Client(tmp_path, server.url("again"))
    client.run("1")
    server.stop()
    try:
        with pytest.raises(UserError, match="not reachable"):
            client.ready("2")
    finally:
        server.start()
    assert states(client.run("2")) == {"First": "cached"}
