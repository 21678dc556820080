"""Use cases, by hand and generated."""

from hypothesis import strategies as st

from usecase.config import Data, DataGate, Evaluation, Label, Threshold, Training, UseCase
from usecase.roles import CategoricalInteger

AUC = Threshold(metric="auc", min=0.5)
COLUMNS = st.sampled_from(["hour", "pickup area", "Zahlungsart", "city"])


def use_case(*thresholds, data=None, training=None, data_gate=None):
    return UseCase(
        name="rides",
        data=data or Data(path="rides.csv"),
        schema="schema.pbtxt",
        features={"hour": CategoricalInteger(role="categorical_integer")},
        label=Label(name="tip"),
        training=training or Training(),
        data_gate=data_gate or DataGate(),
        evaluation=Evaluation(thresholds=thresholds or (AUC,)),
    )


@st.composite
def thresholds(draw):
    lowest, highest = sorted(draw(st.tuples(*[st.floats(-4.0, 4.0)] * 2)))
    bounds = {"min": lowest, "max": highest, "max_drop": draw(st.floats(0.0, 1.0))}
    chosen = draw(st.sets(st.sampled_from(sorted(bounds)), min_size=1))
    slices = st.none() | COLUMNS | st.dictionaries(COLUMNS, st.integers(), min_size=1, max_size=2)
    return Threshold(
        metric=draw(st.sampled_from(["auc", "loss", "accuracy"])),
        slice=draw(slices),
        **{name: bounds[name] for name in sorted(chosen)},
    )


@st.composite
def use_cases(draw):
    return use_case(
        *draw(st.lists(thresholds(), min_size=1, max_size=4)),
        training=Training(max_epochs=draw(st.integers(1, 3000))),
        data_gate=DataGate(
            min_rows=draw(st.integers(1, 10**9)), min_label_share=draw(st.floats(0.0, 1.0))
        ),
    )
