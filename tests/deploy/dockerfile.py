"""deploy/Dockerfile, read: its stages, arguments and commands, and what a build is sent."""

import fnmatch
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.deploy.world import DEPLOY
from usecase.paths import PROJECT_ROOT

DOCKERFILE = DEPLOY / "Dockerfile"


class Instruction(NamedTuple):
    """One instruction: its name in capitals, its flags such as --from=build, and the rest."""

    name: str
    flags: tuple[str, ...]
    rest: str


def instructions(text: str) -> list[Instruction]:
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    whole = re.sub(r"\\\n\s*", "", "\n".join(lines))
    found = []
    for line in whole.splitlines():
        name, *words = line.split(" ")
        flags = []
        while words and (words[0].startswith("--") or not words[0]):
            flags += [words.pop(0)]
        found.append(Instruction(name.upper(), tuple(filter(None, flags)), " ".join(words)))
    return found


def stages(text: str) -> list[list[Instruction]]:
    """What comes before the first FROM, then each stage with its FROM."""
    parts: list[list[Instruction]] = [[]]
    for one in instructions(text):
        if one.name == "FROM":
            parts.append([])
        parts[-1].append(one)
    return parts


def arguments(stage: list[Instruction]) -> dict[str, str]:
    """The arguments of a stage that have a default."""
    given = (one.rest.partition("=") for one in stage if one.name == "ARG")
    return {name: value for name, equals, value in given if equals}


def environment(stage: list[Instruction]) -> dict[str, str]:
    pairs = " ".join(one.rest for one in stage if one.name == "ENV")
    return {name: value.strip('"') for name, value in re.findall(r'(\w+)=("[^"]*"|\S+)', pairs)}


def commands(stage: list[Instruction]) -> list[str]:
    return [one.rest for one in stage if one.name == "RUN"]


def allowed() -> list[str]:
    """What .dockerignore lets into the context, by name."""
    lines = (PROJECT_ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert all(rule.startswith(("!", "**/")) for rule in rules[1:])
    return [rule[1:] for rule in rules if rule.startswith("!")]


def context() -> Iterator[Path]:
    """The files that a build would be sent, relative to the project."""
    lines = (PROJECT_ROOT / ".dockerignore").read_text().splitlines()
    ignored = [line.removeprefix("**/") for line in lines if line.startswith("**/")]
    for name in allowed():
        top = PROJECT_ROOT / name
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            kept = not any(fnmatch.fnmatch(part, rule) for part in path.parts for rule in ignored)
            if path.is_file() and kept:
                yield path.relative_to(PROJECT_ROOT)


def copy_context(folder: Path) -> None:
    for path in context():
        (folder / path.parent).mkdir(parents=True, exist_ok=True)
        shutil.copy(PROJECT_ROOT / path, folder / path)
