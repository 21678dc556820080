"""A store is ready before a run begins: the SQLite file with its faults, and where servers are."""

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from ml_metadata.metadata_store import metadata_store as mlmd
from ml_metadata.proto import metadata_store_pb2

from orchestration.local import sqlite_store, store_probe
from orchestration.local.metadata_store import connection_config, connection_to, sqlite_config
from orchestration.local.store_checks import ready_store
from orchestration.local.workspace import Workspace
from orchestration.plan import make_plan
from tests.orchestration.databases.process import NOBODY, free_port
from usecase.errors import UserError
from usecase.loading import load_use_case
from usecase.paths import PROJECT_ROOT

TAXI = PROJECT_ROOT / "configs" / "taxi.yaml"
USE_CASE = load_use_case(TAXI)
RUN = "2026-11-26T10-00-00"


def on_server(url):
    return USE_CASE.model_copy(update={"metadata": url})


@pytest.fixture
def workspace(tmp_path):
    return Workspace(tmp_path / "outputs", "taxi")


@pytest.fixture
def filled(workspace):
    """A workspace whose store holds three executions, with their artifacts."""
    store = mlmd.MetadataStore(sqlite_config(workspace.metadata))
    kind = store.put_execution_type(metadata_store_pb2.ExecutionType(name="Trainer"))
    ids = store.put_executions([metadata_store_pb2.Execution(type_id=kind) for _ in range(3)])
    assert ids == [1, 2, 3]
    for number in ids:
        folder = workspace.artifacts / "Trainer" / "model" / str(number)
        folder.mkdir(parents=True)
        (folder / "weights").write_text(f"weights {number}")
    return workspace


def refusal(workspace, use_case=USE_CASE):
    before = tree(workspace.root)
    with pytest.raises(UserError) as caught:
        ready_store(use_case, workspace, RUN)
    assert tree(workspace.root) == before
    return caught.value


def tree(root):
    return {
        path.relative_to(root): path.read_bytes() if path.is_file() else None
        for path in root.rglob("*")
    }


def weights(folder):
    return sorted(path.read_text() for path in folder.rglob("weights"))


def test_by_default_it_is_a_file_in_the_output_folder(workspace):
    config = connection_config(USE_CASE, workspace)
    assert config.sqlite.filename_uri == str(workspace.metadata)
    assert workspace.metadata.parent.is_dir()
    assert connection_to(None, workspace) == config


def test_a_server_is_told_the_password_of_the_environment(workspace, monkeypatch):
    monkeypatch.setenv("METADATA_PASSWORD", "it's \\ open")
    mysql = connection_config(
        on_server("mysql://me@db:3307/ml?ssl_mode=preferred"), workspace
    ).mysql
    assert (mysql.host, mysql.port, mysql.user, mysql.database) == ("db", 3307, "me", "ml")
    assert (mysql.password, mysql.HasField("ssl_options")) == ("it's \\ open", True)
    # libpq's own quoting: ML Metadata writes the value into a connection string as it is.
    other = connection_config(on_server("postgresql://me@db/ml"), workspace).postgresql
    assert (other.host, other.port, other.user, other.dbname) == ("db", "5432", "me", "ml")
    assert other.password == "'it\\'s \\\\ open'"
    assert not workspace.root.exists()


def test_without_a_password_none_is_sent(workspace, monkeypatch):
    monkeypatch.delenv("METADATA_PASSWORD", raising=False)
    config = connection_config(on_server("postgresql://me@db/ml"), workspace)
    assert config.postgresql.password == ""


def test_where_results_are_kept_is_no_part_of_a_plan(tmp_path):
    config = tmp_path / "taxi.yaml"
    config.write_text(f"{TAXI.read_text()}\nmetadata: mysql://me@db/ml\n")
    assert make_plan(str(config)).key() == make_plan(str(TAXI)).key()


def test_a_first_run_finds_nothing_and_writes_nothing(workspace):
    assert ready_store(USE_CASE, workspace, RUN) == ()
    assert list(workspace.metadata.parent.iterdir()) == []


def test_a_sound_store_stays_as_it_is(filled):
    before = tree(filled.root)
    assert ready_store(USE_CASE, filled, RUN) == ()
    assert tree(filled.root) == before
    assert store_probe.last_execution(connection_config(USE_CASE, filled)) == 3


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def garble(path):
    path.write_bytes(b"no database " * 1000)


def damage(path):
    """Writes over the middle of every page but the first, as a bad disk does."""
    data = bytearray(path.read_bytes())
    for page in range(4096, len(data), 4096):
        data[page : page + 200] = b"\xa5" * 200
    path.write_bytes(data)


@pytest.mark.parametrize("fault", [cut, garble, damage])
def test_a_corrupt_store_is_moved_aside_with_its_artifacts(filled, fault):
    fault(filled.metadata)
    corrupt = filled.metadata.read_bytes()
    moved, unknown = ready_store(USE_CASE, filled, RUN)
    (aside,) = filled.metadata.parent.iterdir()
    assert aside.name.startswith("metadata.db.corrupt-")
    assert aside.read_bytes() == corrupt
    assert str(aside) in moved
    assert "the last push stays the baseline" in moved
    (artifacts,) = filled.artifacts.parent.iterdir()
    assert artifacts.name.startswith("taxi.aside-")
    assert str(artifacts) in unknown
    assert weights(artifacts) == ["weights 1", "weights 2", "weights 3"]
    assert ready_store(USE_CASE, filled, RUN) == ()


def test_what_sqlite_leaves_beside_a_corrupt_store_goes_with_it(filled):
    garble(filled.metadata)
    filled.metadata.with_name("metadata.db-shm").write_text("half a change")
    ready_store(USE_CASE, filled, RUN)
    endings = sorted(p.name.rpartition("-")[2] for p in filled.metadata.parent.iterdir())
    assert len(endings) == 2
    assert endings[-1] == "shm"


@pytest.mark.parametrize("gone", ["deleted", "emptied"])
def test_a_new_store_does_not_count_into_old_folders(filled, gone):
    filled.metadata.unlink()
    if gone == "emptied":
        filled.metadata.touch()
    (warning,) = ready_store(USE_CASE, filled, RUN)
    assert "knows nothing of earlier artifacts" in warning
    assert not filled.artifacts.exists()


def test_a_store_that_is_ahead_of_its_artifacts_keeps_them(filled):
    (filled.artifacts / "Trainer" / "model" / "3").rename(filled.root / "gone")
    assert ready_store(USE_CASE, filled, RUN) == ()
    assert weights(filled.artifacts) == ["weights 1", "weights 2"]


def test_two_in_one_second_are_both_kept(filled):
    for _ in range(2):
        garble(filled.metadata)
        ready_store(USE_CASE, filled, RUN)
    assert len(list(filled.metadata.parent.iterdir())) == 2


def test_a_store_of_a_newer_version_is_told_and_not_moved(filled):
    with sqlite3.connect(filled.metadata) as file:
        file.execute("UPDATE MLMDEnv SET schema_version = 99")
    error = refusal(filled)
    assert "database version 99 is greater than library version" in error.what
    assert "environment that wrote it" in error.fix


def test_a_store_that_is_in_use_is_told_and_not_moved(filled, monkeypatch):
    monkeypatch.setattr(sqlite_store, "LOCK_WAIT_S", 0.3)
    with sqlite3.connect(filled.metadata, isolation_level=None) as file:
        file.execute("BEGIN EXCLUSIVE")
        error = refusal(filled)
        file.execute("ROLLBACK")
    assert f"locked by another process: {filled.metadata}" in error.what
    assert ready_store(USE_CASE, filled, RUN) == ()


HOLD = """
import sqlite3, sys
file = sqlite3.connect(sys.argv[1], isolation_level=None)
file.execute("BEGIN EXCLUSIVE")
file.execute("CREATE TABLE half (id)")
print("locked", flush=True)
sys.stdin.read()
"""


def test_a_lock_that_ends_soon_is_waited_for(filled):
    command = [sys.executable, "-c", HOLD, str(filled.metadata)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"locked\n"
        # A kill in the middle of a change: SQLite takes it back.
        subprocess.Popen(["/bin/sh", "-c", f"sleep 1; kill -9 {holder.pid}"])
        assert ready_store(USE_CASE, filled, RUN) == ()
    with sqlite3.connect(filled.metadata) as file:
        found = file.execute("SELECT name FROM sqlite_master WHERE name = 'half'").fetchall()
    assert found == []


def test_a_folder_in_its_place(workspace):
    (workspace.metadata / "mine").mkdir(parents=True)
    error = refusal(workspace)
    assert error.what == f"the metadata store is no file: {workspace.metadata}"


def test_a_file_in_the_place_of_its_folder(workspace):
    workspace.root.mkdir()
    (workspace.root / "metadata").touch()
    assert "cannot be read and written" in refusal(workspace).what


CHECK = """
import os, sys
from pathlib import Path
from orchestration.local.sqlite_store import require_sound
from usecase.errors import UserError
os.setuid(int(sys.argv[2]))
try:
    print("warning", require_sound(Path(sys.argv[1])))
except UserError as error:
    print(error)
"""


@pytest.fixture
def checked(filled):
    """Returns a function from permissions to what another account than root is told of a store."""
    # Not below pytest's own folder, which root's tests keep to root.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "metadata.db"
        shutil.copyfile(filled.metadata, path)
        command = [sys.executable, "-c", CHECK, str(path), str(os.getuid() or NOBODY)]

        def check(folder_mode, mode):
            path.chmod(mode)
            path.parent.chmod(folder_mode)
            done = subprocess.run(
                command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=True
            )
            path.parent.chmod(0o755)
            return done.stdout.replace(str(path), "PATH")

        yield check


@pytest.mark.parametrize("modes", [(0o777, 0o444), (0o777, 0o000), (0o555, 0o666)])
def test_what_may_not_be_written_or_read(checked, modes):
    said = checked(*modes)
    assert said.startswith("the metadata store cannot be read and written: PATH (")
    assert "mend its permissions" in said
    assert checked(0o777, 0o666) == "warning \n"


def test_a_server_that_is_not_there(workspace):
    port = free_port()
    error = refusal(workspace, on_server(f"postgresql://me@127.0.0.1:{port}/ml"))
    assert error.what == f"metadata server not reachable: 127.0.0.1:{port} (Connection refused)"
    assert error.expected == "a postgresql server that listens there"


def test_a_server_that_never_answers(workspace, monkeypatch):
    monkeypatch.setattr(store_probe, "ANSWER_S", 3.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        error = refusal(workspace, on_server(f"mysql://me@127.0.0.1:{port}/ml"))
    assert "no answer in 3 s" in error.what


def test_the_check_needs_no_tensorflow(filled):
    program = (
        "import json, sys; from pathlib import Path\n"
        "from orchestration.local.store_checks import ready_store\n"
        "from orchestration.local.workspace import Workspace\n"
        "from usecase.loading import load_use_case\n"
        f"ready_store(load_use_case({str(TAXI)!r}), Workspace(Path(sys.argv[1]), 'taxi'), 'run')\n"
        "print(json.dumps([m for m in ('tensorflow', 'tfx', 'pandas') if m in sys.modules]))"
    )
    command = [sys.executable, "-c", program, str(filled.root)]
    done = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []
