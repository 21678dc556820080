"""`status`: the schedule and the last runs of a pipeline, or one run with its nodes."""

import argparse

from orchestration.kubeflow.api.ending import ending
from orchestration.kubeflow.api.experiments import find_experiment
from orchestration.kubeflow.api.host import run_page
from orchestration.kubeflow.api.outcomes import Outcomes
from orchestration.kubeflow.api.recurring import find_schedules
from orchestration.kubeflow.api.run_view import (
    outcome_line,
    run_lines,
    schedule_line,
    spec_of_run,
    task_line,
)
from orchestration.kubeflow.api.runs import get_run, last_runs
from orchestration.kubeflow.api.settled import settled
from orchestration.kubeflow.api.tasks import FINAL, node_names, tasks_of
from orchestration.kubeflow.api.transport import Api
from orchestration.kubeflow.commands.connection import connect
from orchestration.kubeflow.commands.pipeline_name import name_of

LAST = 10


def status(options: argparse.Namespace) -> int:
    """Tells how things stand; the exit status of one run is its end, 0 while it runs."""
    api = connect(options)
    if options.run_id is not None:
        return _one_run(api, options.run_id.rstrip("/").rpartition("/")[2])  # or its page
    return _pipeline(api, options)


def _pipeline(api: Api, options: argparse.Namespace) -> int:
    name = name_of(options)
    group = options.experiment or name
    # A schedule may live in any experiment of the namespace.
    schedules = find_schedules(api, options.name or name)
    experiment = find_experiment(api, group)
    if experiment is None and not schedules:
        print(f"nothing of {name} has run here yet")
        return 0
    for line in map(schedule_line, schedules):
        print(f"schedule  {line}")
    if not schedules:
        print("schedule  none")
    if experiment is None:
        print(f"no experiment {group}; --experiment names that of its runs")
    else:
        print("\n".join(run_lines(last_runs(api, experiment, LAST)) or ["no run yet"]))
    return 0


def _one_run(api: Api, run_id: str) -> int:
    run = get_run(api, run_id)
    spec = spec_of_run(api, run)
    names = node_names(spec)
    run = settled(api, run_id, run, names)
    for line in run_lines([run]):
        print(line)
    outcomes = Outcomes(api, run_id, spec)
    tasks = [outcomes.explained(run, task) for task in tasks_of(run, names)]
    for task in tasks:
        print(f"  {task_line(task)}")
        for line in outcomes.of(run, task):
            print(f"  {outcome_line(line)}")
    print(run_page(api.address, run_id))
    if run.get("state") not in FINAL:
        return 0
    end = ending(run, tasks, spec, outcomes.every(run, tasks))
    print(f"{str(run['state']).lower()}: {end.line}")
    return end.exit_code
