"""The standard Pusher with an executor that copies safely and never pushes the same model twice."""

import datetime
import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

from tfx import types
from tfx.components.pusher import executor
from tfx.proto import pusher_pb2
from tfx.types import artifact_utils, standard_component_specs
from tfx.utils import proto_utils

from components import promotion, push_destination
from components.promotion import Promotion
from serving.pushed import Push
from usecase.config import Serving

PUSHED_PROPERTY = "pushed"  # TFX's own
UP_TO_DATE_PROPERTY = "up_to_date"
VERSION_PROPERTY = "pushed_version"
PROMOTED_PROPERTY = "promoted"
NOT_PROMOTED_PROPERTY = "not_promoted"
CUSTOM_CONFIG = "custom_config"
SIBLING = "sibling"
SERVING = "serving"


class Executor(executor.Executor):
    """Pushes a blessed model as a new version, if it differs from the one that serves.

    Versions are Unix times, as TFX numbers them, but always above the last one, whatever the clock
    says. Where the component's `custom_config` names another destination as "sibling", a model that
    is there already gets the same number here.

    Where it has "serving" (fields of `usecase.config.Serving`), each version holds a record of the
    run that pushed it; with `promote: on_push`, the newest one is made stable as well, unless
    somebody has decided on it before. The custom property `promoted` is 1 then; where that fails,
    `not_promoted` says why, and what was pushed stays pushed.
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
        serving = _serving(exec_properties)
        on_push = serving if serving and serving.promote == "on_push" else None
        if "://" in folder:  # an object store, which cannot rename
            super().Do(input_dict, output_dict, exec_properties)
            if on_push and pushed.get_int_custom_property(PUSHED_PROPERTY):
                problem = f"{folder} is no file system, which the state of a release needs"
                _tell(pushed, Promotion(done=False, problem=problem))
            return
        if not self.CheckBlessing(input_dict):
            self._MarkNotPushed(pushed)
            return
        version = self._push(self.GetModelPath(input_dict), folder, pushed, exec_properties)
        if on_push:
            _tell(pushed, promotion.promote(Path(folder), version, on_push))

    def _push(
        self, model: str, folder: str, pushed: types.Artifact, exec_properties: dict[str, Any]
    ) -> int:
        """Pushes a model if it is not there yet; returns its version."""
        last = push_destination.latest_version(folder)
        if last is not None and _same(model, Path(folder) / str(last)):
            self._MarkNotPushed(pushed)
            pushed.set_int_custom_property(UP_TO_DATE_PROPERTY, 1)
            pushed.set_string_custom_property(VERSION_PROPERTY, str(last))
            return last
        now = int(time.time())
        record = self._record(now) if _serving(exec_properties) is not None else None
        version = push_destination.next_version(model, folder, _sibling(exec_properties), now)
        target = push_destination.publish(model, folder, version, record)
        shutil.copytree(target, pushed.uri, dirs_exist_ok=True)
        self._MarkPushed(pushed, pushed_destination=str(target), pushed_version=str(version))
        return version

    def _record(self, now: int) -> Push:
        run = self._context.pipeline_run_id if self._context else None
        run = run or os.environ.get(push_destination.RUN_VARIABLE)
        moment = datetime.datetime.fromtimestamp(now, datetime.timezone.utc)
        return Push(run or "", moment.strftime("%Y-%m-%dT%H:%M:%SZ"))


def _folder(exec_properties: dict[str, Any]) -> str:
    destination = pusher_pb2.PushDestination()
    proto_utils.json_to_proto(
        exec_properties[standard_component_specs.PUSH_DESTINATION_KEY], destination
    )
    return destination.filesystem.base_directory


def _config(exec_properties: dict[str, Any]) -> dict[str, Any]:
    return json.loads(exec_properties.get(CUSTOM_CONFIG) or "null") or {}


def _sibling(exec_properties: dict[str, Any]) -> str | None:
    """Returns the folder of the other destination; None where there is none, or none here."""
    return _config(exec_properties).get(SIBLING) or None


def _serving(exec_properties: dict[str, Any]) -> Serving | None:
    """Returns how versions are released; None where this is no destination of served models."""
    told = _config(exec_properties).get(SERVING)
    return None if told is None else Serving.model_validate_json(json.dumps(told))


def _tell(pushed: types.Artifact, promoted: Promotion) -> None:
    if promoted.done:
        pushed.set_int_custom_property(PROMOTED_PROPERTY, 1)
    if promoted.problem:
        pushed.set_string_custom_property(NOT_PROMOTED_PROPERTY, promoted.problem)


def _same(model: str | Path, other: Path) -> bool:
    """Whether they are one model: other warm-up records make no other model."""
    digests = [
        push_destination.digest(each, leaving_out=push_destination.ADDED_BY_A_PUSH)
        for each in (model, other)
    ]
    return digests[0] == digests[1]
