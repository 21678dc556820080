"""A database server for a test, in a folder of its own, which ends with the test's process."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

NOBODY = 65534
READY_S = 60.0
STOP_S = 20.0
# Reads until the test's process closes the pipe, or is gone, however it went.
WATCHED = '"$@" & child=$!; cat > /dev/null; kill -{signal} $child; wait $child'


class Server:
    """A server that listens on the loopback alone.

    Args:
        name: Of its folder.
        signal: What ends it at once.
    """

    def __init__(self, name, signal):
        # Not below pytest's own folder, which nobody else may enter: servers refuse to run as root.
        self.folder = Path(tempfile.mkdtemp(prefix=f"{name}-"))
        self.account = {}
        if os.getuid() == 0:
            os.chown(self.folder, NOBODY, NOBODY)
            self.account = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        self._signal = signal
        self._process = None

    def own(self, path):
        """Gives a file to the account under which the server runs."""
        if self.account:
            os.chown(path, NOBODY, NOBODY)
        return path

    def do(self, command, text="", **environment):
        """Runs a command to its end, as the server's account."""
        done = subprocess.run(
            [str(part) for part in command],
            input=text,
            capture_output=True,
            text=True,
            cwd=self.folder,
            env={**os.environ, **environment},
            timeout=READY_S,
            check=False,
            **self.account,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def launch(self, command, ready, **environment):
        """Starts the server and waits until its log says what it says when it is ready."""
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", WATCHED.format(signal=self._signal), "sh", *map(str, command)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env={**os.environ, **environment},
                **self.account,
            )
        end = time.monotonic() + READY_S
        while ready not in (said := (self.folder / "log").read_text()):
            assert time.monotonic() < end, said
            assert self._process.poll() is None, said
            time.sleep(0.05)

    def stop(self):
        """Ends the server; its folder stays."""
        if self._process:
            self._process.stdin.close()
            self._process.wait(STOP_S)
            self._process = None

    def close(self):
        """Ends the server and removes its folder."""
        self.stop()
        shutil.rmtree(self.folder)


def free_port():
    """Returns a port of the loopback on which nothing listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
