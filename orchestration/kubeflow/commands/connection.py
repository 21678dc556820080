"""From the options of a command to the API that it talks to."""

import argparse
import re

from orchestration.kubeflow.api.token import token_source
from orchestration.kubeflow.api.transport import Api
from usecase.errors import UserError
from usecase.kubeflow import KUBERNETES_NAME, PIPELINE_ROOT


def connect(options: argparse.Namespace) -> Api:
    """Returns the API that the options name; nothing is sent yet.

    Raises:
        UserError: If the host or the token cannot be one.
    """
    token = token_source(options.token, options.token_file)
    return Api(options.host, token, options.namespace or "")


def check_run_options(options: argparse.Namespace) -> None:
    """Refuses what no cluster would take.

    Raises:
        UserError: If the pipeline root or the service account cannot be one.
    """
    root, account = options.pipeline_root, options.service_account
    if root is not None and not re.fullmatch(PIPELINE_ROOT, root):
        raise UserError(
            f"--pipeline-root cannot be {root}", expected="a folder at gs://, s3:// or minio://"
        )
    if account is not None and not re.fullmatch(KUBERNETES_NAME, account):
        raise UserError(
            f"--service-account cannot be {account}",
            expected="the name of a Kubernetes ServiceAccount",
        )
