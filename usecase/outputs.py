"""The names of what a model answers with; `models.outputs` says what each of them is."""

from usecase.metrics import Task

PROBABILITY = "probability"
PROBABILITIES = "probabilities"
PREDICTION = "prediction"
CLASS = "class"

# The output of each task that metrics are computed on.
MEASURED: dict[Task, str] = {
    "binary": PROBABILITY,
    "multiclass": PROBABILITIES,
    "regression": PREDICTION,
}
