"""The arguments of a container."""

import pytest

from orchestration.kubeflow.entrypoint.arguments import parse
from orchestration.kubeflow.parameters import Range
from orchestration.kubeflow.runtime_places import Place

TFX = ["--executor_class_path", "a.B", "--json_serialized_invocation_args", '{"inputs": {}}']


def test_tfx_arguments_and_nothing_else():
    told = parse(TFX)
    assert told.executor == "a.B"
    assert told.executor_input == {"inputs": {}}
    assert (told.inputs_spec, told.places, told.native_uris, told.beam) == ({}, {}, False, [])


def test_ours_are_taken_and_the_rest_is_beams():
    told = parse(
        [
            *TFX,
            "--json_serialized_inputs_spec_args",
            '{"parameters": {}}',
            "--runner=FlinkRunner",
            "--code_digest=abc",
            "--native_uris",
            '--runtime_places=[["min_rows",0,1,null,"settings","min_rows"]]',
            "--project",
            "p",
        ]
    )
    assert told.inputs_spec == {"parameters": {}}
    assert told.places == {"min_rows": (Place(("settings", "min_rows"), allowed=Range(1)),)}
    assert told.native_uris
    assert told.beam == ["--runner=FlinkRunner", "--project", "p"]


def test_what_only_begins_like_ours_is_beams():
    assert parse([*TFX, "--run=x", "--native"]).beam == ["--run=x", "--native"]


@pytest.mark.parametrize(
    "argv",
    [
        TFX[:2],
        TFX[2:],
        [*TFX, "--runtime_places={"],
        [*TFX, '--runtime_places=[["a",0,1]]'],
        [*TFX[:3], "not JSON"],
    ],
)
def test_what_cannot_be_read_ends_the_container(argv):
    with pytest.raises(SystemExit) as ended:
        parse(argv)
    assert ended.value.code == 2
