"""The command of every container."""

import os
import sys

from pydantic import ValidationError

from orchestration.kubeflow.kfp_runtime import KFP_RUNTIME
from orchestration.kubeflow.outcome_lines import ERROR_MARK
from usecase.errors import UserError

FAILED = 1


def main(argv: list[str]) -> int:
    """Runs one node; returns the exit status.

    Raises:
        Exception: Whatever the node's executor raised, but for what the user can mend.
    """
    os.environ.setdefault(KFP_RUNTIME, "true")
    from orchestration.kubeflow.entrypoint.arguments import parse
    from orchestration.kubeflow.entrypoint.run import run

    _log_as_tfx()
    try:
        run(parse(argv), os.environ)
    except UserError as error:
        return _failed(error)
    except ValidationError as error:
        return _failed(_refused_settings(error))
    return 0


def _failed(error: UserError) -> int:
    print(f"{ERROR_MARK}{error}", file=sys.stderr, flush=True)
    return FAILED


def _refused_settings(error: ValidationError) -> UserError:
    """Returns the first fault of a node's settings, which were checked when it was compiled."""
    fault = error.errors(include_url=False)[0]
    where = ".".join([error.title, *map(str, fault["loc"])])
    got = fault["input"]
    shown = f" (got {got!r})" if isinstance(got, str | int | float) else ""
    return UserError(
        f"settings of this node: {where}: {fault['msg'].removeprefix('Value error, ')}{shown}",
        fix="start the run with other values, or compile it with the code that is in the image",
    )


def _log_as_tfx() -> None:
    """Sets up logging and flags as a program of absl's does, which TFX's own entrypoint is."""
    from absl import flags, logging

    logging.use_absl_handler()
    flags.FLAGS(["entrypoint"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
