"""TF_CONFIG: the workers it names, and every fault in it told at once."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.accelerators import pick, visible
from models.cluster import read_cluster
from usecase.errors import UserError

TWO = {"worker": ["a.example:2222", "b.example:2222"]}


def tf_config(cluster=TWO, job="worker", index=0):
    return json.dumps({"cluster": cluster, "task": {"type": job, "index": index}})


@pytest.mark.parametrize("text", [None, "", "  "])
def test_no_tf_config_is_no_cluster(text):
    assert read_cluster(text) is None


def test_the_chief_writes_and_without_one_worker_0():
    with_chief = {"chief": ["c.example:1"], **TWO}
    tasks = [("chief", 0), ("worker", 0), ("worker", 1)]
    chiefs = [read_cluster(tf_config(with_chief, *task)).is_chief for task in tasks]
    assert chiefs == [True, False, False]
    assert [read_cluster(tf_config(TWO, "worker", i)).is_chief for i in (0, 1)] == [True, False]
    assert read_cluster(tf_config(with_chief)).size == 3


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("3", "names no cluster"),
        ("{}", "names no cluster"),
        ('{"cluster": {}, "task": {"type": "worker", "index": 0}}', "names no cluster"),
        (json.dumps({"cluster": TWO}), "does not say which task"),
        (json.dumps({"cluster": TWO, "task": {"type": "worker"}}), "does not say which task"),
        (tf_config(index=2), "worker 2, which is not in its cluster"),
        (tf_config(index=-1), "which is not in its cluster"),
        (tf_config(index=True), "which is not in its cluster"),
        (tf_config(index="0"), "which is not in its cluster"),
        (tf_config(job="chief"), "chief 0, which is not in its cluster"),
        (tf_config(job="evaluator"), "'evaluator': all processes train here"),
        (tf_config(job=["worker"]), "all processes train here"),
        (tf_config({**TWO, "ps": ["p.example:1"]}), "'ps': all processes train here"),
        (tf_config({"worker": "a.example:1"}), "lists no addresses"),
        (tf_config({"worker": []}), "lists no addresses"),
        (tf_config({"worker": ["a.example"]}), "the address 'a.example'"),
        (tf_config({"worker": ["a.example:70000"]}), "the address"),
        (tf_config({"worker": ["http://a.example:80"]}), "the address"),
        (tf_config({"worker": [7]}), "the address 7"),
        (tf_config({"worker": ["a:1", "a:1"]}), "an address twice"),
        (tf_config({"chief": ["a:1", "b:1"]}, "chief"), "more than one chief"),
    ],
)
def test_a_faulty_tf_config_is_refused_at_once(text, what):
    for ask in (lambda: pick(environ={"TF_CONFIG": text}), lambda: visible({"TF_CONFIG": text})):
        with pytest.raises(UserError) as raised:
            ask()
        assert what in raised.value.what
        assert "unset TF_CONFIG" in raised.value.fix


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)
ADDRESS = st.sampled_from(["a:1", "b.example:22", "[::1]:3", "a:0", "x", "é:1", "\ud800:1"]) | JSON
JOB = st.sampled_from(["chief", "worker", "evaluator"])
NEARLY = st.fixed_dictionaries(
    {},
    optional={
        "cluster": st.dictionaries(JOB, st.lists(ADDRESS, max_size=3) | JSON) | JSON,
        "task": st.fixed_dictionaries({}, optional={"type": JOB | JSON, "index": JSON}) | JSON,
    },
)


@settings(max_examples=400, deadline=None)
@given(st.one_of(JSON.map(json.dumps), NEARLY.map(json.dumps), st.text()))
def test_any_tf_config_is_a_cluster_or_refused(text):
    import tensorflow as tf

    try:
        cluster = read_cluster(text)
    except UserError:
        return
    if cluster is not None:
        assert set(cluster.jobs) <= {"chief", "worker"}
        address = tf.train.ClusterSpec(cluster.jobs).task_address(cluster.job, cluster.task)
        assert address == cluster.jobs[cluster.job][cluster.task]
