"""`schedule`: a run again and again, on the data that are there by then."""

import argparse
import sys
from collections.abc import Iterable

from orchestration.kubeflow.api.arguments import parse_arguments
from orchestration.kubeflow.api.cron import six_fields
from orchestration.kubeflow.api.experiments import find_or_create_experiment
from orchestration.kubeflow.api.host import schedule_page
from orchestration.kubeflow.api.pipelines import upload_version
from orchestration.kubeflow.api.recurring import Schedule, end_schedule, put_schedule
from orchestration.kubeflow.api.retiring import Left
from orchestration.kubeflow.api.version_name import version_name
from orchestration.kubeflow.commands.compiling import package_of
from orchestration.kubeflow.commands.connection import check_run_options, connect
from orchestration.kubeflow.commands.pipeline_name import name_of
from usecase.paths import PROJECT_ROOT


def schedule(options: argparse.Namespace) -> int:
    """Makes a pipeline run by the clock, or ends that."""
    api = connect(options)
    if options.off:
        name = name_of(options)
        ended = end_schedule(api, options.name or name)
        print(f"ended: {', '.join(ended.ids)}" if ended.ids else f"{name} has no schedule here")
        _warn(ended.left)
        return 0
    cron = six_fields(options.cron)
    check_run_options(options)
    ready = package_of(options)
    package = ready.package
    parameters = parse_arguments(options.param, package.inputs)
    name, is_dirty = version_name(package, PROJECT_ROOT if ready.is_of_project else None)
    for warning in ready.warnings:
        print(f"warning: {warning}")
    if is_dirty:
        print(f"warning: there are changes that no commit has; the version is {name}")
    experiment_id = find_or_create_experiment(api, options.experiment or package.name)
    version = upload_version(api, package, name)
    print(f"version {name}: {'uploaded' if version.is_new else 'is there already'}")
    done = put_schedule(
        api,
        Schedule(
            name=options.name or package.name,
            experiment_id=experiment_id,
            cron=cron,
            version=version,
            parameters=parameters,
            pipeline_root=options.pipeline_root,
            service_account=options.service_account,
        ),
    )
    if not done.is_new:
        print(f'it runs so already: "{cron}"')
    else:
        print(
            f'runs by "{cron}"'
            + (f", in place of {len(done.replaced)} older" * bool(done.replaced))
        )
    print(schedule_page(api.address, done.recurring_run_id))
    _warn(done.left)
    return 0


def _warn(left: Iterable[Left]) -> None:
    for one, why in left:
        print(
            f"warning: recurring run {one} is disabled, but not deleted: {why}; "
            "the next schedule or schedule --off deletes it",
            file=sys.stderr,
        )
