"""The two splits that a comparison is between, and what it is called in words."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from tfx import types
from tfx.types import artifact_utils
from tfx.types import standard_component_specs as keys
from tfx.utils import json_utils

from components.baseline import VERSION_PROPERTY, is_empty
from usecase.spans import LATEST, PREVIOUS


class SplitPair(NamedTuple):
    """A split of the data, and the split of the baseline that it is held against."""

    now: str
    before: str

    @property
    def folder(self) -> str:
        """Where TFX writes the anomalies of the pair, in their artifact."""
        return f"SplitPair-{self.now}_{self.before}"

    @property
    def metric(self) -> str:
        """What is measured, as gates call it."""
        return "span drift" if self == SPANS else "drift"

    def property_text(self) -> str:
        """Returns the pair as TFX's own property `include_split_pairs`."""
        return str(json_utils.dumps([tuple(self)]))

    def is_missing(self, baseline: types.Artifact) -> bool:
        """Returns whether a baseline's statistics have nothing to compare with."""
        splits = artifact_utils.decode_split_names(baseline.split_names)
        return is_empty(baseline) or self.before not in splits

    def baseline_name(self, baseline: types.Artifact) -> str:
        """Returns what the rows are compared with, or why with nothing."""
        missing = self.is_missing(baseline)
        if self == SPANS:
            return "no span before" if missing else "the span before"
        version = baseline.get_int_custom_property(VERSION_PROPERTY)
        if not missing:
            return f"version {version}"
        return f"version {version} holds no statistics" if version else "nothing pushed yet"


TRAIN = SplitPair("train", "train")
SPANS = SplitPair(LATEST, PREVIOUS)  # of one data set


def pair_of(exec_properties: Mapping[str, Any]) -> SplitPair:
    """Returns the one pair that a node's properties name."""
    ((now, before),) = json_utils.loads(exec_properties[keys.INCLUDE_SPLIT_PAIRS_KEY])
    return SplitPair(now, before)
