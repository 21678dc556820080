"""A model for phones as the pipeline pushes one, and what it answers."""

import copy
import hashlib
import json
import math

import numpy as np

EXACT = 2**53 + 1  # which a float would round
INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
WORDS = ("Flash Cab", "Größe", "\N{TAXI} Co", " ")
# Task, and what is added to the score: a variant of its own answers otherwise.
MODELS = {
    "binary": ("binary", 0.0),
    "binary_shifted": ("binary", 1.0),
    "multiclass": ("multiclass", 0.0),
    "regression": ("regression", 0.0),
}
CLASSES = {"binary": ["no", "yes"], "multiclass": ["up", "down", "Größe"], "regression": []}
OUTPUTS = {"binary": "probability", "multiclass": "probabilities", "regression": "prediction"}
INPUTS = [
    {"name": "fare", "column": "fare", "dtype": "float32", "missing": "NaN"},
    {"name": "trip_start_hour", "column": "trip_start_hour", "dtype": "int64", "missing": -1},
    {
        "name": "picked_up",
        "column": "picked up",
        "dtype": "int64",
        "missing": INT64_MIN,
        "unit": "seconds since 1970-01-01T00:00:00 UTC",
    },
    {"name": "company", "column": "company", "dtype": "string", "missing": ""},
]
ROW = {"fare": 6.5, "trip_start_hour": 3, "picked up": EXACT, "company": "Größe"}


def metadata(task="binary", **changes):
    """Returns what stands in a file of a task; `changes` replace its keys."""
    shape = ["batch", len(CLASSES[task])] if task == "multiclass" else ["batch"]
    values = {
        "format": 1,
        "model": "trips",
        "task": task,
        "signature": "serving_default",
        "inputs": INPUTS,
        "output": {"name": OUTPUTS[task], "dtype": "float32", "shape": shape},
        "label": {
            "name": "big_tip",
            "classes": CLASSES[task],
            "decision_threshold": 0.75 if task == "binary" else None,
        },
        "vocabularies": {"company": {"size": len(WORDS), "sha256": "ab12"}},
        "parameters": 10500,
        "saved_model_sha256": "cd34",
        "versions": {"tensorflow": "2.16.2"},
    }
    return copy.deepcopy({**values, **changes})


def described(folder, files, **changes):
    """Returns metadata of a folder that holds model files, by variant."""

    def entry(variant, name):
        content = (folder / name).read_bytes()
        return {
            "variant": variant,
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "max_difference": 1.2e-7,
            "metrics": {"auc": 0.968},
        }

    listed = {name: entry(variant, name) for variant, name in files.items()}
    return {**metadata(**changes), "files": listed, "left_out": {}}


def write(folder, content):
    (folder / "metadata.json").write_text(json.dumps(content), encoding="utf-8")


def with_metadata(model, content, name="model_metadata.json"):
    """Returns a .tflite file with an entry of metadata more."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    made = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(model, 0))
    buffer, entry = schema.BufferT(), schema.MetadataT()
    buffer.data = np.frombuffer(content, np.uint8)
    made.buffers.append(buffer)
    entry.name, entry.buffer = name.encode(), len(made.buffers) - 1
    made.metadata = [*(made.metadata or []), entry]
    builder = flatbuffers.Builder(1024)
    builder.Finish(made.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def score(row, shift=0.0):
    """Returns what the models compute of a row before their answer."""
    fare, hour = row.get("fare"), row.get("trip_start_hour")
    moment, company = row.get("picked up"), row.get("company")
    money = -1.0 if fare is None or math.isnan(fare) else fare / 4
    time = 0.25 if hour is None or hour < 0 else hour / 8
    at = 0.125 if moment in (None, INT64_MIN) else 2.0 * (moment == EXACT)
    word = 0.5 if not company else WORDS.index(company) if company in WORDS else -1
    return np.float32(money + time + at + word + shift)


def sigmoid(value):
    return 1 / (1 + np.exp(-value))
