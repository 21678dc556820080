"""Compiled pipelines as files."""

import pytest
import yaml

from orchestration.kubeflow.api.package import parse_package, read_package
from tests.orchestration.kubeflow import toy_package
from usecase.errors import ConfigError


def test_what_is_in_it(file):
    package = read_package(str(file))
    assert package.name == "toy"
    assert package.spec == toy_package.SPEC
    assert package.platform == toy_package.PLATFORM
    assert package.inputs["max_epochs"] == {"parameterType": "NUMBER_INTEGER", "defaultValue": 7}


def test_the_digest_is_of_the_whole_file(file):
    package = read_package(str(file))
    assert package.digest == parse_package(toy_package.text()).digest
    assert package.digest != parse_package(toy_package.text() + "# more\n").digest
    assert len(package.digest) == 8


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "it is no compiled pipeline"),
        ("a: [", "it is no YAML"),
        ("- 1", "it is no compiled pipeline"),
        ("name: taxi", "it is no compiled pipeline"),
        (toy_package.text(schemaVersion="2.0.0"), "it is no compiled pipeline"),
        (toy_package.text() + "---\na: 1\n", "it is no compiled pipeline"),
        ('{"displayName": "x", "pipelineSpec": {}}', "it was compiled for Vertex AI"),
        (toy_package.text(sdkVersion=float("nan")), "it has values that JSON does not know"),
    ],
)
def test_other_files(text, what, tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_package(str(path))
    assert caught.value.what == f"{path}: {what}"
    assert caught.value.fix


def test_a_file_that_is_not_there():
    with pytest.raises(ConfigError, match=r"pipeline not readable: /no/such \(No such file"):
        read_package("/no/such")


def test_a_date_is_no_value_of_a_pipeline():
    spec = yaml.safe_load(yaml.safe_dump(toy_package.SPEC))
    spec["sdkVersion"] = yaml.safe_load("2026-03-01")
    with pytest.raises(ConfigError, match="JSON does not know"):
        parse_package(yaml.safe_dump(spec))
