"""Errors as gRPC and TensorFlow Serving count them: a canonical code and a text."""

import enum


class Code(enum.IntEnum):
    """The canonical codes, as in google/rpc/code.proto."""

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


class StatusError(Exception):
    """What a request is answered with when it cannot be served.

    Args:
        code: The canonical code.
        message: The text, as TensorFlow Serving words it where it has the case.
    """

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.code.name}: {self.message}"


def invalid(message: str) -> StatusError:
    """Returns the error of a request, a file or a flag that is wrong in itself."""
    return StatusError(Code.INVALID_ARGUMENT, message)
