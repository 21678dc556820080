"""Why a container failed, from the last lines of its log that say so.

The program marks an error that the user can mend, or writes a traceback. Kubeflow's launcher, which
runs the program, and its driver end with a line of their own.
"""

import re

from orchestration.kubeflow.api.errors import one_line
from orchestration.kubeflow.outcome_lines import ERROR_MARK

_TRACEBACK = "Traceback (most recent call last):"
_FATAL = re.compile(r"F\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ \S+\] (.+)")
_BY_PROGRAM = re.compile(r"\bexit status \d+$")  # says no more than that it failed
_KILLED = "signal: killed"


def error_line(log: str) -> str:
    """Returns why a container failed, one printable line of a bounded length; "" if it is not told.

    What has no line end is no line: the log was cut there.

    Args:
        log: What its main container logged.
    """
    found = ""
    in_traceback = False
    for line in (_shown(line) for line in log.split("\n")[:-1]):
        if line == _TRACEBACK:
            in_traceback = True
        elif in_traceback and line and not line.startswith(" "):
            found, in_traceback = line, False
        elif line.startswith(ERROR_MARK):
            found = line.removeprefix(ERROR_MARK)
        elif (match := _FATAL.fullmatch(line)) and not _BY_PROGRAM.search(match[1]):
            found = match[1]
    return one_line(f"{found} (out of memory?)" if found.endswith(_KILLED) else found)


def _shown(line: str) -> str:
    """Returns what a terminal would show: a progress bar writes over its own line."""
    last = line.rstrip("\r").rpartition("\r")[2]
    return "".join(letter if letter.isprintable() else " " for letter in last).rstrip()
