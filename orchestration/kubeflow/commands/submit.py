"""`submit`: one run, now."""

import argparse
import datetime
import secrets
import shlex
import sys

from orchestration.kubeflow.api.arguments import parse_arguments
from orchestration.kubeflow.api.ending import ending
from orchestration.kubeflow.api.errors import ApiError
from orchestration.kubeflow.api.experiments import find_or_create_experiment
from orchestration.kubeflow.api.follow import StillRunning, follow
from orchestration.kubeflow.api.host import run_page
from orchestration.kubeflow.api.outcomes import Outcomes
from orchestration.kubeflow.api.runs import create_run
from orchestration.kubeflow.api.tasks import node_names, tasks_of
from orchestration.kubeflow.api.transport import Api
from orchestration.kubeflow.commands.compiling import package_of
from orchestration.kubeflow.commands.connection import check_run_options, connect

INTERRUPTED = 130
STILL_RUNNING = 2


def submit(options: argparse.Namespace) -> int:
    """Starts a run and follows it; the exit status is the run's end."""
    api = connect(options)
    check_run_options(options)
    ready = package_of(options)
    package = ready.package
    parameters = parse_arguments(options.param, package.inputs)
    _tell(*(f"warning: {warning}" for warning in ready.warnings))
    run_id = create_run(
        api,
        package,
        experiment_id=find_or_create_experiment(api, options.experiment or package.name),
        name=options.run_name or _run_name(package.name),
        parameters=parameters,
        pipeline_root=options.pipeline_root,
        service_account=options.service_account,
    )
    _tell(f"run {run_id} of {package.name}: {run_page(api.address, run_id)}")
    look = _look(api, run_id)
    if options.no_wait:
        _tell(f"look at it: {look}")
        return 0
    try:
        return _follow(api, run_id, package.spec, options.timeout)
    except StillRunning:
        print(f"it still runs, and goes on; look at it: {look}", file=sys.stderr)
        return STILL_RUNNING
    except ApiError as error:
        goes_on = f"the run goes on; look at it: {look}"
        fix = f"{error.fix}\n  {goes_on}" if error.fix else goes_on
        raise ApiError(error.what, error.expected, fix) from error
    except KeyboardInterrupt:
        print(f"\nthe run goes on; look at it: {look}", file=sys.stderr)
        return INTERRUPTED


def _follow(api: Api, run_id: str, spec: dict[str, object], timeout: float | None) -> int:
    names = node_names(spec)
    outcomes = Outcomes(api, run_id, spec)
    run = follow(api, run_id, names, outcomes, _tell, timeout=timeout)
    tasks = tasks_of(run, names)
    tasks = [outcomes.explained(run, task) for task in tasks]
    end = ending(run, tasks, spec, outcomes.every(run, tasks))
    _tell(f"{str(run.get('state')).lower()}: {end.line}")
    return end.exit_code


def _look(api: Api, run_id: str) -> str:
    namespace = ["--namespace", api.namespace] if api.namespace else []
    words = ["python", "kubeflow_runner.py", "status", "--host", api.address, *namespace, run_id]
    return shlex.join(words)


def _run_name(pipeline: str) -> str:
    now = datetime.datetime.now(datetime.timezone.utc)
    return f"{pipeline}-{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def _tell(*lines: str) -> None:
    for line in lines:
        print(line, flush=True)
