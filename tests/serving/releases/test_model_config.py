"""The servers' config file: one model's entry is written, and all else stays."""

import pytest
from google.protobuf import text_format
from hypothesis import given
from hypothesis import strategies as st

from serving.errors import ServingError
from serving.releases import model_config
from serving.releases.plan import Entry
from tests.serving.releases.release_world import config_of

ENTRY = Entry("/models/taxi", (3, 4), {"stable": 3, "canary": 4})
OTHERS = """
# a comment
model_config_list {
  config { name: "other" base_path: "/models/other" model_platform: "tensorflow"
    model_version_policy { latest { num_versions: 2 } }
    version_labels { key: "stable" value: 1 } }
  config { name: "taxi" base_path: "/old" model_type: TENSORFLOW
    model_version_policy { all {} }
    version_labels { key: "blue" value: 1 } version_labels { key: "stable" value: 1 }
    logging_config {
      log_collector_config { filename_prefix: "/logs/taxi" }
      sampling_config { sampling_rate: 0.25 } } }
  config { name: "third" base_path: "gs://bucket/third" model_platform: "tensorflow" }
}
"""
TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "models.config"


def test_a_new_file(path):
    assert model_config.read(path, "taxi") is None
    assert model_config.write(path, "taxi", ENTRY)
    (model,) = config_of(path).model_config_list.config
    assert (model.name, model.base_path, model.model_platform) == (
        "taxi",
        "/models/taxi",
        "tensorflow",
    )
    assert list(model.model_version_policy.specific.versions) == [3, 4]
    assert dict(model.version_labels) == {"stable": 3, "canary": 4}
    assert path.read_text().startswith("# Written by `python -m serving`.")
    assert model_config.read(path, "taxi") == ENTRY


def test_what_it_says_already_is_not_written(path):
    model_config.write(path, "taxi", ENTRY)
    path.write_text("# mine\n" + path.read_text())
    before = path.stat().st_mtime_ns
    assert not model_config.write(path, "taxi", ENTRY)
    assert path.stat().st_mtime_ns == before
    assert model_config.write(path, "taxi", ENTRY._replace(versions=(3, 4, 5)))
    assert "# mine" not in path.read_text()


def test_other_models_and_other_fields_stay(path):
    path.write_text(OTHERS)
    before = config_of(path)
    assert model_config.write(path, "taxi", ENTRY)
    after = config_of(path)
    models = {model.name: model for model in after.model_config_list.config}
    assert list(models) == ["other", "taxi", "third"]
    for index, name in ((0, "other"), (2, "third")):
        assert models[name] == before.model_config_list.config[index]
    taxi = models["taxi"]
    assert taxi.logging_config == before.model_config_list.config[1].logging_config
    assert (taxi.model_type, taxi.model_platform) == (1, "")  # not both, which servers refuse
    assert model_config.read(path, "taxi") == ENTRY


def test_read_an_entry_of_somebody_else(path):
    path.write_text(OTHERS)
    assert model_config.read(path, "taxi") == Entry("/old", (), {"blue": 1, "stable": 1})
    assert model_config.read(path, "fourth") is None


@given(base=TEXT, name=TEXT, versions=st.sets(st.integers(1, 2**63 - 1), max_size=5))
def test_any_path_and_name(tmp_path_factory, base, name, versions):
    path = tmp_path_factory.mktemp("config") / "models.config"
    path.write_text(OTHERS)
    labels = {"stable": min(versions, default=1), "canary": max(versions, default=1)}
    entry = Entry(base, tuple(sorted(versions)), labels)
    model_config.write(path, name, entry)
    assert model_config.read(path, name) == entry
    assert path.read_bytes().isascii()  # so that no server's idea of an encoding matters
    found = [m for m in config_of(path).model_config_list.config if m.name == name]
    assert [m.base_path for m in found] == [base]


@pytest.mark.parametrize("base", ['/a "b"', "/back\\slash", "/größer/東京", "/new\nline", "/it's"])
def test_paths_that_text_format_escapes(path, base):
    model_config.write(path, "taxi", ENTRY._replace(base_path=base))
    assert config_of(path).model_config_list.config[0].base_path == base


def test_a_path_that_is_no_unicode(path):
    with pytest.raises(ServingError, match="a server cannot be told of") as caught:
        model_config.write(path, "taxi", ENTRY._replace(base_path="/\udcff"))
    assert caught.value.fix == "rename the folder"
    assert not path.exists()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"model_config_list {", "Expected"),
        (b"no config at all", "no"),
        (b"\xff\xfe\x00", "decode"),
        (b'model_config_list { config { name: "a" future_field: 1 } }', "future_field"),
        (b"custom_model_config { }", "custom_model_config"),
        (b'model_config_list { config { name: "taxi" } config { name: "taxi" } }', "2 times"),
    ],
)
def test_what_cannot_be_understood_is_refused_and_kept(path, content, told):
    path.write_bytes(content)
    for run in (
        lambda: model_config.read(path, "taxi"),
        lambda: model_config.write(path, "taxi", ENTRY),
    ):
        with pytest.raises(ServingError, match=r"models\.config cannot be used: ") as caught:
            run()
        assert told in caught.value.what
        assert caught.value.fix.startswith("correct it")
    assert path.read_bytes() == content


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(ServingError, match="cannot be opened: No such file"):
        model_config.write(tmp_path / "nowhere" / "models.config", "taxi", ENTRY)


def test_a_file_that_is_a_folder(path):
    path.mkdir()
    with pytest.raises(ServingError, match="cannot be read: Is a directory"):
        model_config.read(path, "taxi")


def test_the_header_is_a_comment(path):
    path.write_text(model_config.HEADER)
    assert text_format.MessageToString(config_of(path)) == ""
