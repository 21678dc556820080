"""The error that reaches the user, and the guess at what was meant."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usecase.errors import ConfigError, DataError, UserError, did_you_mean

WORDS = st.text("abcdefgh_", min_size=3, max_size=12)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("boom",), "boom"),
        (("boom", "peace"), "boom\n  expected: peace"),
        (("boom", "", "do this"), "boom\n  fix: do this"),
        (("boom", "peace", "do this"), "boom\n  expected: peace\n  fix: do this"),
    ],
)
def test_an_error_says_only_what_it_knows(arguments, text):
    assert str(UserError(*arguments)) == text


def test_the_parts_are_kept_for_consoles():
    error = ConfigError("boom", "peace", "do this")
    assert (error.what, error.expected, error.fix) == ("boom", "peace", "do this")


@pytest.mark.parametrize("kind", [UserError, ConfigError, DataError])
def test_an_error_keeps_its_parts_from_process_to_process(kind):
    error = kind("boom", "peace", "do this")
    for copy in (pickle.loads(pickle.dumps(error)), kind(*error.args)):
        assert (type(copy), copy.args, str(copy)) == (kind, error.args, str(error))
        assert (copy.what, copy.expected, copy.fix) == ("boom", "peace", "do this")


def test_a_caller_that_catches_user_errors_catches_every_kind():
    assert issubclass(ConfigError, UserError)
    assert issubclass(DataError, UserError)
    assert not issubclass(DataError, ConfigError)


@pytest.mark.parametrize(
    ("word", "known", "text"),
    [
        ("trian", ["train", "eval", "test"], 'did you mean "train"?'),
        ("precison", ["recall", "precision"], 'did you mean "precision"?'),
        ("xyz", ["train", "eval"], "known: eval, train"),
        ("", ["b", "a"], "known: a, b"),
    ],
)
def test_the_nearest_word_is_suggested_else_all_are_listed(word, known, text):
    assert did_you_mean(word, known) == text


def test_the_known_words_may_come_from_a_generator():
    assert did_you_mean("xyz", (word for word in ("b", "a"))) == "known: a, b"


@given(st.sets(WORDS, min_size=1, max_size=8), st.data())
def test_a_word_that_is_known_suggests_itself(known, data):
    word = data.draw(st.sampled_from(sorted(known)))
    assert did_you_mean(word, known) == f'did you mean "{word}"?'


@given(st.text(max_size=20), st.sets(WORDS, max_size=8))
def test_only_known_words_are_suggested(word, known):
    suggestions = [f'did you mean "{choice}"?' for choice in known]
    assert did_you_mean(word, known) in [*suggestions, "known: " + ", ".join(sorted(known))]
