"""Where pods read and write, by storage and target."""

import dataclasses

import pytest

from orchestration.kubeflow.cluster_places import cluster_places, mounting_nodes
from tests.orchestration.kubeflow.compiled import plan_of

CLAIM = {"storage": {"claim": "shared", "mount_path": "/mnt/x"}}
BUCKET = {"storage": {"bucket": "gs://shop/a/b"}}
NEEDING = {
    *("CsvExampleGen", "LatestPushedModel", "LatestPushedStatistics", "Trainer"),
    *("Pusher", "MobilePusher"),
}


@pytest.mark.parametrize(
    ("section", "target", "expected"),
    [
        (CLAIM, "kfp", ("/mnt/x/serving/taxi", "/mnt/x/mobile/taxi", "/mnt/x/checkpoints/taxi")),
        (
            BUCKET,
            "kfp",
            ("gs://shop/a/b/serving/taxi", "gs://shop/a/b/mobile/taxi", "/tmp/checkpoints/taxi"),
        ),
        (
            BUCKET,
            "vertex",
            (
                "gs://shop/a/b/serving/taxi",
                "gs://shop/a/b/mobile/taxi",
                "/gcs/shop/a/b/checkpoints/taxi",
            ),
        ),
    ],
)
def test_places(tmp_path, section, target, expected):
    plan = plan_of(tmp_path, section, data="gs://shop/rows.csv")
    places = cluster_places(plan, plan.use_case.kubeflow, target)
    assert (places.serving, places.mobile, places.checkpoints) == expected
    assert places.schema == "schema/taxi/schema.pbtxt"
    assert (places.data, places.pipeline_root) == ("gs://shop/rows.csv", "")
    assert places.baseline_version == -1


@pytest.mark.parametrize(
    "data", ["/mnt/x/rows.csv", "/mnt/xy/rows.csv", "pkg:mnt/x/rows.csv", "gs://mnt/x/rows.csv"]
)
def test_a_run_may_find_its_data_on_the_volume_wherever_they_usually_are(tmp_path, data):
    plan = plan_of(tmp_path, CLAIM, data=data)
    assert mounting_nodes(plan, plan.use_case.kubeflow) == NEEDING


def test_nodes_that_are_not_there_mount_nothing(tmp_path):
    changes = [("\nsplit:", "\nmobile: {enabled: false}\nsplit:")]
    plan = plan_of(tmp_path, CLAIM, changes=changes)
    assert mounting_nodes(plan, plan.use_case.kubeflow) == NEEDING - {"MobilePusher"}


def test_a_bucket_is_no_volume(tmp_path):
    plan = plan_of(tmp_path, BUCKET, data="/mnt/x/rows.csv")
    assert mounting_nodes(plan, plan.use_case.kubeflow) == frozenset()


def test_places_are_of_no_machine(tmp_path):
    plan = plan_of(tmp_path, CLAIM)
    places = dataclasses.asdict(cluster_places(plan, plan.use_case.kubeflow, "kfp"))
    assert not [v for v in places.values() if str(v).startswith(str(tmp_path))]
