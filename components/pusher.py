"""The standard Pusher with an executor that copies safely and never pushes the same model twice."""

import json
import shutil
import time
from pathlib import Path
from typing import Any

from tfx import types
from tfx.components.pusher import executor
from tfx.proto import pusher_pb2
from tfx.types import artifact_utils, standard_component_specs
from tfx.utils import proto_utils

from components import push_destination

UP_TO_DATE_PROPERTY = "up_to_date"
VERSION_PROPERTY = "pushed_version"
CUSTOM_CONFIG = "custom_config"
SIBLING = "sibling"


class Executor(executor.Executor):
    """Pushes a blessed model as a new version, if it differs from the one that serves.

    Versions are Unix times, as TFX numbers them, but always above the last one, whatever the clock
    says. Where the component's `custom_config` names another destination as "sibling", a model that
    is there already gets the same number here.
    """

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Pushes the model to the local folder of `push_destination`, if it is blessed."""
        pushed = artifact_utils.get_single_instance(
            output_dict[standard_component_specs.PUSHED_MODEL_KEY]
        )
        folder = _folder(exec_properties)
        if "://" in folder:  # an object store, which cannot rename
            super().Do(input_dict, output_dict, exec_properties)
            return
        if not self.CheckBlessing(input_dict):
            self._MarkNotPushed(pushed)
            return
        model = self.GetModelPath(input_dict)
        last = push_destination.latest_version(folder)
        if last is not None and _same(model, Path(folder) / str(last)):
            self._MarkNotPushed(pushed)
            pushed.set_int_custom_property(UP_TO_DATE_PROPERTY, 1)
            pushed.set_string_custom_property(VERSION_PROPERTY, str(last))
            return
        sibling = _sibling(exec_properties)
        version = push_destination.next_version(model, folder, sibling, int(time.time()))
        target = push_destination.publish(model, folder, version)
        shutil.copytree(model, pushed.uri, dirs_exist_ok=True)
        self._MarkPushed(pushed, pushed_destination=str(target), pushed_version=str(version))


def _folder(exec_properties: dict[str, Any]) -> str:
    destination = pusher_pb2.PushDestination()
    proto_utils.json_to_proto(
        exec_properties[standard_component_specs.PUSH_DESTINATION_KEY], destination
    )
    return destination.filesystem.base_directory


def _sibling(exec_properties: dict[str, Any]) -> str | None:
    """Returns the folder of the other destination; None where there is none, or none here."""
    config = json.loads(exec_properties.get(CUSTOM_CONFIG) or "null") or {}
    return config.get(SIBLING) or None


def _same(model: str | Path, other: Path) -> bool:
    """Whether they are one model: other warm-up records make no other model."""
    digests = [
        push_destination.digest(each, leaving_out=push_destination.ADDED_BY_A_PUSH)
        for each in (model, other)
    ]
    return digests[0] == digests[1]
