"""Names of pods, from the engine's ids."""

import pytest

from orchestration.kubeflow.api.pod_names import driver_pod_names, fnv_1a, pod_names


@pytest.mark.parametrize(
    ("text", "digest"), [("", 0x811C9DC5), ("a", 0xE40C292C), ("foobar", 0xBF9CF968)]
)
def test_the_digest_is_that_of_its_published_vectors(text, digest):
    assert fnv_1a(text) == digest


def test_a_pod_is_named_by_its_id_or_by_its_template_as_well():
    assert pod_names("taxi-x9-123", "Pusher") == [
        "taxi-x9-system-container-impl-123",
        "taxi-x9-123",
    ]


def test_each_try_is_a_pod_of_its_own():
    digests = [fnv_1a(f"taxi-x9.root.Pusher.executor{one}") for one in ("", "(0)", "(1)")]
    whole, first, second = digests
    assert pod_names(f"taxi-x9-{whole}", "Pusher", 1) == [
        f"taxi-x9-retry-system-container-impl-{first}",
        f"taxi-x9-retry-system-container-impl-{second}",
        f"taxi-x9-system-container-impl-{whole}",
        f"taxi-x9-{whole}",
        f"taxi-x9-{first}",
        f"taxi-x9-{second}",
    ]


def test_tries_of_another_part_are_not_guessed():
    assert len(pod_names("taxi-x9-123", "Pusher", retries=1)) == 2


def test_a_driver_s_pod_is_named_by_any_part_of_its_run():
    digest = fnv_1a("taxi-x9.root.Pusher-driver")
    names = [f"taxi-x9-system-container-driver-{digest}", f"taxi-x9-{digest}"]
    assert driver_pod_names("taxi-x9-123", "Pusher") == names
