"""Beam's options of a node, held against Beam's own parser, and told to TFX's own executor."""

import subprocess
import sys

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import (
    DirectOptions,
    FlinkRunnerOptions,
    GoogleCloudOptions,
    PipelineOptions,
    PortableOptions,
    SparkRunnerOptions,
    StandardOptions,
    WorkerOptions,
)
from apache_beam.portability.api import beam_runner_api_pb2
from apache_beam.testing.util import assert_that, equal_to
from apache_beam.transforms import environments
from hypothesis import given
from hypothesis import strategies as st
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.utils import dependency_utils

from orchestration.kubeflow.beam_arguments import (
    RESERVED,
    beam_arguments,
    is_distributed,
    require_distributable,
)
from orchestration.kubeflow.beam_options import flags
from usecase.errors import ConfigError
from usecase.kubeflow import Beam, Claim, Kubeflow, Node
from usecase.paths import PROJECT_ROOT

IMAGE = "reg.example.com/x:1"
DATAFLOW = {"project": "p", "region": "r", "temp_location": "gs://b/t"}


def arguments(runner: str, /, own=(), **options) -> list[str]:
    return beam_arguments(Beam(runner=runner, options=options), IMAGE, own)


def refused(runner: str, /, **options) -> str:
    with pytest.raises(ConfigError) as caught:
        arguments(runner, **options)
    assert caught.value.expected
    assert caught.value.fix
    return str(caught.value)


# --- what is said ---


@pytest.mark.parametrize("said", [None, Beam(), Beam(runner="DirectRunner", options={})])
def test_nothing_is_said_where_there_is_nothing_to_say(said):
    assert beam_arguments(said, IMAGE) == []
    assert not is_distributed(said)


def test_the_pods_own_runner():
    said = arguments("DirectRunner", direct_running_mode="multi_processing", direct_num_workers=4)
    assert said == [
        "--runner=DirectRunner",
        "--direct_num_workers=4",
        "--direct_running_mode=multi_processing",
        f"--sdk_container_image={IMAGE}",
    ]
    options = PipelineOptions(said)
    assert options.view_as(DirectOptions).direct_num_workers == 4
    assert options.view_as(DirectOptions).direct_running_mode == "multi_processing"


@pytest.mark.parametrize("mode", ["in_memory", "multi_threading"])
def test_the_pods_own_runner_runs_with_them(mode):
    said = arguments("DirectRunner", direct_running_mode=mode, direct_num_workers=2)
    with beam.Pipeline(argv=said) as pipeline:
        doubled = pipeline | beam.Create(range(5)) | beam.Map(lambda number: number * 2)
        assert_that(doubled, equal_to([0, 2, 4, 6, 8]))


def test_dataflow():
    said = arguments("DataflowRunner", max_num_workers=3, use_public_ips=False, **DATAFLOW)
    assert said == [
        "--runner=DataflowRunner",
        "--max_num_workers=3",
        "--project=p",
        "--region=r",
        f"--sdk_container_image={IMAGE}",
        "--temp_location=gs://b/t",
        "--no_use_public_ips",
    ]
    options = PipelineOptions(said)
    assert options.view_as(StandardOptions).runner == "DataflowRunner"
    assert options.view_as(GoogleCloudOptions).temp_location == "gs://b/t"
    worker = options.view_as(WorkerOptions)
    assert (worker.max_num_workers, worker.use_public_ips) == (3, False)


def test_flink_packs_one_jar_since_the_image_has_no_java():
    said = arguments("FlinkRunner", flink_master="flink:8081", parallelism=2)
    assert said == [
        "--runner=FlinkRunner",
        f"--environment_config={IMAGE}",
        "--environment_type=DOCKER",
        "--flink_master=flink:8081",
        "--flink_submit_uber_jar",
        "--parallelism=2",
        f"--sdk_container_image={IMAGE}",
    ]
    flink = PipelineOptions(said).view_as(FlinkRunnerOptions)
    assert (flink.flink_master, flink.flink_submit_uber_jar) == ("flink:8081", True)


def test_spark_packs_one_jar_for_the_rest_endpoint():
    said = arguments("SparkRunner", spark_rest_url="http://spark:6066")
    spark = PipelineOptions(said).view_as(SparkRunnerOptions)
    assert (spark.spark_rest_url, spark.spark_submit_uber_jar) == ("http://spark:6066", True)


@pytest.mark.parametrize(
    ("runner", "options"),
    [
        ("FlinkRunner", {"job_endpoint": "jobs:8099"}),
        ("FlinkRunner", {"job_endpoint": "localhost:8099", "flink_master": "flink:8081"}),
        ("FlinkRunner", {"flink_master": "flink:8081", "flink_submit_uber_jar": False}),
        ("SparkRunner", {"job_endpoint": "jobs:8099"}),
        ("SparkRunner", {"spark_master_url": "spark://spark:7077"}),
    ],
)
def test_a_job_server_is_taken_where_one_is_named(runner, options):
    said = arguments(runner, **options)
    assert not [one for one in said if "uber_jar" in one]
    endpoint = PipelineOptions(said).view_as(PortableOptions).job_endpoint
    assert endpoint == options.get("job_endpoint")


@pytest.mark.parametrize("runner", ["FlinkRunner", "SparkRunner"])
def test_portable_workers_run_the_image(runner):
    options = PipelineOptions(arguments(runner, job_endpoint="jobs:8099"))
    environment = environments.Environment.from_options(options.view_as(PortableOptions))
    assert isinstance(environment, environments.DockerEnvironment)
    assert environment.container_image == IMAGE
    # A list for the log, which no worker installs.
    assert staged(environment) == {"submission_environment_dependencies.txt"}


def staged(environment: environments.Environment) -> set[str]:
    """The names of the files that workers are sent."""
    role = beam_runner_api_pb2.ArtifactStagingToRolePayload
    return {role.FromString(one.role_payload).staged_name for one in environment.artifacts()}


def test_a_worker_would_install_what_is_refused(tmp_path):
    (tmp_path / "requirements.txt").write_text("")
    said = [
        *arguments("FlinkRunner", job_endpoint="jobs:8099"),
        f"--requirements_file={tmp_path / 'requirements.txt'}",
    ]
    options = PipelineOptions(said).view_as(PortableOptions)
    assert "requirements.txt" in staged(environments.Environment.from_options(options))


def test_portable_workers_may_be_a_pool_that_is_there():
    said = arguments(
        "FlinkRunner",
        job_endpoint="jobs:8099",
        environment_type="EXTERNAL",
        environment_config="localhost:50000",
    )
    options = PipelineOptions(said).view_as(PortableOptions)
    environment = environments.Environment.from_options(options)
    assert isinstance(environment, environments.ExternalEnvironment)
    assert environment.url == "localhost:50000"


def test_workers_may_have_an_image_of_their_own():
    for runner, options in [("DataflowRunner", DATAFLOW), ("FlinkRunner", {"job_endpoint": "x:1"})]:
        said = arguments(runner, sdk_container_image="workers:2", **options)
        assert "--sdk_container_image=workers:2" in said
        assert not [one for one in said if IMAGE in one]
    assert "--environment_config=workers:2" in said


@pytest.mark.parametrize(
    ("runner", "name", "options"),
    [
        ("DirectRunner", "sdk_container_image", {"direct_num_workers": 2}),
        ("DataflowRunner", "sdk_container_image", DATAFLOW),
        ("FlinkRunner", "sdk_container_image", {"job_endpoint": "x:1"}),
        ("FlinkRunner", "environment_config", {"job_endpoint": "x:1"}),
        (
            "SparkRunner",
            "environment_config",
            {"job_endpoint": "x:1", "environment_type": "DOCKER"},
        ),
    ],
)
def test_an_image_of_workers_is_always_the_same_one(runner, name, options):
    for image in ("workers:latest", "workers", "host:5000/workers"):
        text = refused(runner, **options, **{name: image})
        assert f'option {name}: the image "{image}" may be another one tomorrow' in text
    assert f"--{name}=workers:2" in arguments(runner, **options, **{name: "workers:2"})


def test_what_is_no_image_needs_no_tag():
    told = {"environment_type": "EXTERNAL", "environment_config": "pool:50000"}
    assert "--environment_config=pool:50000" in arguments("FlinkRunner", job_endpoint="x:1", **told)
    boot = '{"command": "/opt/apache/beam/boot"}'
    told = {"environment_type": "PROCESS", "environment_config": boot}
    said = arguments("FlinkRunner", job_endpoint="x:1", **told)
    assert f"--environment_config={boot}" in said


def test_a_nodes_own_arguments_stay_unless_the_config_says_otherwise():
    own = ["--project=own", "--temp_location=gs://own/t"]
    assert beam_arguments(None, IMAGE, own) == [
        *own,
        "--runner=DirectRunner",
        f"--sdk_container_image={IMAGE}",
    ]
    said = arguments("DataflowRunner", own=[*own, "--labels=a=b"], **DATAFLOW)
    assert said[0] == "--labels=a=b"
    assert not [one for one in said if "own" in one]


@given(st.permutations([*DATAFLOW.items(), ("max_num_workers", 2), ("disk_size_gb", 9)]))
def test_the_order_of_the_config_does_not_matter(items):
    said = arguments("DataflowRunner", **dict(items))
    assert said == arguments("DataflowRunner", **dict(sorted(items)))


# --- TFX builds nothing, workers install nothing ---

CASES = [
    ("DirectRunner", {"direct_num_workers": 2}),
    ("DataflowRunner", DATAFLOW),
    ("FlinkRunner", {"flink_master": "flink:8081"}),
    ("SparkRunner", {"job_endpoint": "jobs:8099"}),
]


class Executor(BaseBeamExecutor):
    """TFX's, which looks after dependencies as it is made."""

    def Do(self, input_dict, output_dict, exec_properties):
        pass


@pytest.fixture
def packed(monkeypatch):
    calls = []

    def build():
        calls.append("sdist")
        return "/tmp/tfx_ephemeral.tar.gz"

    monkeypatch.setattr(dependency_utils, "build_ephemeral_package", build)
    monkeypatch.setattr("sys.argv", ["entrypoint"])
    return calls


def executor(said: list[str]) -> list[str]:
    return Executor(Executor.Context(beam_pipeline_args=said))._beam_pipeline_args


@pytest.mark.parametrize(("runner", "options"), CASES)
def test_tfx_packs_no_sdist_of_itself(packed, runner, options):
    told = executor(arguments(runner, **options))
    assert packed == []
    assert not [one for one in told if one.startswith("--extra_package")]


def test_it_would_pack_one_without_the_image(packed):
    told = executor(["--runner=DirectRunner", "--direct_num_workers=2"])
    assert packed == ["sdist"]
    assert "--extra_package=/tmp/tfx_ephemeral.tar.gz" in told


@pytest.mark.parametrize(("runner", "options"), CASES)
@pytest.mark.parametrize("name", RESERVED)
def test_what_workers_would_install_is_refused(runner, options, name):
    text = refused(runner, **options, **{name: "x"})
    assert f"the Beam option {name} is set by the pipeline" in text
    assert RESERVED[name] in text


# --- what is refused ---


@pytest.mark.parametrize(
    ("runner", "options", "complaint"),
    [
        ("DataflowRunner", {}, "needs the Beam option project and region and temp_location"),
        (
            "DataflowRunner",
            {"project": "p", "region": "r"},
            "needs the Beam option temp_location\n",
        ),
        ("DataflowRunner", {**DATAFLOW, "project": ""}, "needs the Beam option project\n"),
        ("DataflowRunner", {**DATAFLOW, "temp_location": "/tmp"}, "temp_location is '/tmp'"),
        ("FlinkRunner", {}, "needs the address of its cluster"),
        ("FlinkRunner", {"parallelism": 2}, "needs the address of its cluster"),
        ("FlinkRunner", {"flink_master": "[local]"}, "flink_master is '[local]'"),
        ("FlinkRunner", {"flink_master": "[auto]"}, "flink_master is '[auto]'"),
        ("FlinkRunner", {"job_endpoint": "embed"}, "job_endpoint is 'embed'"),
        (
            "FlinkRunner",
            {"job_endpoint": "x:1", "environment_type": "EXTERNAL"},
            "environment_type EXTERNAL needs environment_config",
        ),
        (
            "FlinkRunner",
            {"job_endpoint": "x:1", "environment_type": "LOOPBACK"},
            "environment_type is 'LOOPBACK'",
        ),
        ("SparkRunner", {}, "needs the address of its cluster"),
        ("SparkRunner", {"spark_master_url": "local[4]"}, "spark_master_url is 'local[4]'"),
        ("SparkRunner", {"spark_master_url": "local"}, "spark_master_url is 'local'"),
        ("DirectRunner", {"direct_num_worker": 2}, 'did you mean "direct_num_workers"?'),
        ("DirectRunner", {"qqqqqq": 2}, 'Beam has no option "qqqqqq"'),
        ("DirectRunner", {"direct_num_workers": "many"}, "direct_num_workers is 'many'"),
        ("DirectRunner", {"direct_num_workers": 1.5}, "direct_num_workers is '1.5'"),
        (
            "DirectRunner",
            {"direct_running_mode": "threads"},
            "one of in_memory, multi_threading, multi_processing",
        ),
        ("FlinkRunner", {"job_endpoint": "x:1", "flink_version": "1.0"}, "flink_version is '1.0'"),
        (
            "FlinkRunner",
            {"flink_master": "x:1", "flink_submit_uber_jar": "yes"},
            "flink_submit_uber_jar is 'yes'",
        ),
        ("DirectRunner", {"direct_num_workers": True}, "direct_num_workers is 'true'"),
    ],
)
def test_it_is_refused_when_compiling(runner, options, complaint):
    assert complaint in refused(runner, **options)


@given(
    st.dictionaries(
        st.sampled_from(["project", "region", "job_name", "network", "worker_zone", "num_workers"]),
        st.integers(1, 99),
    )
)
def test_what_is_taken_reads_as_it_was_written(options):
    read = PipelineOptions(flags(options)).get_all_options()
    for name, value in options.items():
        assert str(read[name]) == str(value)
    assert flags(options) == sorted(flags(options))


WITHOUT_BEAM = """
import sys
from orchestration.kubeflow.beam_arguments import beam_arguments
from usecase.errors import ConfigError
from usecase.kubeflow import Beam
assert beam_arguments(Beam(), "x:1") == []
for beam in (Beam(runner="DataflowRunner"), Beam(options={"setup_file": "setup.py"})):
    try:
        beam_arguments(beam, "x:1")
    except ConfigError:
        continue
    sys.exit("not refused")
sys.exit("apache_beam" in sys.modules)
"""


def test_who_has_no_options_and_who_lacks_one_does_not_wait_for_beam():
    subprocess.run([sys.executable, "-c", WITHOUT_BEAM], cwd=PROJECT_ROOT, check=True)


# --- which nodes ---

NODES = ["CsvExampleGen", "StatisticsGen", "ExampleValidator", "Transform", "Trainer", "Evaluator"]
FAR = Node(beam=Beam(runner="DataflowRunner", options=DATAFLOW))


def kubeflow(defaults: Node | None = None, **nodes: Node) -> Kubeflow:
    storage = Claim(claim="c")
    return Kubeflow(image=IMAGE, storage=storage, defaults=defaults or Node(), nodes=nodes)


@pytest.mark.parametrize("node_id", ["CsvExampleGen", "StatisticsGen", "Transform"])
def test_these_nodes_may_be_distributed(node_id):
    require_distributable(kubeflow(**{node_id: FAR}), NODES, "gs://b/root")


@pytest.mark.parametrize("node_id", ["ExampleValidator", "Trainer", "Evaluator"])
def test_other_nodes_may_not(node_id):
    with pytest.raises(ConfigError, match=f"{node_id} cannot run on DataflowRunner"):
        require_distributable(kubeflow(**{node_id: FAR}), NODES, "gs://b/root")


def test_the_defaults_would_distribute_them_all():
    with pytest.raises(ConfigError, match="cannot run on DataflowRunner") as caught:
        require_distributable(kubeflow(FAR), NODES, "gs://b/root")
    assert "not under kubeflow.defaults" in caught.value.fix


@pytest.mark.parametrize("root", [None, "minio://b/root", "s3://b/root"])
def test_workers_must_reach_the_artifacts(root):
    with pytest.raises(ConfigError, match="pipeline root that workers can read"):
        require_distributable(kubeflow(Transform=FAR), NODES, root)
    require_distributable(kubeflow(Transform=FAR), ["Trainer"], root)


def test_the_pods_own_runner_is_everybodys():
    near = Node(beam=Beam(options={"direct_num_workers": 2}))
    require_distributable(kubeflow(near), NODES, None)
