#!/usr/bin/env bash
# Makes .venv in the repository root from the lock that this machine can run.
#
#   tools/setup.sh           set up; returns at once and in silence when .venv fits its lock
#   tools/setup.sh check     exit 0 if .venv fits its lock, 1 if not
#   tools/setup.sh python    print the lock and the interpreter that a set-up would take
#
# LINE=tfx-1.16 or LINE=tfx-1.21 chooses the line, ACCELERATOR=cpu or ACCELERATOR=gpu its lock without or with CUDA.
# A .venv that fits its lock is kept until one of them asks for another.
# Exit 2: something cannot be had; stderr says what and how to mend it.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
VENV=$ROOT/.venv
STAMP=$VENV/.setup-stamp
LINE=${LINE:-}
ACCELERATOR=${ACCELERATOR:-}
LOCK= # the line, with -gpu behind it for an NVIDIA GPU
ALL="tfx-1.21 tfx-1.16" # best first
OLDEST_UV=0.5
OLDEST_DRIVER=525.60.13 # that runs CUDA 12
PYTHON=  # the interpreter to build on; empty where uv must fetch one
VERSION= # its version, as in 3.10
UV=

# Run by a candidate interpreter: is it a whole CPython of the version asked for, headers included
# (pyfarmhash has no wheels and is compiled)? Prints the interpreter behind a shim or a virtual environment.
PROOF='
import ctypes, os, platform, ssl, sys, sysconfig, zlib
version = "%d.%d" % sys.version_info[:2]
home = os.path.join(sys.base_exec_prefix, "bin", "python" + version)
if not (
    version == sys.argv[1]
    and platform.python_implementation() == "CPython"
    and not sysconfig.get_config_var("Py_GIL_DISABLED")
    and os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h"))
):
    sys.exit(1)
print(home if os.access(home, os.X_OK) else sys.executable)
'

say() { printf 'setup: %s\n' "$*"; }

fail() {
  printf 'setup: %s\n' "$*" >&2
  exit 2
}

at_least() { printf '%s\n%s\n' "$2" "${1:-0}" | sort -V -C; } # at_least HAVE WANT

sha256() {
  if command -v sha256sum >/dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d ' ' -f 1
}

# --- the machine ---

glibc() { getconf GNU_LIBC_VERSION 2>/dev/null | cut -d ' ' -f 2 || true; }

machine() {
  local libc
  libc=$(glibc)
  printf '%s %s%s' "$(uname -s)" "$(uname -m)" "${libc:+ with glibc $libc}"
}

needs() {
  case $1 in
    tfx-1.21) echo "Linux x86_64 with glibc 2.39 or newer, or macOS arm64" ;;
    tfx-1.16) echo "Linux x86_64 with glibc 2.28 or newer" ;;
    *) return 1 ;;
  esac
}

can_run() {
  case "$1 on $(uname -s) $(uname -m)" in
    "tfx-1.21 on Darwin arm64") ;;
    "tfx-1.21 on Linux x86_64") at_least "$(glibc)" 2.39 ;;
    "tfx-1.16 on Linux x86_64") at_least "$(glibc)" 2.28 ;;
    *) return 1 ;;
  esac
}

# --- the accelerator ---

can_use_cuda() { [ "$(uname -s) $(uname -m)" = "Linux x86_64" ]; }

# Of the first GPU. A container can have nvidia-smi and no GPU, and a broken driver can let it hang or print its
# complaint where the answer should be. WSL's folder is not on every PATH.
nvidia_driver() {
  PATH=$PATH:/usr/lib/wsl/lib timeout -s KILL 20 nvidia-smi --query-gpu=driver_version --format=csv,noheader 2>/dev/null |
    sed -n '/^[0-9][0-9.]*$/{p;q;}' || true
}

accelerator_of_this_machine() {
  if can_use_cuda && at_least "$(nvidia_driver)" "$OLDEST_DRIVER"; then echo gpu; else echo cpu; fi
}

accelerator_of() { # LOCK
  case $1 in
    *-gpu) echo gpu ;;
    *) echo cpu ;;
  esac
}

pick_lock() {
  case ${ACCELERATOR:-$(accelerator_of_this_machine)} in
    cpu) LOCK=$LINE ;;
    gpu)
      can_use_cuda || fail "ACCELERATOR=gpu needs Linux x86_64, and this machine is $(machine): leave ACCELERATOR out to get the lock that it can use"
      LOCK=$LINE-gpu
      ;;
    *) fail "ACCELERATOR=$ACCELERATOR is not known: choose cpu or gpu, or leave ACCELERATOR out" ;;
  esac
}

# --- the interpreter ---

versions_of() {
  case $1 in
    tfx-1.21) echo "3.13 3.12 3.11" ;;
    tfx-1.16) echo "3.10" ;;
  esac
}

# Every file that could be Python $1: on PATH, then in pyenv's folders, because a pyenv shim can exist and yet not run.
candidates() {
  local dir dirs root
  IFS=: read -r -a dirs <<<"$PATH"
  for dir in "${dirs[@]}"; do printf '%s\n' "$dir/python$1"; done
  for dir in "${dirs[@]}"; do printf '%s\n' "$dir/python3"; done
  for root in "${PYENV_ROOT:-/opt/pyenv}" "${HOME:-}/.pyenv" /opt/pyenv; do
    printf '%s\n' "$root/versions/$1"*/"bin/python$1"
  done
}

find_python() { # VERSION
  local candidate
  while read -r candidate; do
    [ -x "$candidate" ] || continue
    "$candidate" -I -c "$PROOF" "$1" </dev/null 2>/dev/null && return
  done < <(candidates "$1")
  return 1
}

lines_of_this_machine() {
  local line
  for line in $ALL; do
    if can_run "$line"; then printf '%s ' "$line"; fi
  done
}

# Sets LINE, VERSION and PYTHON. An interpreter that is there goes before one that must be fetched.
pick() {
  local line lines=$LINE
  [ -n "$LINE" ] || lines=$(lines_of_this_machine)
  [ -n "$lines" ] || fail "TFX has no wheels for this machine ($(machine)); they need $(needs tfx-1.16), or macOS arm64: use such a machine or a linux/amd64 container"
  for line in $lines; do
    needs "$line" >/dev/null || fail "LINE=$line is not known: choose one of $ALL, or leave LINE out"
    can_run "$line" || fail "LINE=$line needs $(needs "$line"), and this machine is $(machine): leave LINE out to get the line that it can run"
    for VERSION in $(versions_of "$line"); do
      LINE=$line
      if PYTHON=$(find_python "$VERSION"); then return; fi
    done
  done
  PYTHON=
  LINE=${lines%% *}
  VERSION=$(versions_of "$LINE")
  VERSION=${VERSION%% *}
}

fetch_python() {
  export UV_PYTHON_PREFERENCE=only-managed
  if "$UV" python install "$VERSION" >>"$LOG" 2>&1; then
    PYTHON=$("$UV" python find "$VERSION" 2>>"$LOG") && return
  fi
  fail "no Python $VERSION with its headers on PATH or under pyenv, and uv could not fetch one ($(reason)): install it (pyenv install $VERSION, or the python$VERSION-dev package) and run this again"
}

# --- uv ---

uv_works() {
  local name version rest
  read -r name version rest < <("$1" --version 2>/dev/null) && [ "$name" = uv ] && at_least "$version" "$OLDEST_UV"
}

# A company's own certificate authority is in the system's store, which uv reads only when told to.
trust_the_system() {
  local store
  for store in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem; do
    if [ -s "$store" ]; then export UV_SYSTEM_CERTS=true; fi
  done
}

find_uv() {
  local dir dirs
  trust_the_system
  IFS=: read -r -a dirs <<<"$PATH"
  for dir in "${dirs[@]}"; do
    UV=$dir/uv
    if [ -x "$UV" ] && uv_works "$UV"; then return; fi
  done
  install_uv
}

# Any Python that can install a package: it need not be the one that we build on.
python_with_pip() {
  local candidate proof
  proof='import importlib.util as u, sys; sys.exit(sys.version_info < (3, 8) or not (u.find_spec("pip") or u.find_spec("ensurepip")))'
  while read -r candidate; do
    [ -x "$candidate" ] || continue
    "$candidate" -I -c "$proof" </dev/null >/dev/null 2>&1 || continue
    printf '%s\n' "$candidate"
    return
  done < <(printf '%s\n' "$PYTHON" && candidates 3)
  return 1
}

pip_install_uv() { # INTERPRETER
  local python=$1
  if ! "$python" -I -c 'import pip' 2>/dev/null; then
    "$python" -m venv "$TMP/pip" || return
    python=$TMP/pip/bin/python
  fi
  PIP_USER=0 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore \
    "$python" -m pip install --quiet --require-hashes --target "$TMP/uv" -r "$TMP/uv.txt"
}

# Into the temporary folder, at the version and the hashes of the lock.
install_uv() {
  local python
  python=$(python_with_pip) || fail "no uv on PATH and no python3 with pip or venv to install it with: install uv (or the python3-venv package) and run this again"
  sed -n '/^uv==/,/^ *#/{/^ *#/!p;}' "$(lock_of "$LOCK")" >"$TMP/uv.txt"
  pip_install_uv "$python" >>"$LOG" 2>&1 ||
    fail "no uv on PATH, and $python could not install it ($(reason)): install uv, or make the package index reachable, and run this again"
  UV=$TMP/uv/bin/uv
}

# --- the virtual environment ---

lock_of() { printf '%s' "$ROOT/requirements/$1.txt"; }

# The root is part of it because the scripts in a virtual environment hold its absolute path.
stamp_of() { printf '%s %s %s' "$1" "$(sha256 "$(lock_of "$1")")" "$ROOT"; }

fits() {
  local lock rest
  [ -x "$VENV/bin/python" ] && [ -f "$STAMP" ] || return 1
  read -r lock rest <"$STAMP" || true
  [ "${LINE:-${lock%-gpu}}" = "${lock%-gpu}" ] || return 1
  [ "${ACCELERATOR:-$(accelerator_of "$lock")}" = "$(accelerator_of "$lock")" ] || return 1
  [ -f "$(lock_of "$lock")" ] && [ "$(cat "$STAMP")" = "$(stamp_of "$lock")" ]
}

one_at_a_time() {
  command -v flock >/dev/null || return 0
  exec 9<"${BASH_SOURCE[0]}"
  flock -n 9 && return
  say "another set-up is at work, waiting for it"
  flock 9
}

reason() { tail -n 1 "$LOG" | sed 's/^ *//'; }

explain_failure() { # WHAT
  tail -n 20 "$LOG" >&2
  command -v c++ >/dev/null ||
    fail "$1 failed, and there is no C++ compiler (c++), which pyfarmhash, a package without wheels, needs: install one (the g++ package) and run this again"
  fail "$1 failed; the last lines of its output are above: mend what they name (most often the network or a full disk) and run this again"
}

build() {
  rm -f "$STAMP" # first: a removal that is interrupted must not leave a stamp behind
  rm -rf "$VENV"
  "$UV" venv --quiet --python "$PYTHON" "$VENV" >>"$LOG" 2>&1 || explain_failure "making .venv with $PYTHON"
  # Without bytecode every process would compile TensorFlow and TFX anew, which costs it 5 to 15 seconds.
  # The lock also pins what source packages are built with, or set-up would depend on the day.
  env -u PYTHONDONTWRITEBYTECODE -u PYTHONPYCACHEPREFIX "$UV" pip sync --quiet --python "$VENV/bin/python" \
    --require-hashes --compile-bytecode --build-constraints "$(lock_of "$LOCK")" "$(lock_of "$LOCK")" \
    >>"$LOG" 2>&1 || explain_failure "installing requirements/$LOCK.txt"
  stamp_of "$LOCK" >"$STAMP.new"
  mv "$STAMP.new" "$STAMP"
}

set_up() {
  TMP=$(mktemp -d)
  LOG=$TMP/log
  trap 'rm -rf "$TMP"' EXIT
  pick
  pick_lock
  find_uv
  [ -n "$PYTHON" ] || fetch_python
  say "$LOCK on $PYTHON into .venv; the first time takes some minutes"
  build
  say "done in $SECONDS s"
}

main() {
  case ${1:-} in
    "")
      if fits; then return; fi
      one_at_a_time
      if fits; then return; fi
      set_up
      ;;
    check) fits ;;
    python)
      pick
      pick_lock
      printf '%s %s\n' "$LOCK" "${PYTHON:-$VERSION, to be fetched by uv}"
      ;;
    *) fail "unknown word '$1': expected nothing, check or python" ;;
  esac
}

main "$@"
