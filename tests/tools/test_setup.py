"""tools/setup.sh, run in a small world of its own: a PATH of fakes and a copy of the locks."""

import hashlib
import importlib.metadata
import importlib.util
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import setuptools
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LINES = ["tfx-1.16", "tfx-1.21"]
CUDA = (
    "cublas cuda-cupti cuda-nvcc cuda-nvrtc cuda-runtime cudnn cufft curand cusolver cusparse nccl"
    " nvjitlink"
)
BORROWED = "bash cat cp cut dirname env flock mkdir mktemp mv rm sed sha256sum sleep sort tail"

# Answers the proof as a good interpreter of one version does: with its own path.
FAKE_PYTHON = '[ "$4" = {version} ] && echo "$0"'
BROKEN_SHIM = 'echo "pyenv: python3.10: command not found" >&2; exit 127'
FAKE_UV = """
case $1 in
  --version) echo "uv {version}"; exit ;;
  venv) for venv; do :; done; mkdir -p "$venv/bin"; cp "$0" "$venv/bin/python" ;;
esac
echo "$* bytecode=${{PYTHONDONTWRITEBYTECODE:-written}}" >>"$CALLS"
[ "$1" != {verb} ] || {{ {misfortune}; }}
"""
# No candidate to build on, but it has pip, which "installs" new-uv and shows what it was asked for.
FAKE_PIP = """
case $* in *"pip install"*) ;; *) [ -z "$4" ]; exit ;; esac
while [ $# -gt 0 ]; do
  [ "$1" = --target ] && mkdir -p "$2/bin" && cp "$(dirname "$0")/new-uv" "$2/bin/uv"
  [ "$1" = -r ] && cat "$2" >>"$CALLS"
  shift
done
"""

FAKE_NVIDIA_SMI = """
echo nvidia-smi >>"$CALLS"
[ "$*" = "--query-gpu=driver_version --format=csv,noheader" ] && printf '{driver}\\n{driver}\\n'
"""

needs_no_opt_pyenv = pytest.mark.skipif(
    Path("/opt/pyenv/versions").exists(), reason="setup.sh would find its interpreters"
)


class World:
    """A repository and a PATH in a temporary folder."""

    def __init__(self, folder: Path):
        self.repo = folder / "repo"
        self.bin = folder / "bin"
        self.home = folder / "home"
        self.calls = folder / "calls"
        self.venv = self.repo / ".venv"
        (self.repo / "tools").mkdir(parents=True)
        shutil.copy(ROOT / "tools/setup.sh", self.repo / "tools")
        shutil.copytree(ROOT / "requirements", self.repo / "requirements")
        self.bin.mkdir()
        self.home.mkdir()
        self.calls.touch()
        for name in BORROWED.split():
            real = shutil.which(name)
            if real:
                (self.bin / name).symlink_to(real)
        self.add("timeout", 'shift 3; exec "$@"')
        self.machine()
        self.add("nvidia-smi", "exit 127")

    def machine(self, system="Linux", processor="x86_64", glibc="2.36"):
        self.add("uname", f'[ "$1" = -s ] && echo {system} || echo {processor}')
        self.add("getconf", f"echo glibc {glibc}" if glibc else "exit 1")

    def add(self, name: str, script: str, folder: Path | None = None) -> Path:
        path = (folder or self.bin) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    def add_python(self, version: str, folder: Path | None = None) -> Path:
        return self.add(f"python{version}", FAKE_PYTHON.format(version=version), folder)

    def add_gpu(self, driver="550.54.15") -> None:
        self.add("nvidia-smi", FAKE_NVIDIA_SMI.format(driver=driver))

    def add_uv(self, version="0.13.8", verb="nothing", misfortune="true", name="uv") -> None:
        self.add(name, FAKE_UV.format(version=version, verb=verb, misfortune=misfortune))

    def command(self, *words: str) -> list[str]:
        return [str(self.bin / "bash"), str(self.repo / "tools/setup.sh"), *words]

    def environment(self, **extra: str) -> dict[str, str]:
        mine = {"PATH": self.bin, "HOME": self.home, "TMPDIR": self.home, "CALLS": self.calls}
        return {name: str(value) for name, value in mine.items()} | extra

    def setup(self, *words: str, **extra: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            self.command(*words),
            env=self.environment(**extra),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def fits(self) -> bool:
        return self.setup("check").returncode == 0

    def syncs(self) -> list[str]:
        return [call for call in self.calls.read_text().splitlines() if call.startswith("pip sync")]


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


@pytest.fixture
def ready(world):
    world.add_python("3.10")
    world.add_uv()
    return world


def complaint(result) -> str:
    """The one line that a set-up which cannot go on leaves on stderr."""
    assert result.returncode == 2
    (line,) = result.stderr.splitlines()
    return line


# --- which line, which interpreter ---


def test_a_broken_shim_is_refused_and_the_interpreter_under_pyenv_taken(world):
    world.add("python3.10", BROKEN_SHIM)
    real = world.add_python("3.10", world.home / ".pyenv/versions/3.10.13/bin")
    assert world.setup("python").stdout == f"tfx-1.16 {real}\n"


def test_pyenv_is_looked_for_where_its_root_is(world, tmp_path):
    real = world.add_python("3.10", tmp_path / "elsewhere/versions/3.10.13/bin")
    result = world.setup("python", PYENV_ROOT=str(tmp_path / "elsewhere"))
    assert result.stdout == f"tfx-1.16 {real}\n"


def test_a_shim_does_not_hide_a_good_interpreter_further_down_the_path(world, tmp_path):
    world.add("python3.10", BROKEN_SHIM)
    real = world.add_python("3.10", tmp_path / "later")
    result = world.setup("python", PATH=f"{world.bin}:{tmp_path / 'later'}")
    assert result.stdout == f"tfx-1.16 {real}\n"


@pytest.mark.parametrize(
    ("glibc", "line"), [("2.36", "tfx-1.16"), ("2.39", "tfx-1.21"), ("2.41", "tfx-1.21")]
)
def test_the_newest_line_that_the_machine_can_run_is_taken(world, glibc, line):
    world.machine(glibc=glibc)
    world.add_python("3.10")
    world.add_python("3.12")
    assert world.setup("python").stdout.startswith(f"{line} ")


@needs_no_opt_pyenv
def test_an_interpreter_at_hand_goes_before_one_to_fetch(world):
    world.machine(glibc="2.41")
    real = world.add_python("3.10")
    assert world.setup("python").stdout == f"tfx-1.16 {real}\n"


@needs_no_opt_pyenv
def test_without_an_interpreter_one_is_to_be_fetched(world):
    assert world.setup("python").stdout == "tfx-1.16 3.10, to be fetched by uv\n"


def test_apple_silicon_runs_the_new_line(world):
    world.machine("Darwin", "arm64", glibc="")
    real = world.add_python("3.13")
    assert world.setup("python").stdout == f"tfx-1.21 {real}\n"


def test_the_line_can_be_chosen(world):
    world.machine(glibc="2.41")
    world.add_python("3.10")
    world.add_python("3.13")
    assert world.setup("python", LINE="tfx-1.16").stdout.startswith("tfx-1.16 ")


def test_the_interpreter_of_these_tests_passes_the_proof(world):
    world.machine(glibc="2.41")
    (world.bin / "python3").symlink_to(sys.executable)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    line = "tfx-1.16" if version == "3.10" else "tfx-1.21"
    result = world.setup("python", LINE=line)
    assert result.stdout == f"{line} {Path(sys.base_exec_prefix) / 'bin' / f'python{version}'}\n"


# --- the accelerator ---


@pytest.mark.parametrize(
    ("glibc", "python", "lock"),
    [("2.36", "3.10", "tfx-1.16-gpu"), ("2.39", "3.13", "tfx-1.21-gpu")],
)
def test_a_machine_with_a_gpu_takes_the_gpu_lock_of_its_line(world, glibc, python, lock):
    world.machine(glibc=glibc)
    world.add_gpu()
    real = world.add_python(python)
    assert world.setup("python").stdout == f"{lock} {real}\n"


@pytest.mark.parametrize(
    "nvidia_smi",
    [
        "echo NVIDIA-SMI has failed because it could not reach the NVIDIA driver; exit 9",
        "echo No devices were found; exit 6",
        "echo No devices were found",
        "echo 1 device failed >&2; exit 255",
        "kill -9 $$",
        "exit 0",
    ],
)
def test_an_nvidia_smi_that_shows_no_gpu_means_cpu(ready, nvidia_smi):
    ready.add("nvidia-smi", nvidia_smi)
    result = ready.setup("python")
    assert result.stdout.startswith("tfx-1.16 ")
    assert result.stderr == ""


@pytest.mark.skipif(
    Path("/usr/lib/wsl/lib/nvidia-smi").exists(), reason="setup.sh would find it there"
)
def test_no_nvidia_smi_means_cpu(ready):
    (ready.bin / "nvidia-smi").unlink()
    assert ready.setup("python").stdout.startswith("tfx-1.16 ")


@pytest.mark.skipif(not shutil.which("timeout"), reason="a hanging driver needs timeout")
def test_a_driver_that_hangs_means_cpu(ready):
    ready.add("timeout", f'shift 3; exec {shutil.which("timeout")} -s KILL 0.2 "$@"')
    ready.add("nvidia-smi", f"exec {shutil.which('sleep')} 60")
    start = time.monotonic()
    assert ready.setup("python").stdout.startswith("tfx-1.16 ")
    assert time.monotonic() - start < 10


@pytest.mark.parametrize(
    ("driver", "lock"),
    [("470.82.01", "tfx-1.16"), ("525.60.11", "tfx-1.16"), ("525.60.13", "tfx-1.16-gpu")],
)
def test_a_driver_that_is_too_old_for_cuda_12_means_cpu(ready, driver, lock):
    ready.add_gpu(driver)
    assert ready.setup("python").stdout.startswith(f"{lock} ")


def test_apple_silicon_is_not_asked_for_a_gpu(world):
    world.machine("Darwin", "arm64", glibc="")
    world.add_gpu()
    real = world.add_python("3.13")
    assert world.setup("python").stdout == f"tfx-1.21 {real}\n"
    assert "nvidia-smi" not in world.calls.read_text()


def test_the_accelerator_can_be_chosen(ready):
    assert ready.setup("python", ACCELERATOR="gpu").stdout.startswith("tfx-1.16-gpu ")
    ready.add_gpu()
    assert ready.setup("python", ACCELERATOR="cpu").stdout.startswith("tfx-1.16 ")


def test_a_gpu_lock_that_the_machine_cannot_use_is_refused(world):
    world.machine("Darwin", "arm64", glibc="")
    world.add_python("3.13")
    line = complaint(world.setup(ACCELERATOR="gpu"))
    assert "ACCELERATOR=gpu needs Linux x86_64" in line
    assert "Darwin arm64" in line


def test_an_unknown_accelerator_is_refused(ready):
    assert "choose cpu or gpu" in complaint(ready.setup(ACCELERATOR="tpu"))


# --- what is fetched, and what cannot be had ---


@needs_no_opt_pyenv
def test_with_neither_uv_nor_python_one_line_says_so(world):
    assert "no uv on PATH and no python3" in complaint(world.setup())
    assert not world.fits()


@needs_no_opt_pyenv
def test_a_python_that_uv_fetches_is_built_on(world):
    world.add_uv(verb="python", misfortune="[ $2 = install ] || echo /fetched/python3.10")
    assert world.setup().returncode == 0
    assert "python install 3.10" in world.calls.read_text()
    assert "venv --quiet --python /fetched/python3.10" in world.calls.read_text()


@needs_no_opt_pyenv
def test_a_python_that_cannot_be_fetched_is_one_line(world):
    world.add_uv(verb="python", misfortune="echo no network >&2; exit 1")
    line = complaint(world.setup())
    assert "Python 3.10" in line
    assert "no network" in line
    assert "install it" in line


@pytest.mark.parametrize(
    "machine", [("Linux", "aarch64"), ("Darwin", "x86_64"), ("Linux", "x86_64", "")]
)
def test_a_machine_without_wheels_is_one_line(world, machine):
    world.machine(*machine)
    assert "TFX has no wheels for this machine" in complaint(world.setup())


def test_a_line_that_the_machine_cannot_run_is_refused(ready):
    line = complaint(ready.setup(LINE="tfx-1.21"))
    assert "glibc 2.39" in line
    assert "2.36" in line


@pytest.mark.parametrize("words", [{"LINE": "tfx-2"}, {}])
def test_an_unknown_word_is_refused(ready, words):
    result = ready.setup(**words) if words else ready.setup("pyhton")
    assert "expected" in complaint(result) or "choose one of" in complaint(result)


# --- the stamp ---


def test_a_set_up_that_fits_is_left_alone_in_silence(ready):
    assert ready.setup().returncode == 0
    calls = ready.calls.read_text()
    start = time.monotonic()
    again = ready.setup()
    assert time.monotonic() - start < 1
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert ready.calls.read_text() == calls
    assert ready.fits()


def test_another_lock_does_not_fit(ready):
    ready.setup()
    with (ready.repo / "requirements/tfx-1.16.txt").open("a") as lock:
        lock.write("# changed\n")
    assert not ready.fits()
    assert ready.setup().returncode == 0
    assert len(ready.syncs()) == 2
    assert ready.fits()


def test_another_line_another_place_or_no_interpreter_does_not_fit(ready):
    ready.setup()
    assert ready.setup("check", LINE="tfx-1.21").returncode == 1
    elsewhere = shutil.copytree(ready.repo, ready.repo.with_name("moved"))
    moved = subprocess.run(["bash", elsewhere / "tools/setup.sh", "check"], check=False)
    assert moved.returncode == 1
    (ready.venv / "bin/python").unlink()
    assert not ready.fits()


def test_the_stamp_holds_the_lock_its_digest_and_the_place(ready):
    for accelerator, lock in [("cpu", "tfx-1.16"), ("gpu", "tfx-1.16-gpu")]:
        ready.setup(ACCELERATOR=accelerator)
        content = (ready.repo / f"requirements/{lock}.txt").read_bytes()
        expected = f"{lock} {hashlib.sha256(content).hexdigest()} {ready.repo}"
        assert (ready.venv / ".setup-stamp").read_text() == expected


def test_a_gpu_set_up_is_made_from_the_gpu_lock_and_told_from_a_cpu_one(ready):
    ready.add_gpu()
    result = ready.setup()
    assert result.stdout.startswith("setup: tfx-1.16-gpu on ")
    (call,) = ready.syncs()
    assert call.count("requirements/tfx-1.16-gpu.txt") == 2
    assert "requirements/tfx-1.16.txt" not in call
    assert ready.fits()
    assert ready.setup("check", LINE="tfx-1.16", ACCELERATOR="gpu").returncode == 0
    assert ready.setup("check", ACCELERATOR="cpu").returncode == 1
    assert ready.setup("check", LINE="tfx-1.21").returncode == 1
    with (ready.repo / "requirements/tfx-1.16-gpu.txt").open("a") as lock:
        lock.write("# changed\n")
    assert not ready.fits()


def test_the_chosen_accelerator_stays_until_another_is_asked_for(ready):
    ready.add_gpu()
    ready.setup(ACCELERATOR="cpu")
    assert ready.fits()
    again = ready.setup()
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert len(ready.syncs()) == 1
    assert "nvidia-smi" not in ready.calls.read_text()
    assert ready.setup("check", ACCELERATOR="gpu").returncode == 1
    assert ready.setup(ACCELERATOR="gpu").returncode == 0
    assert "tfx-1.16-gpu.txt" in ready.syncs()[-1]


@pytest.mark.parametrize("misfortune", ["echo the disk is full >&2; exit 1", "kill -9 $PPID"])
@pytest.mark.parametrize("verb", ["venv", "pip"])
def test_a_set_up_that_fails_or_dies_does_not_look_good(ready, verb, misfortune):
    ready.setup()
    (ready.repo / "requirements/tfx-1.16.txt").write_text("# changed\n")
    ready.add_uv(verb=verb, misfortune=misfortune)
    result = ready.setup()
    assert result.returncode != 0
    assert not ready.fits()
    ready.add_uv()
    assert ready.setup().returncode == 0
    assert ready.fits()


def test_a_failure_shows_the_log_and_says_what_to_do(ready):
    ready.add("c++", "true")
    ready.add_uv(verb="pip", misfortune="echo the disk is full >&2; exit 1")
    result = ready.setup()
    assert result.returncode == 2
    *log, last = result.stderr.splitlines()
    assert log == ["the disk is full"]
    assert "installing requirements/tfx-1.16.txt failed" in last


def test_a_missing_compiler_is_named_when_installing_fails(ready):
    ready.add_uv(verb="pip", misfortune="exit 1")
    assert "no C++ compiler" in complaint(ready.setup())


@pytest.mark.skipif(not shutil.which("flock"), reason="two set-ups at once need flock")
def test_two_at_once_install_once(ready):
    ready.add_uv(verb="pip", misfortune="sleep 0.5")
    both = [subprocess.Popen(ready.command(), env=ready.environment()) for _ in range(2)]
    assert [one.wait(timeout=60) for one in both] == [0, 0]
    assert len(ready.syncs()) == 1
    assert ready.fits()


# --- what is installed, and how ---


def test_it_is_installed_by_hash_and_compiled(ready):
    ready.setup(PYTHONDONTWRITEBYTECODE="1")
    (call,) = ready.syncs()
    assert {"--require-hashes", "--compile-bytecode"} <= set(call.split())
    assert call.endswith("bytecode=written")


@pytest.mark.parametrize("accelerator", ["cpu", "gpu"])
def test_a_uv_that_is_too_old_is_passed_over_for_the_pinned_one(ready, accelerator):
    ready.add_uv(version="0.1.0")
    ready.add_uv(name="new-uv")
    ready.add("python3", FAKE_PIP)
    result = ready.setup(ACCELERATOR=accelerator)
    assert result.returncode == 0, result.stderr
    pinned = re.search(r"^uv==.*$", (ROOT / "requirements/tfx-1.16.in").read_text(), re.MULTILINE)
    asked = ready.calls.read_text()
    assert pinned.group().split()[0] in asked
    assert "--hash=sha256:" in asked


@pytest.mark.skipif(
    Path(sys.prefix).resolve() != (ROOT / ".venv").resolve(), reason="not run in .venv"
)
@pytest.mark.parametrize("package", ["tensorflow", "tfx", "apache_beam"])
def test_the_packages_of_this_environment_are_compiled(package):
    source = importlib.util.find_spec(package).origin
    assert Path(importlib.util.cache_from_source(source)).exists()


# --- the locks ---


def pins(path: Path) -> dict[str, str]:
    found = re.findall(r"^([\w.-]+)(?:\[.*?\])?==([\w.]+)", path.read_text(), re.MULTILINE)
    return {canonicalize_name(name): version for name, version in found}


def entries(path: Path) -> set[str]:
    """Every requirement of a lock, with its marker and its hashes."""
    return set(re.findall(r"^(\w.*?)\n +# via", path.read_text(), re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize("path", sorted((ROOT / "requirements").iterdir()), ids=lambda p: p.name)
def test_no_file_of_requirements_names_a_registry_or_a_path(path):
    text = path.read_text()
    assert not re.search(r"https?:|index-url|find-links|trusted-host|(^|\s)/\w", text)


@pytest.mark.parametrize("line", LINES)
def test_the_lock_holds_every_pin_of_its_source(line):
    source = pins(ROOT / f"requirements/{line}.in")
    lock = pins(ROOT / f"requirements/{line}.txt")
    assert source
    assert source.items() <= lock.items(), "requirements changed: run `make lock`"


@pytest.mark.parametrize("line", LINES)
def test_every_pin_of_the_source_says_why(line):
    lines = (ROOT / f"requirements/{line}.in").read_text().splitlines()
    assert all(re.search(r"==\S+\s+# \w", text) for text in lines if text and text[0] != "#")


@pytest.mark.parametrize("line", LINES)
def test_the_ranges_of_the_package_hold_the_pins_of_both_lines(line, monkeypatch):
    declared = {}
    monkeypatch.setattr(setuptools, "setup", declared.update)
    exec(compile((ROOT / "setup.py").read_text(), "setup.py", "exec"), {})
    python = "3.10" if line == "tfx-1.16" else "3.13"
    lock = pins(ROOT / f"requirements/{line}.txt")
    for requirement in map(Requirement, declared["install_requires"]):
        if requirement.marker is None or requirement.marker.evaluate({"python_version": python}):
            assert lock[canonicalize_name(requirement.name)] in requirement.specifier


@pytest.mark.parametrize(("line", "cudnn"), [("tfx-1.16", "8.9."), ("tfx-1.21", "9.")])
def test_a_gpu_lock_adds_the_cuda_libraries_to_its_line_and_changes_nothing(line, cudnn):
    cpu, gpu = (ROOT / f"requirements/{line}{end}.txt" for end in ("", "-gpu"))
    assert len(entries(cpu)) > 200
    assert entries(cpu) <= entries(gpu), "the locks differ: run `make lock`"
    added = {entry.split("==")[0] for entry in entries(gpu) - entries(cpu)}
    assert added == {f"nvidia-{name}-cu12" for name in CUDA.split()}
    assert pins(gpu)["nvidia-cudnn-cu12"].startswith(cudnn)


def test_the_gpu_lock_of_this_line_holds_what_this_tensorflow_asks_for():
    line = "tfx-1.16" if sys.version_info[:2] == (3, 10) else "tfx-1.21"
    lock = pins(ROOT / f"requirements/{line}-gpu.txt")
    asked = map(Requirement, importlib.metadata.requires("tensorflow"))
    cuda = [one for one in asked if one.marker and "and-cuda" in str(one.marker)]
    assert len(cuda) == len(CUDA.split())
    assert all(lock[one.name] in one.specifier for one in cuda)
