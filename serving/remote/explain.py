"""What the server or the connection says, as an error that says how to mend it."""

from collections.abc import Iterable

from serving.errors import ServingError
from serving.remote.transport import STALE, Fault, ModelSpec

UP = "python -m serving up"


def explain(fault: Fault, address: str, spec: ModelSpec, timeout: float) -> ServingError:
    """Returns the error of a fault.

    Args:
        fault: What happened.
        address: The server's.
        spec: The model that was asked.
        timeout: Seconds that the request had.
    """
    if fault.code == "DEADLINE_EXCEEDED":
        return ServingError(
            f"no answer from {address} within {timeout:g} s",
            expected=f"an answer of {spec}",
            fix="give a longer timeout, send fewer rows at once, or see whether the server is up",
        )
    if not fault.connected:
        return _unreachable(fault, address)
    if fault.code == "NOT_FOUND":
        return ServingError(
            f"{spec} is not served at {address}: {fault.message}",
            expected="a model that the server has loaded",
            fix="check the model's name and version, or wait until it is loaded; status() tells",
        )
    if fault.code in ("UNAVAILABLE", "RESOURCE_EXHAUSTED"):
        return ServingError(
            f"{address} takes no requests at the moment: {fault.message}",
            expected=f"an answer of {spec}",
            fix="try again later, or send less at once",
        )
    if fault.code == STALE:
        return ServingError(
            f"the answer of {spec} at {address} is not as its metadata say: {fault.message}",
            expected="outputs of the types that the signature has",
            fix="ask again, if another version took its place just now; else ask over gRPC",
        )
    if fault.code in ("UNAUTHENTICATED", "PERMISSION_DENIED"):
        return ServingError(
            f"{address} refuses this client: {fault.message}",
            fix="check the headers and the certificates",
        )
    return ServingError(
        f"{address} cannot answer with {spec} ({fault.code}): {_first_lines(fault.message)}",
        expected="values that the model takes" if fault.code == "INVALID_ARGUMENT" else "",
        fix=_mend(fault),
    )


def _unreachable(fault: Fault, address: str) -> ServingError:
    if fault.code == "UNAUTHENTICATED" or "certificate" in fault.message.lower():
        return ServingError(
            f"no trusted connection to {address}: {_first_lines(fault.message)}",
            expected="a server whose certificate the root certificates vouch for, by its host name",
            fix="give TLS(root_certificates=..., server_name=...)",
        )
    return ServingError(
        f"no server at {address}: {_first_lines(fault.message)}",
        expected="a model server: 8500 speaks gRPC, 8501 REST",
        fix=f"check the address, and whether the server is up; `{UP}` starts one",
    )


def _mend(fault: Fault) -> str:
    if fault.code in ("INVALID_ARGUMENT", "FAILED_PRECONDITION"):
        return "correct the rows; metadata() tells what the signatures take"
    if fault.code == "UNIMPLEMENTED":
        return "choose another signature, or ask over gRPC, which knows more types than JSON"
    if "no answer of TensorFlow Serving" in fault.message:
        return "check the address: is it that of a model server?"
    return "see the server's log"


def _first_lines(text: str, lines: int = 3) -> str:
    shown: Iterable[str] = (line.strip() for line in text.splitlines() if line.strip())
    return " ".join([*shown][:lines])
