"""Runs changes that kill themselves by SIGKILL between two of their steps.

`python -m tests.serving.releases.killed` reads jobs as JSON from stdin and prints, for each, the
steps that it did, and whether it was killed. It forks, so that many jobs cost one import.
"""

import functools
import json
import os
import signal
import sys
import traceback
from pathlib import Path

from serving.releases import model_config, rollout
from serving.releases.options import By, Options
from serving.releases.servers import Servers
from serving.releases.store import Store

AT_ONCE = 16
STEPS = (
    (Store, "write"),
    (model_config, "write"),
    (Servers, "wait_loaded"),
    (Servers, "wait_labels"),
    (Path, "replace"),  # a new file is written, and the old one is still there
)


def run(action, folder, version, server):
    """Runs one change."""
    by, options = By("kim@office", "killed"), Options(servers=(server,), timeout=30)
    if action == "canary":
        return rollout.canary(folder, version, 20, by, options)
    if action == "promote":
        return rollout.promote(folder, version, by, options)
    return rollout.rollback(folder, by, options)


def count_steps(log, kill_before):
    """Lets each step be written down, and one not happen."""

    def counted(name, step):
        @functools.wraps(step)
        def call(*args, **how):
            done.append(name)
            if len(done) == kill_before:
                os.kill(os.getpid(), signal.SIGKILL)
            log.write(f"{name}\n")
            log.flush()
            return step(*args, **how)

        return call

    done = []
    for owner, name in STEPS:
        label = f"{owner.__name__.rpartition('.')[2]}.{name}"
        setattr(owner, name, counted(label, getattr(owner, name)))


def child(job, log_path):
    """Runs a job in this process; returns its exit status."""
    with log_path.open("w", encoding="utf-8") as log:
        count_steps(log, job["kill_before"])
        try:
            run(job["action"], Path(job["folder"]), job["version"], job["server"])
        except Exception:  # noqa: BLE001 - whatever it is, the parent has to end too
            traceback.print_exc()
            return 1
    return 0


def main(jobs):
    waiting, running, results = [*enumerate(jobs)], {}, {}
    while waiting or running:
        while waiting and len(running) < AT_ONCE:
            index, job = waiting.pop(0)
            log_path = Path(job["folder"]).parent / f"{Path(job['folder']).name}.steps"
            process = os.fork()
            if not process:
                os._exit(child(job, log_path))
            running[process] = (index, log_path)
        process, status = os.wait()
        index, log_path = running.pop(process)
        steps = log_path.read_text(encoding="utf-8").split()
        results[index] = {"status": os.waitstatus_to_exitcode(status), "steps": steps}
    return [results[index] for index in range(len(jobs))]


if __name__ == "__main__":
    json.dump(main(json.load(sys.stdin)), sys.stdout)
