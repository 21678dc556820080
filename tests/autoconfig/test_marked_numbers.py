import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoconfig.marked_numbers import marked_number
from autoconfig.numbers_in_text import NUMBER


@pytest.mark.parametrize(
    ("texts", "text", "plain"),
    [
        (["1,234", "5"], "1,234", "1234"),
        (["1,234,567.8"], "1,234,567.8", "1234567.8"),
        (["12,50"], "12,50", "12.50"),
        (["12,50", "1,234"], "12,50", "12.50"),
        (["1.234,50"], "1.234,50", "1234.50"),
        (["1'234.5"], "1'234.5", "1234.5"),
        (["1\u202f234"], "1\u202f234", "1234"),
        (["1 234,5"], "1 234,5", "1234.5"),
        (["$5", "7"], "$5", "5"),
        (["-$5.10"], "-$5.10", "-5.10"),
        (["$ -5"], "$ -5", "-5"),
        (["US$1,000"], "US$1,000", "1000"),
        (["5 €"], "5 €", "5"),
        (["EUR 5"], "EUR 5", "5"),
        (["5 CHF"], "5 CHF", "5"),
        (["₹5"], "₹5", "5"),
        (["12%", " 7 % "], "12%", "12"),
        (["(1,200)"], "(1,200)", "-1200"),
        (["\u22125%"], "\u22125%", "-5"),
        (["3.5 kg", "4 kg"], "3.5 kg", "3.5"),
        (["20 m²"], "20 m²", "20"),
        (["$5", "$1,000"], "$1,000", "1000"),
    ],
)
def test_numbers_under_marks(texts, text, plain):
    assert marked_number(texts) == (text, plain)


@pytest.mark.parametrize(
    "texts",
    [
        [],
        ["1", "2.5"],
        ["a", "b"],
        ["$"],
        ["$5", "five"],
        ["3 kg", "4 lb"],
        ["7", "7a"],
        ["SKU123"],
        ["class 1"],
        ["1,2,3"],
        ["1,23,456.7.8"],
        ["12:30"],
        ["2024-01-31"],
        ["1/2"],
        ["(5"],
        ["5)"],
        ["192.168.0.1"],
        ["$5%%"],
        ["١٢٪"],
    ],
)
def test_what_marks_alone_do_not_explain(texts):
    assert marked_number(texts) is None


@given(st.lists(st.text("0123456789.,'$€%()- \u202fkg", min_size=1, max_size=12), min_size=1))
def test_what_is_shown_as_plain_is_a_number(texts):
    found = marked_number(texts)
    if found:
        assert re.match(NUMBER, found.plain)
        assert not re.match(NUMBER, found.text)
        assert found.text in [text.strip() for text in texts]


@given(st.decimals(-(10**9), 10**9, places=2), st.sampled_from(["${}", "{} €", "{}%", "{} km"]))
def test_the_number_is_the_one_that_was_marked(number, mark):
    found = marked_number([mark.format(f"{number:,}")])
    assert found
    assert float(found.plain) == float(number)


def test_it_says_what_a_column_holds_and_how_to_mend_it():
    comma, other = marked_number(["1,234"]), marked_number(["$5"])
    assert comma.holds == "numbers with a comma such as 1,234, which are read as text"
    assert other.holds == "numbers with other marks such as $5, which are read as text"
    assert other.mend == "write $5 as 5, with no mark but a point"
