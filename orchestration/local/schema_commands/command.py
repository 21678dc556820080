"""`schema show`, `schema diff` and `schema update`: from parsed options to an exit status."""

import argparse
from typing import TextIO

from usecase.errors import ConfigError


def schema(options: argparse.Namespace, out: TextIO) -> int:
    """Shows, compares or mends the curated schema of a use case.

    Args:
        options: What `orchestration.local.arguments` makes of the command line.
        out: Where the answer goes.

    Returns:
        0 if all is as the schema says or was taken, 1 if something differs or was not taken.

    Raises:
        UserError: If something cannot be read, written or used.
    """
    if options.action == "show":
        from orchestration.local.schema_commands.show import show

        return show(options.config, out)
    output_dir = options.output_dir
    if options.action == "update":
        from orchestration.local.schema_commands.update import update

        return update(options.config, options.data, output_dir, out, yes=options.yes)
    if options.requests is None:
        from orchestration.local.schema_commands.diff import diff

        return diff(options.config, options.data, output_dir, out)
    if not options.requests:
        raise ConfigError("--requests is empty", fix="name the files of a request log")
    from orchestration.local.schema_commands.request_diff import request_diff

    return request_diff(options.config, options.data, options.requests, output_dir, out)
