"""Beam's options as a configuration names them, held against Beam's own parsers."""

import argparse
from collections.abc import Mapping

from usecase.errors import ConfigError, did_you_mean

Value = str | int | float | bool


def flags(options: Mapping[str, Value]) -> list[str]:
    """Returns options as command line flags, sorted by name.

    A flag without a value is there if true. One that is false is left out, or, where Beam has a
    flag that says so, given as that: `use_public_ips: false` is `--no_use_public_ips`.

    Raises:
        ConfigError: If Beam does not know an option, or does not take its value.
    """
    known = _known_options()
    return [
        flag
        for name, value in sorted(options.items())
        for flag in _flag(name, value, _look_up(name, known), known)
    ]


def _known_options() -> dict[str, argparse.Action]:
    """Returns what Beam's parser knows, by the name of the option."""
    # Seconds; whoever has no Beam options does without.
    from apache_beam.options.pipeline_options import PipelineOptions

    recorder = _Recorder()
    PipelineOptions([]).get_all_options(add_extra_args_fn=recorder.look)
    return recorder.known


class _Recorder:
    def __init__(self) -> None:
        self.known: dict[str, argparse.Action] = {}

    def look(self, parser: argparse.ArgumentParser) -> None:
        for action in parser._actions:  # noqa: SLF001, argparse has no public way to list them
            for option in action.option_strings:
                self.known[option.removeprefix("--")] = action


def _look_up(name: str, known: Mapping[str, argparse.Action]) -> argparse.Action:
    if name in known:
        return known[name]
    near = did_you_mean(name, (one for one in known if not one.startswith("-")))
    raise ConfigError(
        f'kubeflow: Beam has no option "{name}"',
        expected="an option of Apache Beam, without the dashes",
        fix=near if near.startswith("did you mean") else "see Beam's list of pipeline options",
    )


def _flag(
    name: str, value: Value, action: argparse.Action, known: Mapping[str, argparse.Action]
) -> list[str]:
    if action.nargs == 0:
        if not isinstance(value, bool):
            raise _misfit(name, value, "true or false")
        no = f"no_{name}"
        return [f"--{name}"] if value else [f"--{no}"] if no in known else []
    text = str(value)
    if isinstance(value, bool):
        text = text.lower()
    return [f"--{name}={_checked(name, text, action)}"]


def _checked(name: str, text: str, action: argparse.Action) -> str:
    """Returns the text if Beam's parser would take it."""
    kind = action.type or str
    try:
        value = kind(text) if callable(kind) else text
    except (argparse.ArgumentTypeError, TypeError, ValueError):
        raise _misfit(name, text, f"a value that {name} takes: {action.help or ''}") from None
    if action.choices is not None and value not in action.choices:
        raise _misfit(name, text, f"one of {', '.join(map(str, action.choices))}")
    return text


def _misfit(name: str, value: Value, expected: str) -> ConfigError:
    return ConfigError(
        f"kubeflow: the Beam option {name} is {value!r}",
        expected=" ".join(expected.split()),
        fix="correct this value",
    )
