"""What TFLite's converter says when it cannot convert, in one line."""

import re

_OPERATIONS = re.compile(r"(?:TF Select|Custom) ops: (.+)")


def conversion_fault(error: Exception) -> str:
    """Returns the operations that TFLite has not, or the first line of the error."""
    text = str(error).strip()
    if operations := _OPERATIONS.search(text):
        return f"TFLite has no {operations[1]}"
    return text.splitlines()[0] if text else repr(error)
