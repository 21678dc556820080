"""Executables that stand in for what this machine lacks, and small models to serve.

What `real_binary` and `real_docker` make has a real server behind it, the embedded one: their
command lines are really read. `tiny_binary` makes a
tensorflow_model_server that answers for its status alone, starts in no time and can fail.
"""

import os
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from usecase.paths import PROJECT_ROOT

MAIN = "import sys; from serving.__main__ import main; sys.exit(main(sys.argv[1:]))"
SLOW = 120  # seconds that a busy machine may need to start a server
# Goes on as a root that may write only where others could (Linux: PR_CAPBSET_DROP,
# CAP_DAC_OVERRIDE); for anyone else it changes nothing.
OBEY = (
    "import ctypes, os, sys; ctypes.CDLL(None).prctl(24, 1, 0, 0, 0); "
    "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
)
TOOLS = ("bash", "curl", "grep", "sh", "sleep", "touch")

TINY = """
import http.server, json, os, signal, sys
mode = os.environ.get("TINY_MODE", "ready")
flags = dict(flag[2:].partition("=")[::2] for flag in sys.argv[1:])
print("flags:", json.dumps(flags), "pid:", os.getpid(), flush=True)
if mode == "dies":
    print("line one\\nFailed to start server. Error: the reason", file=sys.stderr, flush=True)
    sys.exit(7)
if mode == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
STATE = {"never": "LOADING"}.get(mode, "AVAILABLE")

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if mode == "dies later" and os.path.exists(os.environ["TINY_END"]):
            print("out of memory", flush=True)
            os._exit(9)
        status = {"error_code": "OK", "error_message": ""}
        version = {"version": "3", "state": STATE, "status": status}
        body = json.dumps({"model_version_status": [version]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

http.server.ThreadingHTTPServer(("127.0.0.1", int(flags["rest_api_port"])), Handler).serve_forever()
"""

DOCKER = """
import csv, json, os, subprocess, sys
arguments, folder = sys.argv[1:], os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(folder, "calls.jsonl"), "a") as file:
    file.write(json.dumps(arguments) + "\\n")
if arguments[:2] == ["image", "inspect"]:
    sys.exit(0 if os.environ.get("DOCKER_HAS_IMAGE", "1") == "1" else 1)
if arguments[0] == "pull":
    print("pull: no such host", file=sys.stderr)
    sys.exit(1)
if arguments[0] != "run":
    sys.exit(0)
ports, mounts, options = {}, {}, arguments[1:]
while options[0].startswith("-"):
    option = options.pop(0)
    if option in ("--rm", "--init"):
        continue
    value = options.pop(0)
    if option == "-p":
        host, outside, inside = value.rsplit(":", 2)
        ports[inside] = outside
    elif option == "--mount":
        (fields,) = csv.reader([value])
        pairs = dict(field.partition("=")[::2] for field in fields)
        mounts[pairs["target"]] = pairs["source"]
image, *flags = options
def outside(flag):
    name, equals, value = flag.partition("=")
    if name in ("--port", "--rest_api_port"):
        value = ports[value]
    return f"{name}{equals}{mounts.get(value, value)}"
command = [sys.executable, "-m", "model_server", f"--host={host}", *map(outside, flags)]
os.execv(sys.executable, command)
"""


def script(folder: Path, name: str, text: str) -> Path:
    """An executable file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def tiny_binary(folder: Path) -> Path:
    return script(folder, "tensorflow_model_server", f"#!{sys.executable} -S\n{TINY}")


def real_binary(folder: Path) -> Path:
    return script(
        folder,
        "tensorflow_model_server",
        f'#!/bin/sh\nPYTHONPATH={PROJECT_ROOT} exec {sys.executable} -m model_server "$@"\n',
    )


def real_docker(folder: Path) -> Path:
    before = f"import os\nos.environ['PYTHONPATH'] = {str(PROJECT_ROOT)!r}\n"
    return script(folder, "docker", f"#!{sys.executable}\n{before}{DOCKER}")


def silent_docker(folder: Path) -> Path:
    """A docker whose engine does not answer."""
    return script(folder, "docker", "#!/bin/sh\nexec sleep 60\n")


def versions(folder: Path, *numbers: int) -> Path:
    """A folder of versions for a server that looks into none."""
    for number in numbers:
        (folder / str(number)).mkdir(parents=True)
        (folder / str(number) / "saved_model.pb").touch()
    return folder


def path_of(*folders: Path) -> str:
    """A PATH of these, and of what tests and scripts need: no docker, no binary of the system's."""
    tools = folders[0].parent / "tools"
    tools.mkdir(exist_ok=True)
    for name in TOOLS:
        found = shutil.which(name)
        if found and not (tools / name).exists():
            (tools / name).symlink_to(found)
    return os.pathsep.join(map(str, (*folders, tools)))


def wait_until(true: Callable[[], bool], seconds: float = 20.0) -> bool:
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def is_running(pid: int) -> bool:
    """Whether a process runs; one that ended and that nobody has asked for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):  # the latter: it ended while it was read
        return False
    return state != "Z"


def python(*arguments: str, **options) -> subprocess.Popen:
    """A Python in the project's root."""
    return subprocess.Popen([sys.executable, *arguments], cwd=PROJECT_ROOT, text=True, **options)


class Up:
    """`python -m serving up` as a process whose output is read."""

    def __init__(self, log, *arguments, path=None, **environment):
        self.log = log
        with log.open("w") as out:
            self.process = python(
                "-c",
                OBEY,
                "-c",
                MAIN,
                "up",
                *map(str, arguments),
                stdout=out,
                stderr=subprocess.STDOUT,
                env={
                    **os.environ,
                    "PYTHONUNBUFFERED": "1",
                    "TMPDIR": str(log.parent),
                    "PYTHONIOENCODING": "utf-8",
                    **({"PATH": path} if path else {}),
                    **environment,
                },
            )

    def output(self):
        return self.log.read_text(encoding="utf-8")

    def waits_for(self, text):
        wait_until(lambda: text in self.output() or self.process.poll() is not None, SLOW)
        assert text in self.output(), self.output()

    def ends(self, number=None):
        if number is not None:
            self.process.send_signal(number)
        return self.process.wait(30)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
