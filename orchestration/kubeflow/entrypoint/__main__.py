"""The command of every container."""

import os
import sys

from usecase.errors import UserError

KFP_RUNTIME = "_KFP_RUNTIME"  # spares the import of kfp's compiler and client
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
        print(error, file=sys.stderr, flush=True)
        return FAILED
    return 0


def _log_as_tfx() -> None:
    """Sets up logging and flags as a program of absl's does, which TFX's own entrypoint is."""
    from absl import flags, logging

    logging.use_absl_handler()
    flags.FLAGS(["entrypoint"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
