"""MariaDB's server from Debian's packages, unpacked and not installed; else one that is there."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.orchestration.databases import certificates
from tests.orchestration.databases.process import Server, free_port

PASSWORD = 'it\'s a "secret" with \\ and space'
PACKAGES = ("mariadb-server-core", "liburing2", "libaio1", "libnuma1", "libpcre2-8-0")
FETCH_S = 300.0
TABLES = ("mysql_system_tables.sql", "mysql_performance_tables.sql", "mysql_system_tables_data.sql")
_QUOTED = PASSWORD.replace("\\", "\\\\").replace("'", "\\'")
USERS = f"""
FLUSH PRIVILEGES;
CREATE USER ml@'127.0.0.1' IDENTIFIED BY '{_QUOTED}';
GRANT ALL ON *.* TO ml@'127.0.0.1';
CREATE USER weak@'127.0.0.1' IDENTIFIED BY 'weak';
CREATE USER secured@'127.0.0.1' IDENTIFIED BY '{_QUOTED}' REQUIRE SSL;
GRANT ALL ON *.* TO secured@'127.0.0.1';
"""


class MariaDB(Server):
    """A server with three users: ml may all, secured the same but only with TLS, weak nothing.

    Attributes:
        port: Its port on the loopback.
    """

    def __init__(self):
        super().__init__("mariadb", signal="KILL")  # nothing has to outlive the test
        self._root = _unpacked(self.folder / "server")
        self.port = free_port()
        certificate, key = certificates.self_signed(self.folder)
        self.own(key)
        share = self._root / "usr" / "share" / "mysql"
        (self.folder / "data").mkdir()
        self.own(self.folder / "data")
        tables = "".join((share / name).read_text() for name in TABLES)
        start = "CREATE DATABASE mysql;\nUSE mysql;\n"
        self.do(self._command("--bootstrap"), start + tables + USERS, **self._libraries())
        self._tls = (f"--ssl-cert={certificate}", f"--ssl-key={key}")
        self.start()

    def start(self):
        """Starts it on the data that it has."""
        flags = (f"--port={self.port}", "--bind-address=127.0.0.1", *self._tls)
        flags += (f"--socket={self.folder}/socket",)
        self.launch(self._command(*flags), "ready for connections", **self._libraries())

    def url(self, database, user="ml", options=""):
        """Returns the address of a database."""
        return f"mysql://{user}@127.0.0.1:{self.port}/{database}{options}"

    def _command(self, *flags):
        share = self._root / "usr" / "share" / "mysql"
        places = (f"--datadir={self.folder}/data", f"--lc-messages-dir={share}")
        places += (f"--character-sets-dir={share}/charsets", f"--pid-file={self.folder}/pid")
        return [self._root / "usr" / "sbin" / "mariadbd", "--no-defaults", *places, *flags]

    def _libraries(self):
        folders = [*self._root.glob("usr/lib/*-linux-gnu"), *self._root.glob("lib/*-linux-gnu")]
        return {"LD_LIBRARY_PATH": ":".join(map(str, folders))}


def _unpacked(folder):
    """Returns the root below which the server lies; skips where there is none to be had."""
    if shutil.which("mariadbd"):
        return Path("/")
    if not shutil.which("apt-get"):
        pytest.skip("no MariaDB server, and no Debian packages to take one from")
    folder.mkdir()
    folder.chmod(0o755)
    fetched = folder / "packages"
    fetched.mkdir()
    download = ["apt-get", "download", *PACKAGES]
    if _fetch(download, fetched).returncode:
        _fetch(["apt-get", "update"], fetched)  # a list that was never fetched, or is too old
        failed = _fetch(download, fetched)
        if failed.returncode:
            pytest.skip(f"no MariaDB server: {failed.stderr.strip().splitlines()[-1]}")
    for package in fetched.glob("*.deb"):
        subprocess.run(["dpkg", "-x", str(package), str(folder / "root")], check=True)
    return folder / "root"


def _fetch(command, folder):
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=FETCH_S, check=False
    )
