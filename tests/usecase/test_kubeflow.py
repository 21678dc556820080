"""The `kubeflow` section: what is taken, what is refused in which words, and how nodes merge."""

import copy

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from usecase.errors import ConfigError
from usecase.kubeflow import Accelerator, Beam, BucketStorage, Claim, Kubeflow, Node, Toleration
from usecase.loading import load_use_case, parse_use_case
from usecase.paths import PROJECT_ROOT

TAXI = PROJECT_ROOT / "configs" / "taxi.yaml"
SMALL = {"image": "reg.example.com/x:1", "storage": {"claim": "models"}}
WHOLE = yaml.safe_load(TAXI.read_text(encoding="utf-8"))


def written(section: object) -> str:
    return yaml.safe_dump({**copy.deepcopy(WHOLE), "kubeflow": section})


def read(section: object) -> Kubeflow:
    found = parse_use_case(written(section), "my.yaml").kubeflow
    assert found is not None
    return found


def refused(section: object) -> tuple[str, str]:
    """The first line of what a user sees, without the file's name, and how to mend it."""
    with pytest.raises(ConfigError) as caught:
        parse_use_case(written(section), "my.yaml")
    return caught.value.what.removeprefix("my.yaml: "), caught.value.fix


def with_value(path: str, value: object) -> dict:
    """The small section with a value at a dotted path."""
    section = copy.deepcopy(SMALL)
    *outer, last = path.split(".")
    place = section
    for key in outer:
        place = place.setdefault(key, {})
    place[last] = value
    return section


def value_at(kubeflow: Kubeflow, path: str) -> object:
    value: object = kubeflow
    for part in path.split("."):
        value = value[part] if isinstance(value, dict) else getattr(value, part)
    return value


# --- what it holds ---


def test_a_use_case_without_the_section_has_none():
    config = {key: value for key, value in WHOLE.items() if key != "kubeflow"}
    assert parse_use_case(yaml.safe_dump(config)).kubeflow is None


def test_the_taxi_config():
    kubeflow = load_use_case(TAXI).kubeflow
    assert kubeflow.storage == Claim(claim="pipeline-storage", mount_path="/mnt/pipeline")
    assert kubeflow.gpu_image == f"{kubeflow.image}-gpu"
    trainer, other = kubeflow.of_node("Trainer"), kubeflow.of_node("StatisticsGen")
    assert (trainer.cpu, trainer.memory, trainer.retries) == ("4", "8Gi", 2)
    assert (other.cpu, other.memory, other.retries) == ("2", "4Gi", 2)


def test_the_least_section_and_its_defaults():
    kubeflow = read(SMALL)
    assert kubeflow.storage == Claim(claim="models", mount_path="/mnt/pipeline")
    assert kubeflow.image_pull_policy == "IfNotPresent"
    assert (kubeflow.gpu_image, kubeflow.pipeline_root, kubeflow.vertex) == (None, None, None)
    assert kubeflow.of_node("Trainer") == Node()


def test_a_whole_section():
    kubeflow = read(
        {
            **SMALL,
            "storage": {"bucket": "gs://models/taxi"},
            "pipeline_root": "minio://mlpipeline/v2/artifacts",
            "image_pull_secrets": ["registry"],
            "secrets": {"TOKEN": {"secret": "tokens", "key": "hub.token"}},
            "nodes": {
                "Trainer": {
                    "accelerator": {"count": 2, "vertex_type": "NVIDIA_TESLA_T4"},
                    "tolerations": [{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}],
                },
                "Transform": {
                    "beam": {
                        "runner": "FlinkRunner",
                        "options": {"flink_master": "flink:8081", "parallelism": 4},
                    }
                },
            },
            "vertex": {"pipeline_root": "gs://artifacts"},
        }
    )
    assert kubeflow.storage == BucketStorage(bucket="gs://models/taxi")
    trainer = kubeflow.of_node("Trainer")
    assert trainer.accelerator == Accelerator(
        type="nvidia.com/gpu", count=2, vertex_type="NVIDIA_TESLA_T4"
    )
    assert trainer.tolerations == (
        Toleration(key="gpu", operator="Exists", value=None, effect="NoSchedule"),
    )
    assert kubeflow.of_node("Transform").beam == Beam(
        runner="FlinkRunner", options={"flink_master": "flink:8081", "parallelism": 4}
    )
    assert kubeflow.secrets["TOKEN"].key == "hub.token"


def test_values_of_beam_keep_their_types():
    options = {"a": "1", "b": 1, "c": 1.0, "d": True, "e": ""}
    found = read(with_value("defaults.beam", {"options": options})).defaults.beam.options
    assert found == options
    assert [type(value) for value in found.values()] == [str, int, float, bool, str]


# --- texts ---

GOOD = {
    "image": ["x", "reg:5000/a/b:1.0-gpu", "a/b@sha256:0123"],
    "gpu_image": ["x:1"],
    "storage.claim": ["a", "a-b-c-1", "0", "a" * 63],
    "storage.mount_path": ["/m", "/mnt/a.b"],
    "pipeline_root": ["gs://b", "s3://b/k/", "minio://mlpipeline/v2/artifacts"],
    "image_pull_secrets": [["a", "b"], ["a-b.c-1", "a" * 253]],
    "defaults.cpu": ["1", "0.5", "500m", "10"],
    "defaults.memory": ["1", "512Mi", "1.5Gi", "2G", "1000k"],
    "defaults.env": [{"_A1": ""}, {"path": "x y"}],
    "defaults.retries": [0, 3],
    "defaults.accelerator": [{}, {"type": "google.com/tpu", "count": 8}],
    "vertex.pipeline_root": ["gs://b", "gs://b/f/g"],
}
BAD = {
    "image": ["", "a b", "a:1\n"],
    "gpu_image": [" "],
    "storage.claim": ["", "A", "a_b", "-a", "a-", "a.b", "a/b", "a\n", "a" * 64],
    "storage.mount_path": ["/", "mnt", "", "/a/", "/a b", "/s3", "/tmp/x", "/mnt/../usr", "/opt"],
    "pipeline_root": ["", "gs://", "/data", "file:///x", "gs:/b", "http://b", "gs:///k"],
    "image_pull_secrets": [["A"], ["a..b"], ["a.-b"], ["a" * 254]],
    "defaults.cpu": ["", "0", "0m", "-1", "1.", "0.5m", "1Gi", "two", "1 "],
    "defaults.memory": ["", "0", "0Gi", "1 Gi", "1GB", "1gi", "-1Gi", "1Ki2", "Gi"],
    "defaults.env": [{"1A": "x"}, {"A-B": "x"}, {"": "x"}],
    "defaults.retries": [-1],
    "defaults.accelerator": [{"count": 0}, {"type": ""}, {"type": "a b"}],
    "vertex.pipeline_root": ["gs://b/", "s3://b", "minio://b", "b"],
}


@pytest.mark.parametrize(
    ("path", "value"), [(path, value) for path, values in GOOD.items() for value in values]
)
def test_it_is_taken(path, value):
    found = value_at(read(with_value(path, value)), path)
    if isinstance(value, str | int):
        assert found == value


@pytest.mark.parametrize(
    ("path", "value"), [(path, value) for path, values in BAD.items() for value in values]
)
def test_it_is_refused(path, value):
    what, fix = refused(with_value(path, value))
    assert what.startswith(f"kubeflow.{path}")
    assert "pattern" not in what
    assert "also:" not in what
    assert fix


# --- what a user sees ---


@pytest.mark.parametrize(
    ("section", "what", "fix"),
    [
        ("x", "kubeflow: Input should be an object (got 'x')", "correct this value"),
        ({"storage": {"claim": "c"}}, 'key "kubeflow.image" is missing', 'add "image"'),
        ({"image": "x"}, 'key "kubeflow.storage" is missing', 'add "storage"'),
        ({**SMALL, "imge": 1}, 'unknown key "kubeflow.imge"', 'did you mean "image"?'),
        (
            with_value("nodes.Trainer.memry", "1Gi"),
            'unknown key "kubeflow.nodes.Trainer.memry"',
            'did you mean "memory"?',
        ),
        (
            with_value("nodes.Trainer.accelerator.cont", 1),
            'unknown key "kubeflow.nodes.Trainer.accelerator.cont"',
            'did you mean "count"?',
        ),
        (
            with_value("defaults.memory", "1 Gi"),
            "kubeflow.defaults.memory: expected a size such as 16Gi, without a space (got '1 Gi')",
            "correct this value",
        ),
        (
            with_value("defaults.cpu", 2),
            "kubeflow.defaults.cpu: expected text (got 2)",
            'put it in quotes: "2"',
        ),
        (
            with_value("defaults.env", {"A-B": "x"}),
            "kubeflow.defaults.env.A-B: expected the name of a variable: letters, digits and _ "
            "(got 'A-B')",
            "correct this value",
        ),
        (
            with_value("secrets.TOKEN", {"secret": "a"}),
            'key "kubeflow.secrets.TOKEN.key" is missing',
            'add "key"',
        ),
        (
            with_value("image_pull_policy", "always"),
            "kubeflow.image_pull_policy: Input should be 'Always', 'IfNotPresent' or 'Never' "
            "(got 'always')",
            'did you mean "Always"?',
        ),
        (
            with_value("nodes.Transform.beam", {"runner": "Dataflow"}),
            "kubeflow.nodes.Transform.beam.runner: Input should be 'DirectRunner', "
            "'DataflowRunner', 'FlinkRunner' or 'SparkRunner' (got 'Dataflow')",
            'did you mean "DataflowRunner"?',
        ),
        (
            with_value("defaults.beam", {"options": {"a": [1]}}),
            "kubeflow.defaults.beam.options.a: expected text, a number, true or false",
            "correct this value",
        ),
        (
            with_value("defaults.beam", {"options": {"--a": 1}}),
            "kubeflow.defaults.beam.options.--a: expected the name of a Beam option, without "
            "dashes, such as flink_master (got '--a')",
            "correct this value",
        ),
        (
            with_value("vertex", {"pipeline_root": "gs://b", "service_account": "x@y.z"}),
            'unknown key "kubeflow.vertex.service_account"',
            "known: pipeline_root",
        ),
        (
            with_value("storage.claim", "team.models"),
            "kubeflow.storage.claim: expected a claim's name that a volume can have too: at most "
            "63 lower-case letters, digits and - (got 'team.models')",
            "correct this value",
        ),
        (
            with_value("storage.mount_path", "/opt/pipeline/models"),
            "kubeflow.storage.mount_path: expected a folder of its own such as /mnt/pipeline: "
            "/opt/pipeline belongs to the image, whose files it would hide "
            "(got '/opt/pipeline/models')",
            "correct this value",
        ),
        (
            with_value("secrets", {"TOKEN": {"secret": "a", "key": "b/c"}}),
            "kubeflow.secrets.TOKEN.key: expected the key of a Secret: letters, digits, -, _ and . "
            "(got 'b/c')",
            "correct this value",
        ),
    ],
)
def test_one_line_says_where_and_one_how_to_mend_it(section, what, fix):
    assert refused(section) == (what, fix)


@pytest.mark.parametrize(
    ("storage", "what", "fix"),
    [
        (
            {"clam": "c"},
            'unknown key "kubeflow.storage.clam"\n  also: key "kubeflow.storage.claim" is missing',
            'did you mean "claim"?',
        ),
        (
            {"buckt": "gs://b"},
            'unknown key "kubeflow.storage.buckt"\n'
            '  also: key "kubeflow.storage.bucket" is missing',
            'did you mean "bucket"?',
        ),
        (
            {"claim": "c", "mount": "/x"},
            'unknown key "kubeflow.storage.mount"',
            'did you mean "mount_path"?',
        ),
        (
            {"bucket": "gs://b", "mount_path": "/x"},
            'unknown key "kubeflow.storage.mount_path"',
            "known: bucket",
        ),
        (
            {"bucket": "gs://b", "claim": "c"},
            'unknown key "kubeflow.storage.claim"',
            "known: bucket",
        ),
        (
            {"bucket": "s3://b"},
            "kubeflow.storage.bucket: expected gs://BUCKET or gs://BUCKET/FOLDER (got 's3://b')",
            "correct this value",
        ),
        ({}, 'key "kubeflow.storage.claim" is missing', 'add "claim"'),
        ("x", "kubeflow.storage: Input should be an object (got 'x')", "correct this value"),
    ],
)
def test_a_fault_of_the_storage_is_about_what_was_meant(storage, what, fix):
    assert refused({**SMALL, "storage": storage}) == (what, fix)


@pytest.mark.parametrize(
    ("toleration", "what"),
    [
        ({}, ": the operator Equal needs a `key`"),
        ({"value": "x"}, ": the operator Equal needs a `key`"),
        (
            {"key": "a", "operator": "Exists", "value": "x"},
            ": `value` belongs to the operator Equal",
        ),
        ({"operator": "Eq"}, ".operator: Input should be 'Exists' or 'Equal' (got 'Eq')"),
        ({"key": "a", "effect": "NoSchedul"}, ".effect: Input should be 'NoSchedule'"),
    ],
)
def test_a_toleration_that_kubernetes_would_refuse(toleration, what):
    shown, _ = refused(with_value("defaults.tolerations", [toleration]))
    assert shown.startswith(f"kubeflow.defaults.tolerations.0{what}")


@pytest.mark.parametrize(
    "toleration",
    [{"operator": "Exists"}, {"key": "a"}, {"key": "a", "value": "b", "effect": "NoExecute"}],
)
def test_a_toleration_that_kubernetes_takes(toleration):
    assert read(with_value("defaults.tolerations", [toleration])).defaults.tolerations


@pytest.mark.parametrize("place", ["defaults", "nodes.Trainer"])
def test_a_variable_from_a_secret_and_from_env(place):
    section = with_value(f"{place}.env", {"HOST": "a", "TOKEN": "b"})
    assert read({**section, "secrets": {"OTHER": {"secret": "s", "key": "k"}}}).secrets
    what, _ = refused({**section, "secrets": {"TOKEN": {"secret": "s", "key": "k"}}})
    assert what == (
        f'kubeflow: the variable "TOKEN" is both in `secrets` and in `{place}.env`: '
        "remove one of them"
    )


# --- what holds for a node ---

NAMES = st.sampled_from(["A", "B", "C"])
VALUES = st.sampled_from(["1", "2", "3"])
SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "cpu": st.none() | VALUES,
        "memory": st.none() | VALUES,
        "retries": st.none() | st.integers(0, 3),
        "cache": st.none() | st.booleans(),
        "accelerator": st.none() | st.builds(Accelerator, count=st.integers(1, 8)),
        "beam": st.none() | st.builds(Beam, options=st.dictionaries(st.just("a"), VALUES)),
        "tolerations": st.just(()) | st.just((Toleration(operator="Exists"),)),
        "env": st.dictionaries(NAMES, VALUES),
        "node_selector": st.dictionaries(NAMES, VALUES),
    },
)
MERGED = {"env", "node_selector"}


def section(defaults: dict, own: dict) -> Kubeflow:
    return Kubeflow(
        image="x:1", storage=Claim(claim="c"), defaults=Node(**defaults), nodes={"A": Node(**own)}
    )


@given(SETTINGS, SETTINGS)
def test_a_node_has_what_it_says_and_else_what_the_defaults_say(defaults, own):
    node = section(defaults, own).of_node("A")
    for name in Node.model_fields:
        if name in MERGED:
            assert getattr(node, name) == {**defaults.get(name, {}), **own.get(name, {})}
        else:
            expected = own.get(name, getattr(Node(**defaults), name))
            assert getattr(node, name) == expected, name


@given(SETTINGS, SETTINGS)
def test_merging_again_changes_nothing(defaults, own):
    merged = section(defaults, own).of_node("A")
    assert section(defaults, {**merged.model_dump(exclude=set(own)), **own}).of_node("A") == merged
    assert section({}, dict(merged)).of_node("A") == merged


@given(SETTINGS, SETTINGS)
def test_other_nodes_have_the_defaults_and_nobody_is_changed(defaults, own):
    kubeflow = section(defaults, own)
    before = kubeflow.model_dump_json()
    assert kubeflow.of_node("B") == Node(**defaults)
    kubeflow.of_node("A").env["X"] = "y"
    assert kubeflow.model_dump_json() == before


def test_a_null_takes_a_default_back():
    kubeflow = read({**SMALL, "defaults": {"memory": "4Gi"}, "nodes": {"A": {"memory": None}}})
    assert kubeflow.of_node("A").memory is None
    assert kubeflow.of_node("B").memory == "4Gi"


@pytest.mark.parametrize("path", sorted((PROJECT_ROOT / "configs").glob("*.yaml")))
def test_every_config_is_read(path):
    load_use_case(path)
