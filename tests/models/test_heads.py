"""The heads: predictions, losses, where they start, and how class weights are undone."""

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from models.heads import (
    LOWEST_SHARE,
    RARE_CLASS_PART,
    Binary,
    Multiclass,
    Regression,
    class_weights,
    head_of,
)

EVEN = np.float32([0, 1, 0, 1])


def numbers(tensor):
    return keras.ops.convert_to_numpy(tensor)


def labels_of(*counts):
    """Returns class ids, so many of each."""
    return np.repeat(np.arange(len(counts), dtype=np.float32), counts)


def softmax(scores):
    powers = np.exp(np.asarray(scores, float) - np.max(scores, axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def sigmoid(scores):
    return 1 / (1 + np.exp(-np.asarray(scores, float)))


def start_of(head):
    """Returns what a head predicts where the last layer knows nothing but its bias."""
    return numbers(head.predict(keras.ops.convert_to_tensor(head.bias[None])))[0]


@pytest.mark.parametrize(
    ("counts", "weights"),
    [
        ((90, 10), (0.5 / 0.9, 5.0)),
        ((10, 90), (5.0, 0.5 / 0.9)),
        ((81, 19), (0.5 / 0.81, 0.5 / 0.19)),
        ((80, 20), (1.0, 1.0)),  # from 40 % of an even share on, none is rare
        ((50, 50), (1.0, 1.0)),
        ((100, 0), (1.0, 1.0)),
        ((0, 100), (1.0, 1.0)),
        ((60, 27, 13), (100 / 180, 100 / 81, 100 / 39)),
        ((60, 26, 14), (1.0, 1.0, 1.0)),
        ((0, 90, 10), (1.0, 0.5 / 0.9, 5.0)),  # one that does not occur is not rare
        ((0, 0, 7), (1.0, 1.0, 1.0)),
    ],
)
def test_class_weights(counts, weights):
    answer = class_weights(labels_of(*counts), len(counts), weigh=True)
    assert answer.dtype == np.float32
    assert answer.tolist() == pytest.approx(weights)
    assert class_weights(labels_of(*counts), len(counts), weigh=False).tolist() == [1] * len(counts)
    assert RARE_CLASS_PART == 0.4


@given(st.lists(st.integers(0, 50), min_size=2, max_size=6).filter(any))
def test_class_weights_average_one_and_even_out_the_classes(counts):
    weights = class_weights(labels_of(*counts), len(counts), weigh=True).astype(float)
    occurring = [n for n in counts if n]
    assert weights @ counts == pytest.approx(sum(counts), rel=1e-5)
    weighed = [w * n for w, n in zip(weights, counts, strict=True) if n]
    if min(occurring) < 0.4 * np.mean(occurring) - 1e-9:
        assert weighed == pytest.approx([weighed[0]] * len(weighed), rel=1e-5)
    elif min(occurring) > 0.4 * np.mean(occurring) + 1e-9:
        assert weighed == occurring


def test_no_rows_at_all_need_no_weights():
    assert class_weights(np.zeros(0, np.float32), 3, weigh=True).tolist() == [1, 1, 1]


@pytest.mark.parametrize("head", [Binary, lambda y, weigh: Multiclass(y, 2, weigh=weigh)])
def test_each_row_has_the_weight_of_its_class(head):
    train = labels_of(90, 10)
    answer = head(train, weigh=True).row_weights(np.float32([1, 0, 1]))
    np.testing.assert_allclose(answer, [5, 0.5 / 0.9, 5])
    assert answer.dtype == np.float32
    assert head(train, weigh=False).row_weights(np.float32([1, 0, 1])).tolist() == [1, 1, 1]


def test_rows_of_numbers_all_weigh_the_same():
    answer = Regression(np.float32([1, 2, 3])).row_weights(np.float32([5, 6]))
    assert (answer.tolist(), answer.dtype) == ([1, 1], np.float32)


@given(arrays.arrays(np.float32, (5, 1), elements=st.floats(-30, 30, width=32)))
def test_one_of_two_is_a_sigmoid(scores):
    answer = numbers(Binary(EVEN, weigh=True).predict(scores))
    assert (answer.shape, answer.dtype) == ((5,), np.float32)
    np.testing.assert_allclose(answer, sigmoid(scores[:, 0]), rtol=1e-5, atol=1e-7)


@given(arrays.arrays(np.float32, (5, 3), elements=st.floats(-30, 30, width=32)))
def test_one_of_several_is_a_softmax(scores):
    answer = numbers(Multiclass(EVEN, 3, weigh=True).predict(scores))
    assert (answer.shape, answer.dtype) == ((5, 3), np.float32)
    np.testing.assert_allclose(answer, softmax(scores), rtol=1e-4, atol=1e-7)


def test_a_number_is_predicted_in_the_labels_own_unit():
    labels = np.float32([10, 20, 60])
    answer = numbers(Regression(labels).predict(np.float32([[0], [1], [-2]])))
    assert (answer.shape, answer.dtype) == ((3,), np.float32)
    np.testing.assert_allclose(answer, np.array([0, 1, -2]) * labels.std() + 30, rtol=1e-6)


@given(
    arrays.arrays(np.float32, 6, elements=st.sampled_from([0, 1])),
    arrays.arrays(np.float32, 6, elements=st.floats(2**-10, 1 - 2**-10, width=32)),
)
def test_the_loss_of_one_of_two_is_its_cross_entropy(labels, p):
    p = p.astype(float)
    answer = numbers(Binary(EVEN, weigh=True).loss(labels, p.astype(np.float32)))
    expected = -np.log(np.where(labels == 1, p, 1 - p))
    assert answer.shape == (6,)  # of each row: weights come later
    np.testing.assert_allclose(answer, expected, rtol=1e-4, atol=1e-6)


@given(
    arrays.arrays(np.float32, 6, elements=st.sampled_from([0, 1, 2])),
    arrays.arrays(np.float32, (6, 3), elements=st.floats(-5, 5, width=32)),
)
def test_the_loss_of_one_of_several_is_its_cross_entropy(labels, scores):
    p = softmax(scores)
    answer = numbers(Multiclass(EVEN, 3, weigh=True).loss(labels, p.astype(np.float32)))
    assert answer.shape == (6,)
    np.testing.assert_allclose(
        answer, -np.log(p[range(6), labels.astype(int)]), rtol=1e-4, atol=1e-6
    )


def test_the_loss_of_a_number_is_its_squared_error_in_variances():
    train = np.random.default_rng(0).normal(200, 30, 500).astype(np.float32)
    head = Regression(train)
    labels, predictions = np.float32([200, 250, -10]), np.float32([230, 240, 20])
    expected = (labels - predictions).astype(float) ** 2 / train.astype(float).var()
    np.testing.assert_allclose(numbers(head.loss(labels, predictions)), expected, rtol=1e-5)
    mean = np.full(500, train.mean())
    assert numbers(head.loss(train, mean)).mean() == pytest.approx(1, rel=1e-5)


@pytest.mark.parametrize("head", [Binary(EVEN, weigh=True), Multiclass(EVEN, 2, weigh=True)])
def test_being_wrong_and_sure_of_it_is_punished_by_a_number(head):
    sure = np.float32([0]) if isinstance(head, Binary) else np.float32([[1, 0]])
    assert 10 < numbers(head.loss(np.float32([1]), sure))[0] < 100


@pytest.mark.parametrize("share", [0.02, 0.25, 0.5, 0.9])
def test_one_of_two_starts_at_its_share(share):
    labels = labels_of(round(1000 * (1 - share)), round(1000 * share))
    assert start_of(Binary(labels, weigh=False)) == pytest.approx(share, rel=1e-5)


def test_several_classes_start_at_their_shares():
    head = Multiclass(labels_of(70, 5, 25), 3, weigh=False)
    np.testing.assert_allclose(start_of(head), [0.70, 0.05, 0.25], rtol=1e-5)
    assert (head.bias.dtype, head.bias.shape, head.units) == (np.float32, (3,), 3)


def test_a_class_that_does_not_occur_starts_at_a_probability_above_0():
    assert start_of(Binary(labels_of(9, 0), weigh=False)) == pytest.approx(LOWEST_SHARE)
    assert start_of(Binary(labels_of(0, 9), weigh=False)) == pytest.approx(1 - LOWEST_SHARE)
    start = start_of(Multiclass(labels_of(6, 0, 3), 3, weigh=False))
    np.testing.assert_allclose(start, np.array([2 / 3, 0.001, 1 / 3]) / 1.001, rtol=1e-5)


def test_a_number_starts_at_the_mean():
    assert start_of(Regression(np.float32([-5, 0, 35]))) == pytest.approx(10)


def test_one_number_for_all_rows_is_learned_as_it_is():
    head = Regression(np.full(1000, 0.1, np.float32))
    assert start_of(head) == pytest.approx(0.1)
    loss = numbers(head.loss(np.float32([0.1, 2.1]), np.float32([0.1, 0.1])))
    np.testing.assert_allclose(loss, [0, 4], atol=1e-6)


@given(st.lists(st.integers(1, 200), min_size=3, max_size=3), st.data())
def test_the_correction_undoes_the_weights(counts, data):
    """A model that fits weighed rows predicts p(k) * w(k), normalised (Elkan 2001, theorem 2)."""
    labels = labels_of(*counts)
    p = softmax([data.draw(st.floats(-3, 3)) for _ in counts])
    several = Multiclass(labels, 3, weigh=True)
    weighed = np.log(p * class_weights(labels, 3, weigh=True))
    np.testing.assert_allclose(softmax(weighed + several.correction()), p, rtol=1e-4)
    one = Binary(labels_of(*counts[:2]), weigh=True)
    zero, positive = p[:2] / p[:2].sum()
    weights = class_weights(labels_of(*counts[:2]), 2, weigh=True)
    odds = np.log(positive * weights[1] / (zero * weights[0]))
    np.testing.assert_allclose(sigmoid(odds + one.correction()), [positive], rtol=1e-4)


@pytest.mark.parametrize(
    "head",
    [
        Binary(labels_of(50, 50), weigh=True),
        Binary(labels_of(99, 1), weigh=False),
        Multiclass(labels_of(99, 1, 7), 3, weigh=False),
        Regression(np.float32([1, 2, 9])),
    ],
)
def test_what_was_not_weighed_needs_no_correction(head):
    assert head.correction().tolist() == [0.0] * head.units
    assert head.correction().dtype == np.float32


@pytest.mark.parametrize("weigh", [True, False])
def test_a_linear_model_is_calibrated_to_every_class(weigh):
    """Fitted to weighed rows by gradient descent of our own, then corrected."""
    random = np.random.default_rng(4)
    labels = labels_of(1600, 320, 80)
    x = np.stack([labels == 1, labels == 2], axis=1) + random.normal(0, 1, (2000, 2))
    head = Multiclass(labels, 3, weigh=weigh)
    one_hot, row = np.eye(3)[labels.astype(int)], head.row_weights(labels)[:, None]
    kernel, bias = np.zeros((2, 3)), head.bias.astype(float)
    for _ in range(3000):
        error = row * (softmax(x @ kernel + bias) - one_hot) / len(x)
        kernel, bias = kernel - x.T @ error, bias - error.sum(axis=0)
    as_trained = numbers(head.predict((x @ kernel + bias).astype(np.float32)))
    corrected = numbers(head.predict((x @ kernel + bias + head.correction()).astype(np.float32)))
    shares = np.array([0.8, 0.16, 0.04])
    np.testing.assert_allclose(corrected.mean(axis=0), shares, atol=0.01)
    if weigh:  # trained as if all classes were as frequent
        assert np.abs(as_trained.mean(axis=0) - shares).max() > 0.1


@pytest.mark.parametrize(("factor", "shift"), [(1000, 5), (0.001, 0), (-2, 100)])
def test_the_loss_of_a_number_does_not_depend_on_its_unit(factor, shift):
    random = np.random.default_rng(0)
    train, scores = random.normal(3, 2, 100), random.normal(0, 1, (100, 1)).astype(np.float32)
    losses = []
    for labels, score in ((train, scores), (train * factor + shift, scores * np.sign(factor))):
        head = Regression(labels.astype(np.float32))
        losses.append(numbers(head.loss(labels.astype(np.float32), head.predict(score))))
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("task", "kind", "units", "metric"),
    [
        ("binary", Binary, 1, "auc"),
        ("multiclass", Multiclass, 4, "accuracy"),
        ("regression", Regression, 1, "rmse"),
    ],
)
def test_each_task_has_its_head(task, kind, units, metric):
    head = head_of(task, labels_of(9, 1), 4, weigh=True)
    assert type(head) is kind
    assert (head.units, head.bias.shape) == (units, (units,))
    assert head.metric().name == metric


def test_whether_to_weigh_reaches_the_head():
    for task in ("binary", "multiclass"):
        weights = [
            head_of(task, labels_of(9, 1), 2, weigh=weigh).row_weights(np.float32([1]))
            for weigh in (True, False)
        ]
        assert weights == [5, 1]


def test_the_metrics_beside_the_loss():
    binary = head_of("binary", EVEN, 0, weigh=False).metric()
    binary.update_state([0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4])
    assert float(binary.result()) == pytest.approx(0.75, abs=0.01)
    several = head_of("multiclass", EVEN, 3, weigh=False).metric()
    several.update_state([0, 2, 1], [[0.5, 0.3, 0.2], [0.5, 0.3, 0.2], [0.1, 0.8, 0.1]])
    assert float(several.result()) == pytest.approx(2 / 3)
    number = head_of("regression", EVEN, 0, weigh=False).metric()
    number.update_state([10, 20], [13, 16])
    assert float(number.result()) == pytest.approx(np.sqrt(12.5))
