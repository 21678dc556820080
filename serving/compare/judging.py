"""Labels and answers to a measure of quality: which metric, and which answers are right."""

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from serving.compare import quality
from serving.compare.distributions import texts
from serving.compare.labels import Labels
from serving.contract import CLASS, PREDICTION, PROBABILITIES, PROBABILITY
from serving.errors import ServingError, did_you_mean

Outputs = Mapping[str, np.ndarray]

EVEN = 0.5  # the probability at which a binary model's class turns
WORDS = {"1": 1.0, "true": 1.0, "0": 0.0, "false": 0.0}


class Judge:
    """Measures quality by labels.

    Args:
        labels: Of all rows.
        outputs: The names of what the stable version answers with; they tell the task.
        positive: Which class a probability is of; None if labels or answers tell.

    Raises:
        ServingError: If no metric fits the outputs, or the labels do not fit the metric.
    """

    def __init__(self, labels: Labels, outputs: Mapping[str, object], positive: str | None) -> None:
        self._labels = labels
        self._positive = None if positive is None else _plain(positive)
        self._task = _task(outputs)
        if labels.numbers is None:
            self._texts = [_plain(text) for text in labels.texts or ()]
            self._present = np.array([bool(text) for text in self._texts], bool)
            self._classes = {text for text in self._texts if text}
        else:
            self._present = ~np.isnan(labels.numbers)
            self._classes = {f"{value:g}" for value in labels.numbers[self._present]}
        self._check()

    def judge(self, rows: np.ndarray, stable: Outputs, canary: Outputs) -> quality.Quality:
        """Returns the quality of answers.

        Args:
            rows: The numbers of the rows that both versions answered, ascending.
            stable: The stable version's outputs for them.
            canary: The canary's.

        Raises:
            ServingError: If labelled rows are too few, or labels are none that the model knows.
        """
        measure = {
            PROBABILITY: self._binary,
            PROBABILITIES: self._multiclass,
            CLASS: self._multiclass,
            PREDICTION: self._regression,
        }[self._task]
        kept = self._present[rows]
        for answers in (stable, canary):
            if self._task != CLASS:
                kept = kept & np.isfinite(_flat(answers[self._task])).all(1)
        chosen = [{k: v[kept] for k, v in answers.items()} for answers in (stable, canary)]
        found = measure(rows[kept], *chosen)
        missing = int(np.count_nonzero(~self._present[rows]))
        return replace(found, missing=missing)

    def _binary(self, rows: np.ndarray, stable: Outputs, canary: Outputs) -> quality.Quality:
        ours, theirs = (_single(answers[PROBABILITY]) for answers in (stable, canary))
        if self._labels.numbers is not None:
            truth = self._labels.numbers[rows]
        else:
            is_positive = self._positives(_told(stable, ours) | _told(canary, theirs))
            truth = np.array([is_positive[self._texts[row]] for row in rows], np.float64)
        return quality.binary(truth, ours, theirs)

    def _positives(self, told: Mapping[bool, str]) -> dict[str, float]:
        """Returns of each class whether it is the positive one, as a number."""
        known = self._classes
        names = {*told.values()}
        if self._positive is not None:
            return {name: float(name == self._positive) for name in known}
        if told and (known <= names or (len(known) == 2 and names < known)):
            if True in told:
                return {name: float(name == told[True]) for name in known}
            return {name: float(name != told[False]) for name in known}
        if {name.lower() for name in known} <= {*WORDS}:
            return {name: WORDS[name.lower()] for name in known}
        raise ServingError(
            f'the labels of "{self._labels.name}" are {_some(known)}',
            expected="two classes as the model names them, 1 and 0, or true and false",
            fix="say which one the probability is of: --positive CLASS",
        )

    def _multiclass(self, rows: np.ndarray, stable: Outputs, canary: Outputs) -> quality.Quality:
        right = []
        for answers in (stable, canary):
            if self._labels.texts is not None and CLASS in answers:
                answered = [_plain(text) for text in texts(_single(answers[CLASS]))]
            else:  # ids, in the order of the probabilities
                answered = [str(k) for k in _flat(answers[PROBABILITIES]).argmax(1).tolist()]
            right.append(self._right(rows, answered))
        if len(rows) and not any(matches.any() for matches in right):
            raise ServingError(
                f'no answer is the label in "{self._labels.name}": labels are '
                f"{_some(self._classes)}, classes {_some({*answered})}",
                expected="the classes that the model answers with",
                fix="correct --label, or how its values are written",
            )
        return quality.accuracy(*right)

    def _right(self, rows: np.ndarray, answered: list[str]) -> np.ndarray:
        numbers = self._labels.numbers
        truth = (f"{numbers[r]:g}" if numbers is not None else self._texts[r] for r in rows)
        return np.array([a == b for a, b in zip(answered, truth, strict=True)], bool)

    def _regression(self, rows: np.ndarray, stable: Outputs, canary: Outputs) -> quality.Quality:
        if self._labels.numbers is not None:
            truth = self._labels.numbers[rows]
        else:
            truth = np.array([float(self._texts[row]) for row in rows], np.float64)
        return quality.regression(truth, _single(stable[PREDICTION]), _single(canary[PREDICTION]))

    def _check(self) -> None:
        name, classes = self._labels.name, self._classes
        if not classes:
            raise ServingError(
                f'no row has a label: "{name}" is empty in all of them',
                expected="rows with labels",
                fix="give them, or the columns that they are computed from; or compare without",
            )
        if self._task == PREDICTION:
            self._check_numbers()
        if self._task != PROBABILITY:
            return
        if len(classes) == 1:
            raise ServingError(
                f'all labels of "{name}" are {_some(classes)}',
                expected="rows of both classes",
                fix="give other rows, or choose another --label",
            )
        if self._positive is not None:
            self._check_positive(self._positive)
        elif self._labels.numbers is not None and not classes <= {"0", "1"}:
            raise ServingError(
                f'the label "{name}" is computed to {_some(classes)}',
                expected="1 and 0, since the model answers with a probability",
                fix="choose another --label",
            )

    def _check_numbers(self) -> None:
        odd = {text for text in self._classes if not _is_number(text)}
        if odd:
            raise ServingError(
                f'labels in "{self._labels.name}" are no numbers: {_some(odd)}',
                expected="numbers, since the model predicts one",
                fix="correct them, or choose another --label",
            )

    def _check_positive(self, positive: str) -> None:
        if self._labels.numbers is not None:
            raise ServingError(
                f'--positive is given, and the label "{self._labels.name}" is computed',
                expected="1 and 0, of which 1 is positive",
                fix="leave --positive out",
            )
        if positive not in self._classes:
            raise ServingError(
                f'no row has the label "{positive}" in "{self._labels.name}"',
                expected="the class that the probability is of",
                fix=did_you_mean(positive, self._classes),
            )


def _task(outputs: Mapping[str, object]) -> str:
    """Returns the output that quality is measured on."""
    for name in (PROBABILITY, PROBABILITIES, PREDICTION, CLASS):
        if name in outputs:
            return name
    raise ServingError(
        f"quality cannot be measured on the model's outputs: {', '.join(outputs)}",
        expected=f"{PROBABILITY}, {PROBABILITIES}, {PREDICTION} or {CLASS}",
        fix="compare without --label",
    )


def _told(answers: Outputs, probabilities: np.ndarray) -> dict[bool, str]:
    """Returns the names of the positive class and of the negative one, as far as answers tell."""
    if CLASS not in answers:
        return {}
    named = texts(_single(answers[CLASS]))
    found = {}
    for is_positive, side in ((True, probabilities > EVEN), (False, probabilities < EVEN)):
        where = np.flatnonzero(side)
        if where.size:
            found[is_positive] = _plain(named[where[0]])
    return found


def _single(values: np.ndarray) -> np.ndarray:
    """Returns one value a row."""
    flat = _flat(values)
    if flat.shape[1] != 1:
        raise ServingError(
            f"an output that quality is measured on has {flat.shape[1]} values a row",
            expected="one",
            fix="compare without --label",
        )
    return flat[:, 0]


def _flat(values: np.ndarray) -> np.ndarray:
    return values.reshape(len(values), int(np.prod(values.shape[1:])))


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _plain(text: str) -> str:
    """Returns a class as it is compared: 1.0 and 01 are 1."""
    text = text.strip()
    if not _is_number(text):
        return text
    number = float(text)
    return str(int(number)) if number.is_integer() else text


def _some(classes: set[str], most: int = 5) -> str:
    shown = [f'"{name}"' for name in sorted(classes)[:most]]
    more = len(classes) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")
