"""The token that tells the API who asks."""

import os
from collections.abc import Callable
from pathlib import Path

from usecase.errors import UserError

VARIABLE = "KFP_TOKEN"


def token_source(token: str | None, token_file: str | None) -> Callable[[], str]:
    """Returns a function that gives the token, or "" if there is none.

    A file is read again for each request: what Kubernetes projects into a pod is renewed there.

    Args:
        token: The token itself.
        token_file: A file that holds it; without both it is `KFP_TOKEN` in the environment.

    Raises:
        UserError: If the token cannot be one.
    """
    if token_file is not None:
        file = Path(token_file).expanduser()
        _of_file(file)
        return lambda: _of_file(file)
    given = _checked(os.environ.get(VARIABLE, "") if token is None else token, VARIABLE)
    return lambda: given


def _of_file(file: Path) -> str:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise UserError(f"token not readable: {file} ({why})") from None
    return _checked(text, str(file))


def _checked(text: str, source: str) -> str:
    token = text.strip().removeprefix("Bearer ").strip()
    if not all("!" <= character <= "~" for character in token):
        raise UserError(
            f"the token has characters that no token has ({source})",
            expected="one line of ASCII without spaces",
        )
    return token
