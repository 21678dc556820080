"""Labels as people write them, and which answers are right by them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, mean_squared_error, roc_auc_score

from serving.compare.judging import Judge
from serving.compare.labels import Labels
from serving.errors import ServingError

RANDOM = np.random.default_rng(0)
ROWS = np.arange(200)
TRUTH = RANDOM.random(200) < 0.5
P = np.clip(0.3 * TRUTH + RANDOM.random(200) * 0.7, 0, 1).astype(np.float32)
Q = np.clip(0.2 * TRUTH + RANDOM.random(200) * 0.8, 0, 1).astype(np.float32)
AUCS = (roc_auc_score(TRUTH, P), roc_auc_score(TRUTH, Q))
PLAIN = ({"probability": P}, {"probability": Q})


def words(no, yes, truth=TRUTH):
    return Labels("y", texts=[yes if one else no for one in truth])


def named(no, yes):
    """Answers that name the class as well."""
    return tuple(
        {"probability": p, "class": np.where(p >= 0.5, yes, no).astype(object)} for p in (P, Q)
    )


def judged(labels, answers=PLAIN, positive=None, rows=ROWS):
    return Judge(labels, answers[0], positive).judge(rows, *answers)


@pytest.mark.parametrize(
    ("no", "yes"),
    [
        ("0", "1"),
        ("0.0", "1.0"),
        ("false", "true"),
        ("FALSE", "True"),
        (" 0 ", "1 "),
        ("00", "1e0"),
    ],
)
def test_binary_labels_that_say_it_themselves(no, yes):
    found = judged(words(no, yes))
    assert (found.stable, found.canary) == pytest.approx(AUCS)
    assert (found.metric, found.rows, found.missing) == ("auc", 200, 0)


@pytest.mark.parametrize(
    ("answers", "no", "yes"),
    [
        (named(b"small", b"big"), "small", "big"),
        (named(b"1", b"0"), "1", "0"),  # the answers, and not the digits, tell
        (named(1, 2), "1", "2"),
        (named(b"small", b"big"), "0", "1"),
    ],
    ids=["words", "against digits", "numbers", "digits"],
)
def test_binary_labels_that_the_answers_tell(answers, no, yes):
    found = judged(words(no, yes), answers)
    assert (found.stable, found.canary) == pytest.approx(AUCS)


def test_one_name_is_enough_to_tell_the_other():
    for low, high in ((0.0, 0.49), (0.51, 1.0)):
        p = low + P * (high - low)
        name = b"small" if high < 0.5 else b"big"
        answer = {"probability": p, "class": np.array([name] * 200, object)}
        found = judged(words("small", "big"), (answer, answer))
        assert found.stable == pytest.approx(AUCS[0])


def test_binary_labels_that_are_told():
    assert judged(words("no", "yes"), positive="yes").stable == pytest.approx(AUCS[0])
    assert judged(words("no", "yes"), positive="no").stable == pytest.approx(1 - AUCS[0])
    assert judged(words("1", "0"), positive="0").stable == pytest.approx(AUCS[0])
    texts = ["a" if one else "bc"[k % 2] for k, one in enumerate(TRUTH)]
    assert judged(Labels("y", texts=texts), positive="a").stable == pytest.approx(AUCS[0])


def test_computed_labels():
    numbers = TRUTH.astype(float)
    numbers[:3] = np.nan
    found = judged(Labels("y", numbers=numbers))
    assert found.stable == pytest.approx(roc_auc_score(TRUTH[3:], P[3:]))
    assert (found.rows, found.missing) == (197, 3)


def test_rows_without_a_label_or_with_answers_that_are_no_numbers_are_left_out():
    labels = words("0", "1")
    labels.texts[5] = labels.texts[7] = ""
    q = Q.copy()
    q[9] = np.nan
    rows = np.delete(ROWS, [0, 1])
    found = judged(labels, ({"probability": P[rows]}, {"probability": q[rows]}), rows=rows)
    kept = np.delete(ROWS, [0, 1, 5, 7, 9])
    assert found.stable == pytest.approx(roc_auc_score(TRUTH[kept], P[kept]))
    assert found.canary == pytest.approx(roc_auc_score(TRUTH[kept], Q[kept]))
    assert (found.rows, found.missing) == (195, 2)


def test_a_probability_in_a_dimension_of_its_own():
    answers = ({"probability": P[:, None]}, {"probability": Q[:, None]})
    assert judged(words("0", "1"), answers).canary == pytest.approx(AUCS[1])


FRUITS = np.array(["apple", "pear", "plum"])
IDS = RANDOM.integers(0, 3, 200)


def fruit_answers(with_class=True):
    found = []
    for skill in (2.0, 0.5):
        logits = skill * np.eye(3)[IDS] + RANDOM.normal(size=(200, 3))
        p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        names = np.array([name.encode() for name in FRUITS[p.argmax(1)]], object)
        found.append({"probabilities": p, **({"class": names} if with_class else {})})
    return found


@pytest.mark.parametrize("with_class", [True, False])
@pytest.mark.parametrize("kind", ["names", "ids", "computed"])
def test_classes(with_class, kind):
    answers = fruit_answers(with_class or kind == "names")
    labels = {
        "names": Labels("y", texts=[*FRUITS[IDS]]),
        "ids": Labels("y", texts=[f"{k}.0" for k in IDS]),
        "computed": Labels("y", numbers=IDS.astype(float)),
    }[kind]
    if kind == "ids" and with_class:  # which are no names of classes
        with pytest.raises(ServingError, match='no answer is the label in "y": labels are "0"'):
            judged(labels, answers)
        return
    found = judged(labels, answers)
    expected = tuple(accuracy_score(IDS, a["probabilities"].argmax(1)) for a in answers)
    assert (found.stable, found.canary) == pytest.approx(expected)
    assert found.metric == "accuracy"
    assert found.stable > found.canary + 0.2


def test_classes_without_probabilities():
    answers = [{"class": a["class"]} for a in fruit_answers()]
    found = judged(Labels("y", texts=[*FRUITS[IDS]]), answers)
    assert found.stable == pytest.approx(
        np.mean(answers[0]["class"] == np.char.encode(FRUITS)[IDS])
    )


def test_numbers():
    truth = RANDOM.normal(size=200)
    answers = [{"prediction": truth + e * RANDOM.normal(size=200)} for e in (1, 2)]
    expected = tuple(mean_squared_error(truth, a["prediction"]) ** 0.5 for a in answers)
    for labels in (Labels("y", texts=[repr(float(t)) for t in truth]), Labels("y", numbers=truth)):
        found = judged(labels, answers)
        assert (found.metric, found.stable, found.canary) == ("rmse", *map(pytest.approx, expected))


@pytest.mark.parametrize(
    ("labels", "outputs", "positive", "what"),
    [
        (words("0", "1", TRUTH | True), "probability", None, 'all labels of "y" are "1"'),
        (Labels("y", texts=["", ""]), "probability", None, '"y" is empty in all of them'),
        (Labels("y", numbers=np.full(9, np.nan)), "prediction", None, "is empty in all of them"),
        (Labels("y", numbers=np.arange(3.0)), "probability", None, 'computed to "0", "1", "2"'),
        (Labels("y", numbers=np.arange(2.0)), "probability", "1", "--positive is given, and the"),
        (words("no", "yes"), "probability", "yse", 'no row has the label "yse"'),
        (words("1", "much"), "prediction", None, 'labels in "y" are no numbers: "much"'),
        (words("0", "1"), "y", None, "quality cannot be measured on the model's outputs: y"),
    ],
)
def test_labels_that_do_not_fit_are_refused_before_any_row_is_asked(
    labels, outputs, positive, what
):
    with pytest.raises(ServingError) as caught:
        Judge(labels, {outputs: None}, positive)
    assert what in caught.value.what


def test_classes_that_nothing_tells_apart():
    labels = words("no", "yes")
    labels.texts[0] = "maybe"
    with pytest.raises(ServingError, match='labels of "y" are "maybe", "no", "yes"') as caught:
        judged(labels)
    assert caught.value.fix == "say which one the probability is of: --positive CLASS"
    with pytest.raises(ServingError, match='labels of "y" are "no", "yes"'):
        judged(words("no", "yes"), named(b"small", b"big"))


@given(st.lists(st.sampled_from(["", "1", "0", "1.0", "0.00", "true", "FALSE"]), max_size=60))
def test_any_labels_are_taken_or_refused_in_words(texts):
    p = np.linspace(0, 1, len(texts))
    ones = sum(text in ("1", "1.0", "true") for text in texts)
    labelled = len(texts) - texts.count("")

    def judge():
        return judged(Labels("y", texts=texts), [{"probability": p}] * 2, rows=np.arange(len(p)))

    if min(ones, labelled - ones) < 10:
        with pytest.raises(ServingError, match="label"):
            judge()
    else:
        assert (judge().rows, judge().missing) == (labelled, texts.count(""))
