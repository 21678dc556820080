"""The file that a search leaves: what is in it, when it is written, and what it never touches."""

import os
import shutil

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from models.trials import Trial
from orchestration.local import tuned_config
from orchestration.local.tuned_config import MARK, keep_best, renewed
from orchestration.plan import Plan, make_plan
from usecase.loading import load_use_case
from usecase.paths import PROJECT_ROOT
from usecase.search_space import Settings

RUN = "2026-11-21T05-03-56"
BEST = {"network.hidden_units": [128, 64], "training.learning_rate": 0.003218, "network.l2": 1e-05}
TRIALS = (
    Trial(2, BEST, 0.188769, 4, 8, 9.8),
    Trial(1, {"network.hidden_units": [64, 32]}, 0.194323, 4, 8, 8.0),
    Trial(3, {"network.hidden_units": [8]}, None, 0, 0, 1.0, "nan"),
)
TAXI = (PROJECT_ROOT / "configs" / "taxi.yaml").read_text(encoding="utf-8")


@pytest.fixture
def folder(tmp_path):
    """A folder of configurations, with one for another use case."""
    (tmp_path / "mine.yaml").write_text(TAXI, encoding="utf-8")
    (tmp_path / "other.yaml").write_text("name: other\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def plan(folder):
    return make_plan(str(folder / "mine.yaml"), tune=True)


def contents(folder):
    return {p.name: p.read_text(encoding="utf-8") for p in folder.iterdir() if p.is_file()}


def test_what_was_put_in_for_the_run_is_in_the_file_too(folder):
    overrides = ["training.seed=9", "training.learning_rate=0.5", "features.fare.buckets=7"]
    plan = make_plan(str(folder / "mine.yaml"), tune=True, overrides=overrides)
    kept = keep_best(plan, TRIALS, RUN)
    assert kept.warnings == ()
    made = load_use_case(kept.config)
    best = Settings(plan.use_case.network, plan.use_case.training).changed(BEST)
    assert made == plan.use_case.model_copy(update=best._asdict())
    assert (made.training.seed, made.features["fare"].buckets) == (9, 7)
    assert made.training.learning_rate == BEST["training.learning_rate"]


def test_the_file_is_the_configuration_with_the_best_values(plan, folder):
    kept = keep_best(plan, TRIALS, RUN)
    assert (kept.trials, kept.config, kept.warnings) == (
        TRIALS,
        str(folder / "taxi.tuned.yaml"),
        (),
    )
    best = Settings(plan.use_case.network, plan.use_case.training).changed(BEST)
    made = load_use_case(kept.config)
    assert made == plan.use_case.model_copy(update=best._asdict())
    assert (made.network.hidden_units, made.training.learning_rate) == ((128, 64), 0.003218)
    assert made != plan.use_case
    # It can be run as it is.
    assert make_plan(kept.config).use_case == made


def test_it_says_where_it_comes_from_and_keeps_the_order_of_keys(plan, folder):
    keep_best(plan, TRIALS, RUN)
    text = (folder / "taxi.tuned.yaml").read_text(encoding="utf-8")
    head = [line for line in text.splitlines() if line.startswith("#")]
    assert head == [
        "# Written by `local_runner.py run --tune`, which replaces it.",
        f"# Run {RUN} of {plan.config}: trial 2 of 3 was the best, with eval loss 0.188769;",
        "# the config's own values: 0.194323.",
    ]
    keys, own = list(yaml.safe_load(text)), list(yaml.safe_load(TAXI))
    assert keys[: len(own)] == own
    assert set(keys) - set(own) == {"network", "training"}
    assert "  fare: {role: bucketized, buckets: 50}\n" in text


def test_values_that_the_configuration_has_are_replaced_in_place(folder):
    text = TAXI.replace(
        "evaluation:", "network: {l2: 0.5, dropout: 0.25}\ntraining: {seed: 3}\nevaluation:", 1
    )
    (folder / "mine.yaml").write_text(text, encoding="utf-8")
    plan = make_plan(str(folder / "mine.yaml"), tune=True)
    raw = yaml.safe_load((folder / keep_best(plan, TRIALS, RUN).config).read_text())
    assert raw["network"] == {"l2": 1e-05, "dropout": 0.25, "hidden_units": [128, 64]}
    assert raw["training"] == {"seed": 3, "learning_rate": 0.003218}
    assert list(raw["network"])[:2] == ["l2", "dropout"]


def test_nothing_else_is_touched(plan, folder):
    before = contents(folder)
    keep_best(plan, TRIALS, RUN)
    after = contents(folder)
    del after["taxi.tuned.yaml"]
    assert after == before


def test_an_earlier_search_s_file_is_replaced(plan, folder):
    keep_best(plan, TRIALS, RUN)
    other = (Trial(1, {"network.dropout": 0.3}, 0.1, 1, 2, 1.0),)
    keep_best(plan, other, "later")
    made = load_use_case(folder / "taxi.tuned.yaml")
    assert (made.network.dropout, made.network.hidden_units) == (0.3, (64, 32))


def test_a_file_of_someone_else_s_stays(plan, folder):
    mine = folder / "taxi.tuned.yaml"
    mine.write_text("# mine\n" + TAXI, encoding="utf-8")
    before = contents(folder)
    kept = keep_best(plan, TRIALS, RUN)
    assert contents(folder) == before
    assert kept.config is None
    assert kept.trials == TRIALS
    (warning,) = kept.warnings
    assert "was not written by --tune: move it away" in warning
    assert str(mine) in warning


def test_the_tuned_configuration_may_be_tuned_again_whoever_wrote_it(folder):
    path = folder / "taxi.tuned.yaml"
    path.write_text("# mine\n" + TAXI, encoding="utf-8")
    plan = make_plan(str(path), tune=True)
    assert keep_best(plan, TRIALS, RUN).config == str(path)
    assert load_use_case(path).network.hidden_units == (128, 64)
    again = make_plan(str(path), tune=True)
    assert again.use_case.network.hidden_units == (128, 64)
    assert keep_best(again, TRIALS, RUN).config == str(path)


def test_a_search_that_was_not_made_anew_leaves_a_file_that_says_the_same(plan, folder):
    path = folder / "taxi.tuned.yaml"
    keep_best(plan, TRIALS, RUN)
    first = path.read_text(encoding="utf-8")
    keep_best(plan, TRIALS, "later", searched=False)
    assert path.read_text(encoding="utf-8") == first
    keep_best(plan, TRIALS, "later")
    assert "later" in path.read_text(encoding="utf-8")


def test_a_file_that_says_something_else_is_mended_without_a_new_search(plan, folder):
    path = folder / "taxi.tuned.yaml"
    keep_best(plan, (Trial(1, {"network.dropout": 0.3}, 0.1, 1, 2, 1.0),), "other search")
    keep_best(plan, TRIALS, RUN, searched=False)
    assert load_use_case(path).network.hidden_units == (128, 64)


def test_a_configuration_that_was_changed_meanwhile_is_not_mixed_with_the_values(plan, folder):
    (folder / "mine.yaml").write_text(TAXI.replace("buckets: 50", "buckets: 5"), encoding="utf-8")
    kept = keep_best(plan, TRIALS, RUN)
    assert kept.config is None
    assert "changed during the search" in kept.warnings[0]
    assert not (folder / "taxi.tuned.yaml").exists()


def test_other_data_of_one_run_are_not_written_down(folder):
    (folder / "rows.csv").write_text("a\n1\n")
    plan = make_plan(str(folder / "mine.yaml"), str(folder / "rows.csv"), tune=True)
    made = load_use_case(keep_best(plan, TRIALS, RUN).config)
    assert made.data == load_use_case(folder / "mine.yaml").data


@pytest.mark.parametrize(
    "spoil",
    [
        lambda folder: (folder / "mine.yaml").unlink(),
        lambda folder: (folder / "mine.yaml").write_text("{", encoding="utf-8"),
        lambda folder: (folder / "mine.yaml").write_text("[]", encoding="utf-8"),
        lambda folder: (folder / "mine.yaml").write_bytes(b"\xff"),
        lambda folder: shutil.rmtree(folder),
        lambda folder: (folder / "taxi.tuned.yaml").mkdir(),
        lambda folder: (folder / "taxi.tuned.yaml").write_bytes(b"\xff"),
    ],
)
def test_a_run_does_not_fail_for_a_file_that_cannot_be_written(plan, folder, spoil):
    spoil(folder)
    kept = keep_best(plan, TRIALS, RUN)
    assert (kept.config, len(kept.warnings)) == (None, 1)
    assert kept.trials == TRIALS
    assert str(folder / "taxi.tuned.yaml") in kept.warnings[0]


def test_what_cannot_be_written_whole_leaves_what_was_there(plan, folder, monkeypatch):
    keep_best(plan, TRIALS, RUN)
    before = contents(folder)

    def full(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tuned_config.Path, "replace", full)
    kept = keep_best(plan, TRIALS, "later")
    assert "No space left on device" in kept.warnings[0]
    assert contents(folder) == before


@pytest.mark.skipif(os.getuid() == 0, reason="the superuser may write anywhere")
def test_a_folder_that_is_not_ours_to_write(plan, folder):
    folder.chmod(0o500)
    try:
        assert "Permission denied" in keep_best(plan, TRIALS, RUN).warnings[0]
    finally:
        folder.chmod(0o700)


@settings(deadline=None)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "network.l2": st.floats(0, 1),
            "network.hidden_units": st.lists(st.integers(1, 1000), max_size=3),
            "network.activation": st.sampled_from(["relu", "tanh"]),
            "training.learning_rate": st.floats(0, 1e10, exclude_min=True),
            "training.batch_size": st.integers(1, 10**6),
        },
    )
)
def test_every_value_comes_back_exactly(tmp_path_factory, values):
    folder = tmp_path_factory.mktemp("config")
    (folder / "mine.yaml").write_text(TAXI, encoding="utf-8")
    plan = make_plan(str(folder / "mine.yaml"), tune=True)
    made = load_use_case(keep_best(plan, (Trial(1, values, 0.5, 1, 1, 1.0),), RUN).config)
    best = Settings(plan.use_case.network, plan.use_case.training).changed(values)
    assert Settings(made.network, made.training) == best


# A run of which nothing has changed.


@pytest.fixture
def repeated(make_record, plan, folder):
    """Returns a function from a record's fields to what an unchanged run says."""

    def repeated(**changes):
        return renewed(plan, make_record(RUN, **changes)).result

    return repeated


def test_an_unchanged_run_writes_the_file_if_it_is_gone(repeated, folder):
    path = str(folder / "taxi.tuned.yaml")
    result = repeated(trials=TRIALS, tuned_config=path)
    assert result.tuned_config == path
    assert load_use_case(path).network.hidden_units == (128, 64)


def test_an_unchanged_run_leaves_the_file_as_the_user_made_it(repeated, folder):
    path = folder / "taxi.tuned.yaml"
    path.write_text(f"{MARK}\n# and edited\n", encoding="utf-8")
    assert repeated(trials=TRIALS, tuned_config=str(path)).tuned_config == str(path)
    assert path.read_text(encoding="utf-8") == f"{MARK}\n# and edited\n"


def test_an_unchanged_run_tries_again_what_could_not_be_written(repeated, folder):
    result = repeated(trials=TRIALS, tuned_config=None, warnings=("no space",))
    assert (result.tuned_config, result.warnings) == (str(folder / "taxi.tuned.yaml"), ())


def test_an_unchanged_run_keeps_what_else_there_is_to_know(repeated, monkeypatch):
    monkeypatch.setattr(Plan, "warnings", ("no mobile model",))
    gone = repeated(trials=TRIALS, tuned_config=None, warnings=("no mobile model", "no space"))
    assert gone.warnings == ("no mobile model",)


def test_an_unchanged_run_without_a_search_writes_nothing(repeated, folder):
    before = contents(folder)
    assert repeated().tuned_config is None
    assert contents(folder) == before
