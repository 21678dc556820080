"""Which model server the serving gate asks on this machine."""

from typing import cast, get_args

from serving.errors import ServingError
from serving.launch import choose
from usecase.config import Server
from usecase.errors import UserError


def judging_server(wanted: Server) -> Server:
    """Returns the model server to take.

    Args:
        wanted: As configured.

    Returns:
        "binary", "docker" or "embedded".

    Raises:
        UserError: If a server is wanted that is not there.
    """
    try:
        found = choose(wanted)
    except ServingError as error:
        raise UserError(f"serving.server: {error.what}", error.expected, error.fix) from error
    if found not in get_args(Server):
        raise ValueError(f"serving.launch chose {found}")
    return cast(Server, found)
