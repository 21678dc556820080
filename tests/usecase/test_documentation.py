"""docs/CONFIGURATION.md names all that a configuration may hold."""

import re
from typing import get_args

import pytest

from usecase.config import UseCase
from usecase.kubeflow import Beam, BucketStorage, Claim, Kubeflow, Node
from usecase.metrics import METRICS
from usecase.paths import PROJECT_ROOT
from usecase.roles import DatePart, FeatureRole
from usecase.section import Section

TEXT = (PROJECT_ROOT / "docs" / "CONFIGURATION.md").read_text(encoding="utf-8")
ROLES = get_args(get_args(FeatureRole)[0])
# Fields whose own fields are documented instead.
OUTER = {
    "data",
    "split",
    "label",
    "network",
    "training",
    "tuning",
    "data_gate",
    "evaluation",
    "serving",
    "mobile",
    "kubeflow",
}


def section_of(annotation):
    options = [annotation, *get_args(annotation)]
    return next((o for o in options if isinstance(o, type) and issubclass(o, Section)), None)


def sections_below(section):
    """The sections under a key's section, and under those."""
    for field in section.model_fields.values():
        for below in sections_of(field.annotation):
            yield below
            yield from sections_below(below)


def sections_of(annotation):
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield annotation
    for argument in get_args(annotation):
        yield from sections_of(argument)


def keys():
    for name, field in UseCase.model_fields.items():
        if name in OUTER:
            yield from ((name, key) for key in section_of(field.annotation).model_fields)
        else:
            yield "", field.alias or name


@pytest.mark.parametrize(("section", "key"), keys())
def test_every_key_is_documented(section, key):
    whole = rf"`{section}\.{key}`" if section else rf"`{key}[`.]"
    row = rf"^\| `{section}\..*`\.{key}`"
    assert re.search(whole, TEXT) or re.search(row, TEXT, re.MULTILINE), f"{section}.{key}"


def test_every_key_of_the_cluster_is_documented():
    (part,) = re.findall(r"^## Kubeflow\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL)
    rows = "\n".join(re.findall(r"^\| (`.*?) \|", part, re.MULTILINE))
    documented = set(re.findall(r"\w+", rows))
    below = {Kubeflow, *sections_below(Kubeflow)}
    assert {Claim, BucketStorage, Node, Beam} < below
    assert {name for section in below for name in section.model_fields} <= documented


@pytest.mark.parametrize("role", ROLES)
def test_every_role_is_documented_with_its_options(role):
    (row,) = re.findall(rf"^\| `{role.model_fields['role'].default}`.*$", TEXT, re.MULTILINE)
    options = set(role.model_fields) - {"role", "function", "columns", "mobile"}
    for option in options:
        assert f"`{option}" in row or "(same)" in row, option


@pytest.mark.parametrize("task", METRICS)
def test_every_metric_is_documented_the_usual_ones_first(task):
    (row,) = re.findall(rf"^\| `{task}`.*$", TEXT, re.MULTILINE)
    named = row.split("|")[4].replace(";", ",").split(",")
    table = METRICS[task]
    assert [name.strip() for name in named] == sorted(table, key=lambda n: not table[n].usual)


def test_every_part_of_a_date_is_documented():
    assert all(f"`{part}`" in TEXT for part in get_args(DatePart))
