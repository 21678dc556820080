"""Batches: who is joined with whom, what is refused, and that it is worth it."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from google.protobuf import text_format

from model_server import batching, config_protos
from model_server.batching import Batcher
from model_server.servable import LoadOptions, load
from model_server.status import Code, StatusError

X, Y = "x:0", "y:0"


def parameters(text):
    return text_format.Parse(text, config_protos.BatchingParameters())


class Graph:
    """Answers 2 x, remembers what it was given, and waits for `gate` if there is one."""

    def __init__(self, gate=None, answer=lambda x: 2 * x):
        self.gate = gate
        self.answer = answer
        self.given = []
        self.timeouts = []
        self.running = threading.Semaphore(0)

    def __call__(self, feeds, fetches, timeout):
        self.given.append(feeds[X].copy())
        self.timeouts.append(timeout)
        self.running.release()
        if self.gate is not None:
            assert self.gate.wait(20)
        return [self.answer(feeds[X]) for _ in fetches]


def batcher(text, graph):
    return Batcher(batching.settings(parameters(text)), graph, [([X], [Y])])


def ask(batches, x, timeout=None):
    return batches.run({X: np.asarray(x, np.float32)}, [Y], timeout)[0].tolist()


def failure(call):
    with pytest.raises(StatusError) as caught:
        call()
    return caught.value.code, caught.value.message


@pytest.fixture
def pool():
    with ThreadPoolExecutor(64) as threads:
        yield threads


def crowd(batches, graph, pool, requests):
    """Asks once, and the rest while the first is running: so the rest is joined."""
    first = pool.submit(ask, batches, requests[0])
    assert graph.running.acquire(timeout=20)
    rest = []
    for request in requests[1:]:
        rest.append(pool.submit(ask, batches, request))
        sent = sum(map(len, requests[1 : len(rest) + 1]))
        until(lambda sent=sent: waiting_rows(batches) == sent or rest[-1].done())
    graph.gate.set()
    return [first, *rest]


def waiting_rows(batches):
    return sum(batch.size for queue in batches._waiting.values() for batch in queue)


def until(condition):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_what_comes_while_another_runs_is_joined(pool):
    graph = Graph(threading.Event())
    batches = batcher("num_batch_threads { value: 1 }", graph)
    answers = crowd(batches, graph, pool, [[[1.0]], [[2.0], [3.0]], [[4.0]]])
    assert [each.result(20) for each in answers] == [[[2.0]], [[4.0], [6.0]], [[8.0]]]
    assert [given.tolist() for given in graph.given] == [[[1.0]], [[2.0], [3.0], [4.0]]]
    assert not batches._waiting


def test_batches_end_at_max_batch_size(pool):
    graph = Graph(threading.Event())
    batches = batcher("max_batch_size { value: 3 } num_batch_threads { value: 1 }", graph)
    answers = crowd(batches, graph, pool, [[[0.0]], [[1.0]] * 2, [[2.0]] * 2, [[3.0]]])
    assert [each.result(20)[0] for each in answers] == [[0.0], [2.0], [4.0], [6.0]]
    assert sorted(len(given) for given in graph.given) == [1, 2, 3]


def test_a_batch_waits_for_its_timeout_unless_it_is_full(pool):
    graph = Graph()
    text = "max_batch_size { value: 2 } batch_timeout_micros { value: 200000 }"
    batches = batcher(text, graph)
    start = time.monotonic()
    assert ask(batches, [[1.0]]) == [[2.0]]
    assert 0.2 <= time.monotonic() - start < 5
    start = time.monotonic()
    both = [pool.submit(ask, batches, [[1.0]]) for _ in range(2)]
    assert [each.result(20) for each in both] == [[[2.0]]] * 2
    assert len(graph.given[-1]) == 2
    assert ask(batches, [[1.0]] * 2) == [[2.0]] * 2
    assert time.monotonic() - start < 0.2


def test_num_batch_threads_run_at_once(pool):
    graph = Graph(threading.Event())
    batches = batcher("max_batch_size { value: 1 } num_batch_threads { value: 2 }", graph)
    several = [pool.submit(ask, batches, [[1.0]]) for _ in range(4)]
    for _ in range(2):
        assert graph.running.acquire(timeout=20)
    assert not graph.running.acquire(timeout=0.2)
    graph.gate.set()
    assert [each.result(20) for each in several] == [[[2.0]]] * 4


def test_a_full_queue_is_unavailable(pool):
    graph = Graph(threading.Event())
    text = "max_batch_size{value:1} num_batch_threads{value:1} max_enqueued_batches{value:2}"
    batches = batcher(text, graph)
    answers = crowd(batches, graph, pool, [[[1.0]]] * 3 + [[[9.0]]])
    assert [each.result(20) for each in answers[:3]] == [[[2.0]]] * 3
    assert failure(answers[3].result) == (
        Code.UNAVAILABLE,
        "The batch scheduling queue to which this task was submitted is full",
    )
    assert ask(batches, [[1.0]]) == [[2.0]]  # and later there is room again


def test_too_large_a_request():
    batches = batcher("max_batch_size { value: 4 }", Graph())
    assert ask(batches, [[1.0]] * 4) == [[2.0]] * 4
    assert failure(lambda: ask(batches, [[1.0]] * 5)) == (
        Code.INVALID_ARGUMENT,
        "Task size 5 is larger than maximum input batch size 4",
    )


def test_a_large_request_is_split_if_that_is_on():
    graph = Graph()
    text = (
        "max_batch_size { value: 10 } max_execution_batch_size { value: 4 } "
        "enable_large_batch_splitting { value: true }"
    )
    batches = batcher(text, graph)
    x = np.arange(10, dtype=np.float32).reshape(10, 1)
    assert ask(batches, x) == (2 * x).tolist()
    assert [len(given) for given in graph.given] == [4, 4, 2]
    assert failure(lambda: ask(batches, [[1.0]] * 11))[0] == Code.INVALID_ARGUMENT


def test_a_part_of_a_large_request_fills_an_open_batch(pool):
    graph = Graph(threading.Event())
    text = (
        "max_batch_size { value: 4 } enable_large_batch_splitting { value: true } "
        "num_batch_threads { value: 1 }"
    )
    batches = batcher(text, graph)
    answers = crowd(batches, graph, pool, [[[0.0]], [[1.0]] * 3, [[2.0], [3.0], [4.0]]])
    assert [each.result(20) for each in answers[1:]] == [[[2.0]] * 3, [[4.0], [6.0], [8.0]]]
    assert sorted(len(given) for given in graph.given) == [1, 2, 4]


def test_allowed_sizes_pad_with_a_real_row_and_cut_again(pool):
    graph = Graph()
    text = "max_batch_size{value:4} allowed_batch_sizes:2 allowed_batch_sizes:4"
    batches = batcher(text, graph)
    assert ask(batches, [[1.0], [5.0], [7.0]]) == [[2.0], [10.0], [14.0]]
    assert graph.given[0].tolist() == [[1.0], [5.0], [7.0], [1.0]]
    assert ask(batches, [[1.0]]) == [[2.0]]
    assert len(graph.given[1]) == 2
    assert ask(batches, np.zeros((0, 1))) == []


def test_rows_of_different_length(pool):
    graph = Graph(threading.Event())
    batches = batcher("num_batch_threads { value: 1 }", graph)
    answers = crowd(batches, graph, pool, [[[1.0]], [[1.0]], [[1.0, 2.0]]])
    assert answers[0].result(20) == [[2.0]]
    for answer in answers[1:]:
        code, message = failure(answer.result)
        assert code == Code.FAILED_PRECONDITION
        assert "have different shapes and padding is turned off." in message
    graph = Graph(threading.Event())
    batches = batcher("num_batch_threads { value: 1 } pad_variable_length_inputs: true", graph)
    answers = crowd(batches, graph, pool, [[[1.0]], [[5.0]], [[1.0, 2.0]]])
    assert [each.result(20) for each in answers[1:]] == [[[10.0, 10.0]], [[2.0, 4.0]]]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda x: x.sum(), "Batched output tensor has 0 dimensions"),
        (
            lambda x: x[:-1],
            "Batched output tensor's 0th dimension does not equal the sum of the 0th dimension "
            "sizes of the input tensors",
        ),
    ],
)
def test_outputs_that_cannot_be_cut(answer, message):
    batches = batcher("", Graph(answer=answer))
    assert failure(lambda: ask(batches, [[1.0], [2.0]])) == (Code.FAILED_PRECONDITION, message)


@pytest.mark.parametrize(
    ("feeds", "message"),
    [
        ({X: np.float32(1.0)}, "Batching Run() input tensors must have at least one dimension"),
        (
            {X: np.zeros(2), "z:0": np.zeros(3)},
            "Batching Run() input tensors must have equal 0th-dimension size",
        ),
        ({}, "Batching Run() must have at least one input tensor"),
    ],
)
def test_inputs_that_cannot_be_joined(feeds, message):
    batches = Batcher(batching.settings(parameters("")), Graph(), [(list(feeds), [Y])])
    arrays = {name: np.asarray(value) for name, value in feeds.items()}
    assert failure(lambda: batches.run(arrays, [Y], None)) == (Code.INVALID_ARGUMENT, message)


def test_an_error_reaches_everyone_in_the_batch_and_nobody_else(pool):
    graph = Graph(threading.Event())
    batches = batcher("num_batch_threads { value: 1 }", graph)

    def answer(x):
        if len(x) > 1:
            raise StatusError(Code.INVALID_ARGUMENT, "no such row")
        return x

    graph.answer = answer
    answers = crowd(batches, graph, pool, [[[1.0]], [[2.0]], [[3.0]]])
    assert answers[0].result(20) == [[1.0]]
    assert {failure(each.result) for each in answers[1:]} == {
        (Code.INVALID_ARGUMENT, "no such row")
    }
    assert ask(batches, [[4.0]]) == [[4.0]]


def test_another_type_has_a_batch_of_its_own(pool):
    graph = Graph(threading.Event())
    batches = batcher("num_batch_threads { value: 1 }", graph)
    first = pool.submit(ask, batches, [[1.0]])
    assert graph.running.acquire(timeout=20)
    floats = pool.submit(ask, batches, [[2.0]])
    integers = pool.submit(batches.run, {X: np.array([[3]], np.int64)}, [Y], None)
    until(lambda: waiting_rows(batches) == 2)
    graph.gate.set()
    assert (first.result(20), floats.result(20)) == ([[2.0]], [[4.0]])
    assert integers.result(20)[0].dtype == np.int64


def test_the_most_patient_request_sets_the_time(pool):
    graph = Graph(threading.Event())
    batches = batcher("num_batch_threads { value: 1 }", graph)
    first = pool.submit(ask, batches, [[1.0]])
    assert graph.running.acquire(timeout=20)
    impatient = pool.submit(ask, batches, [[2.0]], 0.01)
    until(lambda: waiting_rows(batches) == 1)
    patient = pool.submit(ask, batches, [[3.0]], 60)
    until(lambda: waiting_rows(batches) == 2)
    time.sleep(0.05)
    graph.gate.set()
    assert [each.result(20) for each in (first, impatient, patient)] == [[[2.0]], [[4.0]], [[6.0]]]
    assert graph.timeouts[0] is None
    assert 50 < graph.timeouts[1] < 60


def test_nobody_waits_for_what_came_too_late(pool):
    graph = Graph(threading.Event())
    batches = batcher("num_batch_threads { value: 1 }", graph)
    first = pool.submit(ask, batches, [[1.0]])
    assert graph.running.acquire(timeout=20)
    late = pool.submit(ask, batches, [[2.0]], 0.01)
    until(lambda: waiting_rows(batches) == 1)
    time.sleep(0.05)
    graph.gate.set()
    assert first.result(20) == [[2.0]]
    assert failure(late.result) == (
        Code.RESOURCE_EXHAUSTED,
        "Run() timeout exceeded while waiting in batching queue",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "max_batch_size { value: 8 } allowed_batch_sizes: 4",
            "Last entry in allowed_batch_sizes must match max_batch_size; last entry was 4; "
            "expected 8",
        ),
        (
            "max_batch_size { value: 4 } allowed_batch_sizes: 4 allowed_batch_sizes: 4",
            "allowed_batch_sizes entries must be monotonically increasing",
        ),
        ("num_batch_threads { value: 0 }", "num_batch_threads must be positive; was 0"),
        ("max_batch_size { value: 0 }", "max_batch_size must be positive; was 0"),
    ],
)
def test_parameters_that_contradict_each_other_fail_the_load(toy_models, text, message):
    options = LoadOptions(batching=parameters(text))
    found = failure(lambda: load("mlp", 1, toy_models["mlp"] + "/1", options))
    assert found == (Code.INVALID_ARGUMENT, message)


def test_each_model_may_have_its_own_parameters(toy_models, tmp_path):
    import shutil

    folder = tmp_path / "1"
    shutil.copytree(toy_models["two_inputs"] + "/1", folder)
    common = parameters("num_batch_threads { value: 3 } max_batch_size { value: 2 }")
    options = LoadOptions(batching=common, per_model_batching=True)
    feeds = {"a:0": np.ones(3, np.float32), "b:0": np.ones(3, np.float32)}

    def total():
        servable = load("m", 1, str(folder), options)
        try:
            return servable.run(feeds, servable.by_name["serving_default"].fetches)[1].tolist()
        finally:
            servable.close()

    assert total() == [2, 2, 2]  # no file: no batching, so no limit
    (folder / "batching_params.pbtxt").write_text("max_batch_size { value: 2 }")
    assert failure(total)[1] == "Task size 3 is larger than maximum input batch size 2"
    (folder / "batching_params.pbtxt").write_text("max_batch_size { value: 3 }")
    assert total() == [2, 2, 2]
    (folder / "batching_params.pbtxt").write_text("max_batch { value: 3 }")
    code, message = failure(total)
    assert code == Code.INVALID_ARGUMENT
    assert 'no field named "max_batch"' in message


def test_many_threads_get_their_own_rows(toy_models, pool):
    servable = load("m", 1, toy_models["two_inputs"] + "/1", LoadOptions(batching=parameters("")))
    total, difference = (
        servable.by_name["serving_default"].outputs[name] for name in ("total", "difference")
    )

    def check(number):
        random = np.random.default_rng(number)
        for _ in range(40):
            a, b = random.normal(size=(2, random.integers(1, 5))).astype(np.float32)
            found = servable.run({"a:0": a, "b:0": b}, [difference, total])
            np.testing.assert_array_equal(found[0], a - b)
            np.testing.assert_array_equal(found[1], a + b)

    for each in [pool.submit(check, number) for number in range(32)]:
        each.result(60)
    servable.close()
