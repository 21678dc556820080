"""What cannot run on a cluster is told before TFX is imported, and how to mend it."""

import subprocess
import sys

import pytest

from orchestration.kubeflow.cluster_checks import check, require_kubeflow, warnings
from orchestration.kubeflow.targets import RULES
from tests.orchestration.kubeflow.compiled import plan_of
from usecase.errors import ConfigError
from usecase.paths import PROJECT_ROOT

BUCKET = {"storage": {"bucket": "gs://shop/models"}}
ON_VERTEX = {**BUCKET, "vertex": {"pipeline_root": "gs://shop/root"}}
COPIES = (
    "a push to gs://shop/models is a plain copy: TensorFlow Serving may see a version before all "
    "of its files are there; a model that is there already is pushed again"
)
APART = ", and the two destinations may number it differently"
SPARK = {"runner": "SparkRunner", "options": {"spark_master_url": "spark://host:7077"}}
TPU = {
    "accelerator": {"type": "google.com/tpu", "count": 4, "vertex_type": "TPU_V3"},
    "node_selector": {"cloud.google.com/gke-tpu-accelerator": "tpu-v5-lite-podslice"},
}
WHOLE_TPU = {
    **TPU,
    "node_selector": {**TPU["node_selector"], "cloud.google.com/gke-tpu-topology": "2x2"},
}
# In a process of its own, for what it did not import.
FAULTY = """
import sys
from orchestration.kubeflow.compile import compile_pipeline
from orchestration.plan import make_plan
from usecase.errors import ConfigError
plan = make_plan(sys.argv[1], elsewhere=True)
try:
    compile_pipeline(plan, "vertex")
except ConfigError as error:
    print(error.what)
print(sorted({"tfx", "tensorflow", "apache_beam", "kfp"} & sys.modules.keys()))
"""


def checked(plan, target="kfp", root=None):
    kubeflow = require_kubeflow(plan)
    check(plan, kubeflow, target, root or RULES[target].pipeline_root(kubeflow))
    return list(warnings(plan, kubeflow, target))


def refused(tmp_path, section, target="kfp", root=None, **options):
    with pytest.raises(ConfigError) as caught:
        checked(plan_of(tmp_path, section, **options), target, root)
    assert caught.value.fix
    return caught.value


@pytest.mark.parametrize(
    ("section", "target"),
    [({}, "kfp"), (BUCKET, "kfp"), (ON_VERTEX, "vertex")],
)
def test_what_is_right_passes(tmp_path, section, target):
    expected = [COPIES + APART] if "storage" in section else []
    assert checked(plan_of(tmp_path, section), target) == expected


def test_one_destination_in_a_bucket_is_numbered_like_itself(tmp_path):
    plan = plan_of(tmp_path, BUCKET, changes=[("\nsplit:", "\nmobile: {enabled: false}\nsplit:")])
    assert checked(plan) == [COPIES]


def test_without_a_section_there_is_nothing_to_go_by(tmp_path):
    error = refused(tmp_path, None)
    assert error.what.endswith("case.yaml has no section `kubeflow`")


@pytest.mark.parametrize("image", ["taxi", "taxi:latest", "host:5000/taxi"])
def test_an_image_that_may_change_is_told_once(tmp_path, image):
    error = refused(tmp_path, {"image": image})
    assert error.what == f'the image "{image}" may be another one tomorrow'
    assert error.fix == "name a tag other than latest, or a digest"


def test_an_image_for_gpus_may_change_where_no_node_has_it(tmp_path):
    section = {"gpu_image": "gpu:latest", "nodes": {"Trainer": {"accelerator": {}}}}
    assert refused(tmp_path, section).what == 'the image "gpu:latest" may be another one tomorrow'
    assert checked(plan_of(tmp_path, {"gpu_image": "gpu:latest"})) == []


def test_an_unknown_node(tmp_path):
    error = refused(tmp_path, {"nodes": {"Trianer": {"cpu": "1"}}})
    assert error.what == 'kubeflow.nodes: the pipeline has no node "Trianer"'
    assert error.fix == 'did you mean "Trainer"?'


@pytest.mark.parametrize("node", ["Tuner", "MobilePusher"])
def test_a_node_that_this_run_leaves_out_is_known(tmp_path, node):
    assert checked(plan_of(tmp_path, {"nodes": {node: {"cpu": "1"}}})) == []


@pytest.mark.parametrize(
    "node", ["LatestPushedModel", "LatestPushedStatistics", "Pusher", "MobilePusher"]
)
def test_what_depends_on_the_push_destination_is_never_reused(tmp_path, node):
    error = refused(tmp_path, {"nodes": {node: {"cache": True}}})
    assert error.what == f"kubeflow.nodes.{node}: its result cannot be reused"
    assert checked(plan_of(tmp_path, {"nodes": {node: {"cache": False}}})) == []


def test_a_schema_that_is_not_in_the_image(tmp_path):
    mine = tmp_path / "schema.pbtxt"
    mine.write_bytes((PROJECT_ROOT / "schema" / "taxi" / "schema.pbtxt").read_bytes())
    error = refused(tmp_path, {}, changes=[("schema/taxi/schema.pbtxt", str(mine))])
    assert error.what == f"no container can see the curated schema {mine}"


def test_a_schema_that_leads_out_of_its_folder(tmp_path):
    other = f"{PROJECT_ROOT}/schema/../configs/taxi.yaml"
    plan = plan_of(tmp_path, {})
    with pytest.raises(ConfigError, match="no container can see"):
        checked(type(plan)(**{**vars(plan), "schema": type(plan.schema)(other)}))


def test_a_container_starts_no_container(tmp_path):
    error = refused(tmp_path, {}, changes=[("\nsplit:", "\nserving: {server: docker}\nsplit:")])
    assert error.what.startswith("serving.server: docker cannot run on a cluster")
    binary = plan_of(tmp_path, {}, changes=[("\nsplit:", "\nserving: {server: binary}\nsplit:")])
    assert checked(binary) == []


def test_vertex_without_a_root(tmp_path):
    error = refused(tmp_path, BUCKET, "vertex")
    assert error.what == "Vertex AI must be told where artifacts go"
    assert checked(plan_of(tmp_path, BUCKET), "vertex", "gs://shop/root") == [COPIES + APART]


def test_vertex_mounts_no_volume(tmp_path):
    section = {"vertex": {"pipeline_root": "gs://shop/root"}}
    error = refused(tmp_path, section, "vertex")
    assert error.what == "Vertex AI cannot mount the volume shared"
    assert checked(plan_of(tmp_path, section), "kfp") == []


@pytest.mark.parametrize(
    ("target", "root"),
    [
        ("kfp", "/mnt/x/root"),
        ("kfp", "file:///mnt"),
        ("kfp", "hdfs://a/b"),
        ("kfp", "root"),
        ("vertex", "minio://mlpipeline/v2"),
        ("vertex", "s3://bucket/root"),
    ],
)
def test_a_root_where_nothing_can_be_written(tmp_path, target, root):
    error = refused(tmp_path, ON_VERTEX, target, root)
    assert error.what == f"{RULES[target].name} cannot write artifacts to {root}"


@pytest.mark.parametrize("root", ["gs://b/r", "s3://b/r", "minio://b/r"])
def test_a_root_in_an_object_store(tmp_path, root):
    assert checked(plan_of(tmp_path, {}), "kfp", root) == []


def test_an_accelerator_that_vertex_does_not_know(tmp_path):
    section = {**ON_VERTEX, "gpu_image": "a:1", "nodes": {"Trainer": {"accelerator": {}}}}
    error = refused(tmp_path, section, "vertex")
    assert error.what == "kubeflow: Trainer asks for an accelerator that has no name on Vertex AI"
    assert checked(plan_of(tmp_path, section), "kfp") == [COPIES + APART]


def test_a_tpu_without_a_machine(tmp_path):
    error = refused(tmp_path, {"nodes": {"Trainer": TPU}})
    assert error.what.startswith("kubeflow: Trainer asks for google.com/tpu, but its pod")
    assert error.fix == "add cloud.google.com/gke-tpu-topology to the node_selector of Trainer"
    assert checked(plan_of(tmp_path, {"nodes": {"Trainer": WHOLE_TPU}})) == []


def test_a_node_with_next_to_no_memory(tmp_path):
    error = refused(tmp_path, {"nodes": {"Trainer": {"memory": "4k"}}})
    assert error.what == "kubeflow: Trainer cannot run in a memory of 4k"


def test_workers_that_cannot_see_the_data(tmp_path):
    section = {"pipeline_root": "gs://shop/root", "nodes": {"CsvExampleGen": {"beam": SPARK}}}
    error = refused(tmp_path, section)
    assert error.what.startswith("kubeflow: CsvExampleGen has workers that cannot see pkg:tfx/")
    assert checked(plan_of(tmp_path, section, data="gs://shop/a.csv")) == []


def test_a_distributed_runner_needs_a_root_that_workers_see(tmp_path):
    section = {"nodes": {"Transform": {"beam": SPARK}}}
    error = refused(tmp_path, section)
    assert "needs a pipeline root that workers can read and write" in error.what
    assert checked(plan_of(tmp_path, section), "kfp", "gs://shop/root") == []


def test_a_gpu_without_an_image_for_it_is_a_warning(tmp_path):
    section = {"nodes": {"Trainer": {"accelerator": {}}}}
    expected = "Trainer asks for nvidia.com/gpu, but kubeflow.gpu_image is not set"
    assert checked(plan_of(tmp_path, section)) == [expected]
    assert checked(plan_of(tmp_path, {**section, "gpu_image": "a:1"})) == []


def test_a_gpu_that_nobody_uses_is_a_warning(tmp_path):
    section = {"gpu_image": "a:1", "nodes": {"Pusher": {"accelerator": {}}}}
    expected = "Pusher asks for nvidia.com/gpu, but computes nothing on it"
    assert checked(plan_of(tmp_path, section)) == [expected]


def test_functions_that_the_image_may_lack_are_a_warning(tmp_path):
    # Any importable function will do: nobody calls it here.
    changes = [("function: models.taxi.big_tip", "function: textwrap.dedent")]
    expected = "textwrap.dedent is not in the project's packages: the image must hold textwrap"
    assert checked(plan_of(tmp_path, {}, changes=changes)) == [expected]


@pytest.mark.parametrize(("section", "warned"), [(BUCKET, True), ({}, False)])
def test_a_release_on_a_bucket_is_a_warning(tmp_path, section, warned):
    changes = [("\nsplit:", "\nserving: {promote: on_push}\nsplit:")]
    nothing = "serving.promote: on_push will promote nothing: a bucket cannot hold a release"
    expected = [COPIES + APART, nothing]
    told = checked(plan_of(tmp_path, section, changes=changes))
    assert told == (expected if warned else [])


def test_what_vertex_does_not_hear_is_a_warning(tmp_path):
    section = {
        **ON_VERTEX,
        "image_pull_policy": "Always",
        "image_pull_secrets": ["registry"],
        "secrets": {"TOKEN": {"secret": "keys", "key": "token"}},
        "defaults": {"tolerations": [{"operator": "Exists"}]},
        "nodes": {
            "Trainer": {"node_selector": {"a": "b"}},
            "Tuner": {"tolerations": [{"operator": "Exists"}]},
        },
    }
    told = checked(plan_of(tmp_path, section), "vertex")
    assert told[1:] == [
        "Vertex AI knows no secrets: what kubeflow.secrets says is left out",
        "Vertex AI knows no image_pull_policy: what kubeflow.image_pull_policy says is left out",
        "Vertex AI knows no image_pull_secrets: what kubeflow.image_pull_secrets says is left out",
        "Vertex AI knows no node_selector: what kubeflow.nodes.Trainer.node_selector says is left "
        "out",
        "Vertex AI knows no tolerations: what kubeflow.defaults.tolerations says is left out",
    ]
    assert checked(plan_of(tmp_path, section), "kfp") == [COPIES + APART]


def test_faults_are_told_before_anything_slow_is_imported(tmp_path):
    plan = plan_of(tmp_path, {**ON_VERTEX, "nodes": {"Trainer": {"accelerator": {}}}})
    done = subprocess.run(
        [sys.executable, "-c", FAULTY, plan.config],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    what, modules = done.stdout.splitlines()
    assert what == "kubeflow: Trainer asks for an accelerator that has no name on Vertex AI"
    assert modules == "[]"
