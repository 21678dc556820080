"""The one fact of each node that matters to a reader."""

import json
from collections.abc import Callable
from pathlib import Path

from components.verdict import Verdict
from models.settings import HISTORY_FILE
from models.trials import read_trials
from orchestration.local import drift_facts, mobile_facts, serving_facts
from orchestration.local.execute import Execution
from orchestration.local.text import number
from pipeline.stage_names import (
    BASELINE_STATISTICS,
    DRIFT,
    EXAMPLE_GENS,
    PUSHERS,
    SERVING_GATE,
    SPAN_DRIFT,
    TUNER,
)
from usecase.config import SPLITS


def fact(execution: Execution) -> str:
    """Returns a short phrase on what a node produced; "" where there is nothing to say."""
    describe = FACTS.get(execution.node_id)
    if describe is None or execution.state == "skipped":
        return ""
    return describe(execution)


def _rows(execution: Execution) -> str:
    from components.data_checks import split_statistics

    folder = _folder(execution, "statistics")
    counts = [f"{split} {split_statistics(folder, split).num_examples:,}" for split in SPLITS]
    return " · ".join(counts) + " rows"


def _data(execution: Execution) -> str:
    properties = execution.properties
    pattern = json.loads(properties["input_config"])["splits"][0]["pattern"]
    return f"{pattern} from {properties['input_base'].rpartition('/')[2]}/"


def _schema(execution: Execution) -> str:
    path = Path(execution.properties["schema_file"])
    return f"{path.parent.name}/{path.name}"


def _anomalies(execution: Execution) -> str:
    from components.data_checks import anomaly_texts

    found = anomaly_texts(_folder(execution, "anomalies"))
    return f"{len(found)} anomalies" if len(found) != 1 else "1 anomaly"


def _data_gate(execution: Execution) -> str:
    verdict = Verdict.read(_folder(execution, "verdict"))
    failed = [r for r in verdict.results if r.refuses]
    if failed:
        return f"refused: {failed[0].detail or failed[0].metric}"
    values = {result.metric: result.value for result in verdict.results}
    if share := values.get("label_share"):
        return f"passed · rarest class {share:.1%}"
    different = values.get("label_values")
    return f"passed · {different:,.0f} different labels" if different else "passed"


def _drift(execution: Execution) -> str:
    return drift_facts.judged(_folder(execution, "verdict"), execution.output_properties)


def _transform(execution: Execution) -> str:
    assets = _folder(execution, "transform_graph") / "transform_fn" / "assets"
    count = len(list(assets.glob("*")))
    return f"{count} vocabular{'y' if count == 1 else 'ies'}"


def _tuning(execution: Execution) -> str:
    trials = read_trials(_folder(execution, "tuner_results"))
    failed = sum(trial.eval_loss is None for trial in trials)
    count = f"{len(trials)} trial{'' if len(trials) == 1 else 's'}"
    count += f", {failed} failed" if failed else ""
    best = trials[0].eval_loss
    (own,) = (trial.eval_loss for trial in trials if trial.is_own)
    if best is None or own is None:
        return f"{count} · best eval loss {number(best, 4)}"
    if trials[0].is_own:
        return f"{count} · none clearly below the config's own eval loss {number(own, 4)}"
    gain = number(own - best, 4)
    return f"{count} · best eval loss {number(best, 4)}, {gain} below the config's own"


def _training(execution: Execution) -> str:
    fitted = json.loads((_folder(execution, "model_run") / HISTORY_FILE).read_text())
    best = f"best epoch {fitted['best_epoch']} of {fitted['epochs']}"
    device = "" if fitted["device"] == "cpu" else f" · {fitted['device']}"
    return f"{best} · eval loss {fitted['best_loss']:.4f}{device}"


def _baseline(execution: Execution) -> str:
    version = execution.output_properties.get("pushed_version")
    return f"version {version}" if version else "none pushed yet"


def _quality(execution: Execution) -> str:
    verdict = Verdict.read(_folder(execution, "evaluation"))
    metrics = verdict.metrics
    name = next(iter(metrics), "")
    if not name:
        return "passed" if verdict.passed else "refused"
    text = f"{name} {metrics[name]:.4f}"
    if (before := metrics.get(f"baseline/{name}")) is not None:
        text += f" ({metrics[name] - before:+.4f} vs last pushed)"
    return text if verdict.passed else f"refused · {text}"


def _push(execution: Execution) -> str:
    properties = execution.output_properties
    stable = " · stable now" if properties.get("promoted") else ""
    if properties.get("pushed"):
        return f"version {properties['pushed_version']}{stable}"
    if properties.get("up_to_date"):
        return f"version {properties['pushed_version']} is this model already{stable}"
    return "not pushed: no blessing"


def _folder(execution: Execution, key: str) -> Path:
    return Path(execution.outputs[key][0])


FACTS: dict[str, Callable[[Execution], str]] = {
    EXAMPLE_GENS["csv"]: _data,
    EXAMPLE_GENS["parquet"]: _data,
    EXAMPLE_GENS["tfrecord"]: _data,
    EXAMPLE_GENS["bigquery"]: lambda _: "BigQuery query",
    "StatisticsGen": _rows,
    "ImportSchemaGen": _schema,
    "ExampleValidator": _anomalies,
    BASELINE_STATISTICS: lambda execution: drift_facts.baseline(execution.output_properties),
    DRIFT: _drift,
    SPAN_DRIFT: _drift,
    "DataGate": _data_gate,
    "Transform": _transform,
    TUNER: _tuning,
    "Trainer": _training,
    "LatestPushedModel": _baseline,
    "Evaluator": _quality,
    SERVING_GATE: lambda execution: serving_facts.judged(_folder(execution, "verdict")),
    PUSHERS["serving"]: _push,
    PUSHERS["mobile"]: _push,
    "TFLiteExporter": lambda execution: mobile_facts.exported(_folder(execution, "model")),
    "TFLiteGate": lambda execution: mobile_facts.judged(_folder(execution, "verdict")),
}
