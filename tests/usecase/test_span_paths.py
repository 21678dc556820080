"""`{SPAN}` in a path: where it may stand, and where a path is cut before it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usecase.errors import ConfigError
from usecase.span_paths import check_pattern, has_span, in_span, split_at_span

NAMES = st.text("ab.-_+()", min_size=1, max_size=5)


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("{SPAN}/{SPAN}.csv", "names the span 2 times"),
        ("{SPAN:0}.csv", "{SPAN:0}"),
        ("{SPAN:x}.csv", "{SPAN:x}"),
        ("{SPAN:}.csv", "{SPAN:}"),
        ("*{SPAN}.csv", "beside {SPAN}"),
        ("x{SPAN}*.csv", "beside {SPAN}"),
        ("x1{SPAN}.csv", "beside {SPAN}"),
        ("x{SPAN}[0-9].csv", "beside {SPAN}"),
        ("[!a]/{SPAN}.csv", "[!...]"),
    ],
)
def test_paths_that_say_not_what_a_span_is(path, what):
    with pytest.raises(ConfigError) as caught:
        check_pattern(path)
    assert what in caught.value.what
    assert caught.value.fix


def test_only_a_path_with_a_span_has_one():
    assert has_span("a/{SPAN}/b")
    assert has_span("{SPAN:3}")
    assert not has_span("a/{span}")
    assert not has_span(None)


def test_the_pattern_of_one_span():
    assert in_span("a/{SPAN}/*.csv", 7) == "a/7/*.csv"
    assert in_span("a/{SPAN:3}x", 7) == "a/007x"


@given(st.lists(NAMES, min_size=1, max_size=4), st.integers(0, 3))
def test_a_path_is_cut_before_the_span(parts, place):
    parts = [*parts[:place], "s{SPAN}", *parts[place:]]
    base, rest = split_at_span("/" + "/".join(parts))
    assert "{SPAN}" not in base
    assert rest.startswith("s{SPAN}")
    assert base.rstrip("/") + "/" + rest == "/" + "/".join(parts)
