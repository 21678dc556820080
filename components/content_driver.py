"""The driver of an ExampleGen that knows files by what is in them, not by their sizes and times."""

import hashlib
import os
from collections.abc import Sequence
from typing import Any

from tfx.components.example_gen import driver, utils
from tfx.dsl.io import fileio
from tfx.orchestration import data_types
from tfx.proto import example_gen_pb2
from tfx.types import standard_component_specs
from tfx.utils import proto_utils

from usecase.file_digest import sha256_of


class Driver(driver.FileBasedDriver):
    """Takes the contents of files for the fingerprint in a node's cache key.

    TFX's fingerprint adds up sizes and times in whole seconds: rows that changed within these are
    taken for the old ones, and a file that was only touched for a new one. It stands for files
    elsewhere, of which the contents are not read here.
    """

    def resolve_exec_properties(
        self,
        exec_properties: dict[str, Any],
        pipeline_info: data_types.PipelineInfo,
        component_info: data_types.ComponentInfo,
    ) -> dict[str, Any]:
        """Returns the properties with the span that is read and the fingerprint of its files.

        Raises:
            OSError: If a file cannot be read.
        """
        told = super().resolve_exec_properties(exec_properties, pipeline_info, component_info)
        base = told[standard_component_specs.INPUT_BASE_KEY]
        if "://" not in base:
            told[utils.FINGERPRINT_PROPERTY_NAME] = _fingerprint(base, _patterns(told))
        return told


def _patterns(exec_properties: dict[str, Any]) -> list[str]:
    inputs = example_gen_pb2.Input()
    told = exec_properties[standard_component_specs.INPUT_CONFIG_KEY]
    proto_utils.json_to_proto(told, inputs)
    return [split.pattern for split in inputs.splits]


def _fingerprint(base: str, patterns: Sequence[str]) -> str:
    """Returns how many files there are, and one digest of their names and contents."""
    found = [fileio.glob(os.path.join(base, pattern)) for pattern in patterns]
    files = sorted({path for paths in found for path in paths})
    lines = [f"{os.path.relpath(path, base)} {sha256_of(path)}\n" for path in files]
    return f"num_files:{len(files)},sha256:{hashlib.sha256(''.join(lines).encode()).hexdigest()}"
