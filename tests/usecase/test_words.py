"""The words for true and false."""

import pytest
import yaml

from usecase.words import FALSE_WORDS, TRUE_WORDS


def test_no_word_is_both_and_none_comes_twice():
    words = [*TRUE_WORDS, *FALSE_WORDS]
    assert len(set(words)) == len(words)
    assert "" not in words


@pytest.mark.parametrize(("words", "meant"), [(TRUE_WORDS, True), (FALSE_WORDS, False)])
def test_a_word_means_what_it_means_elsewhere(words, meant):
    read = {word: yaml.safe_load(word) for word in words if len(word) > 1}
    assert set(read.values()) == {meant}
    assert len(read) == 6


def test_each_word_has_its_opposite_in_the_same_spelling():
    opposite = {"true": "false", "t": "f", "yes": "no", "y": "n", "1": "0"}
    spelled = [
        {word: other, word.upper(): other.upper(), word.capitalize(): other.capitalize()}
        for word, other in opposite.items()
    ]
    pairs = {word: other for pair in spelled for word, other in pair.items()}
    assert [pairs[word] for word in TRUE_WORDS] == list(FALSE_WORDS)
