"""Data in spans through TFX's own driver: which span is read, recorded, and reused."""

import ml_metadata
import pytest

from components.examples import batches
from orchestration.local.execute import Executor
from orchestration.local.metadata_store import sqlite_config
from orchestration.located_data import locate
from pipeline.sources import example_gen
from usecase.config import SPLITS, Data, Split
from usecase.spans import SpanFiles


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("spans")
    for span in (1, 2, 10):
        path = folder / f"s-{span}" / "rows.csv"
        path.parent.mkdir()
        path.write_text("a\n" + "".join(f"{row}\n" for row in range(span * 10)))
    return folder


def run(folder, data, spans, run_id):
    pattern = locate(data).pattern
    node = example_gen(data, Split(), {}, pattern, spans=spans)
    store = sqlite_config(folder / "metadata.db")
    executor = Executor("spans", [node], folder / "artifacts", store, run_id)
    (compiled,) = executor.nodes()
    return executor.run(compiled)


def recorded(folder, execution):
    store = ml_metadata.MetadataStore(sqlite_config(folder / "metadata.db"))
    (uri,) = execution.outputs["examples"]
    (artifact,) = store.get_artifacts_by_uri(uri)
    return artifact.custom_properties["span"].int_value


def rows(execution, *splits):
    (uri,) = execution.outputs["examples"]
    return sum(len(batch) for batch in batches(uri, *splits).as_numpy_iterator())


def files_of(data, span=None, digest="d"):
    window = locate(data, span).window
    return SpanFiles(window.span, window.rows, window.splits, digest)


def test_the_window_is_read_and_its_newest_span_recorded(folder):
    data = Data(path=str(folder / "s-{SPAN}" / "*.csv"), window=2)
    first = run(folder, data, files_of(data), "1")
    assert first.state == "ran"
    assert recorded(folder, first) == 10
    assert rows(first, *SPLITS) == 120
    assert (rows(first, "latest"), rows(first, "previous")) == (100, 20)
    assert run(folder, data, files_of(data), "2").state == "cached"
    # TFX itself does not look at an older span: the digest does.
    assert run(folder, data, files_of(data, digest="e"), "3").state == "ran"


def test_an_older_span(folder):
    data = Data(path=str(folder / "s-{SPAN}" / "*.csv"))
    done = run(folder, data, files_of(data, 1), "4")
    assert (recorded(folder, done), rows(done, *SPLITS)) == (1, 10)


def test_without_a_choice_tfx_takes_the_newest(folder):
    data = Data(path=str(folder / "s-{SPAN}" / "*.csv"))
    done = run(folder, data, None, "5")
    assert (recorded(folder, done), rows(done, *SPLITS)) == (10, 100)
