"""What a run was asked for, and the command that asks for the same again."""

import dataclasses
import shlex
from pathlib import Path

from orchestration.local.arguments import DEFAULT_OUTPUT
from orchestration.local.shown_path import shown_path

RUNNER = "python local_runner.py"


@dataclasses.dataclass(frozen=True)
class Asked:
    """The options of `run` that decide what runs; where it runs is not among them.

    Attributes:
        config: The configuration file, as the user named it, or as it was inferred; "" if it is
            not known.
        data: The rows in place of the configuration's, as the user named them; "" for its own.
        span: The span that was asked for; None for the newest, and for data without spans.
        tune: Whether the network is tuned before it is trained.
        overrides: What `--set` put in, each "key=value".
        selection: The options that chose a part of the pipeline; "" for a whole run.
    """

    config: str = ""
    data: str = ""
    span: int | None = None
    tune: bool = False
    overrides: tuple[str, ...] = ()
    selection: str = ""

    def whole(self) -> "Asked":
        """Returns the same of the whole pipeline."""
        return dataclasses.replace(self, selection="")

    def mended(self) -> "Asked":
        """Returns what to ask for once rows or settings are mended.

        `--only` takes earlier results whatever has changed since: it would not see them.
        """
        return self.whole() if self.selection.startswith("--only") else self

    def tuned(self) -> "Asked":
        """Returns the same of the whole pipeline, tuned."""
        return dataclasses.replace(self, selection="", tune=True)

    def command(self, output: str = "") -> str:
        """Returns the command, for a shell.

        Args:
            output: The option that leads to the output folder, as `output_option` returns it.
        """
        span = "" if self.span is None else str(self.span)
        words = [
            *option("--config", self.config),
            *option("--data", self.data),
            *option("--span", span),
            *(word for text in self.overrides for word in option("--set", text)),
            *(["--tune"] if self.tune else []),
            *self.selection.split(),
        ]
        return shlex.join([*RUNNER.split(), "run", *words]) + output


def output_option(folder: Path) -> str:
    """Returns the option that leads to an output folder, a blank before it; "" for the default."""
    shown = shown_path(folder)
    return "" if shown == DEFAULT_OUTPUT else f" {shlex.join(option('--output-dir', shown))}"


def option(name: str, value: str) -> list[str]:
    """Returns the words of an option; none where there is no value."""
    if value.startswith("-"):
        return [f"{name}={value}"]  # else it would be read as an option
    return [name, value] if value else []
