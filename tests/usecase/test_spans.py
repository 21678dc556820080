"""Spans: which files belong to which, the newest or another, and a rolling window."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usecase.errors import ConfigError
from usecase.span_paths import LARGEST, check_pattern, in_span
from usecase.spans import Spans, choose, find_spans, shown


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def fill(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


def names(spans, folder):
    return {n: [str(p.relative_to(folder)) for p in files] for n, files in spans.files.items()}


def fault(work, *arguments):
    with pytest.raises(ConfigError) as caught:
        work(*arguments)
    assert caught.value.fix
    return caught.value


def test_spans_in_a_folder_name(folder):
    fill(folder, "data/span-2/a.csv", "data/span-10/b.csv", "data/span-10/a.csv", "data/x/a.csv")
    spans = find_spans("data/span-{SPAN}/*.csv")
    assert names(spans, folder) == {
        2: ["data/span-2/a.csv"],
        10: ["data/span-10/a.csv", "data/span-10/b.csv"],
    }
    assert spans.pattern == f"{folder}/data/span-{{SPAN}}/*.csv"
    assert find_spans(str(folder / "data" / "span-{SPAN}" / "*.csv")) == spans


@pytest.mark.parametrize(
    ("path", "files", "expected"),
    [
        ("{SPAN}.csv", ["3.csv", "x.csv"], {3: ["3.csv"]}),
        ("a-{SPAN}-*.csv", ["a-3-x.csv", "a-3-12.csv"], {3: ["a-3-12.csv", "a-3-x.csv"]}),
        ("{SPAN:3}/x.csv", ["007/x.csv", "12/x.csv", "0123/x.csv"], {7: ["007/x.csv"]}),
        ("{SPAN:2}*.csv", ["071.csv"], {7: ["071.csv"]}),
        (
            "*/{SPAN}.csv",
            ["a/1.csv", "b/1.csv", "b/2.csv"],
            {1: ["a/1.csv", "b/1.csv"], 2: ["b/2.csv"]},
        ),
        ("[ab]-{SPAN}.csv", ["a-1.csv", "c-1.csv"], {1: ["a-1.csv"]}),
        ("{SPAN}/.x.csv", ["0/.x.csv"], {0: ["0/.x.csv"]}),
    ],
)
def test_a_span_in_any_place(folder, path, files, expected):
    fill(folder, *files)
    assert names(find_spans(path), folder) == expected


def test_wildcards_in_the_name_of_a_folder_are_escaped(folder):
    fill(folder, "a/span-1.csv")
    (folder / "[b]").mkdir()
    fill(folder, "[b]/span-1.csv")
    # What stands before {SPAN} is a pattern, as without spans: [b] is the folder b.
    assert "data not found" in fault(find_spans, "[b]/span-{SPAN}.csv").what
    spans = find_spans("[[]b]/span-{SPAN}.csv")
    assert names(spans, folder) == {1: ["[b]/span-1.csv"]}


@pytest.mark.parametrize("name", ["a$b", "a^b", "a{2}", "a|b"])
def test_a_folder_that_tfx_takes_for_a_regular_expression(folder, name, monkeypatch):
    (folder / name).mkdir()
    (folder / name / "s-1.csv").touch()
    assert f"holds {name[1]}" in fault(find_spans, str(folder / name / "s-{SPAN}.csv")).what
    monkeypatch.chdir(folder / name)
    assert f"/{name}/" in fault(find_spans, "s-{SPAN}.csv").what


def test_no_span_is_there(folder):
    fill(folder, "data/span-x/a.csv", "data/span-/a.csv")
    assert "no span matches data/span-{SPAN}/*" in fault(find_spans, "data/span-{SPAN}/*").what
    fault(find_spans, "nowhere/{SPAN}/*")
    fault(find_spans, "data/**/{SPAN}.csv")


def test_zeros_in_front_need_a_width(folder):
    fill(folder, "span-01/a.csv")
    assert "{SPAN:2}" in fault(find_spans, "span-{SPAN}/*").fix


def test_a_number_that_tfx_cannot_hold(folder):
    fill(folder, f"{LARGEST}.csv")
    assert max(find_spans("{SPAN}.csv").files) == LARGEST
    fill(folder, f"{LARGEST + 1}.csv")
    assert "too large" in fault(find_spans, "{SPAN}.csv").what


def test_a_folder_in_place_of_a_file(folder):
    fill(folder, "span-1/a.csv")
    assert "matches a folder" in fault(find_spans, "span-{SPAN}").what


@pytest.fixture
def four(folder):
    fill(folder, *(f"s-{n}/a.csv" for n in (1, 2, 5, 6)))
    return find_spans("s-{SPAN}/*")


@pytest.mark.parametrize(
    ("span", "size", "expected", "previous"),
    [
        (None, 1, [6], 5),
        (None, 3, [2, 5, 6], 5),
        (None, 9, [1, 2, 5, 6], 5),
        (5, 1, [5], 2),
        (2, 2, [1, 2], 1),
        (1, 2, [1], None),
    ],
)
def test_the_window(four, folder, span, size, expected, previous):
    window = choose(four, span, size)
    assert list(window.files) == expected
    assert window.span == expected[-1]
    assert window.previous == previous
    read = [*expected, *([previous] if previous else [])]
    assert set(window.all_files) == {folder / f"s-{n}" / "a.csv" for n in read}
    assert len(window.all_files) == len(set(read))


def test_what_a_window_passes_over_is_said(four):
    assert choose(four, None, 3).notes == ("window: no span between 2 and 5",)
    assert choose(four, None, 2).notes == choose(four, 2, 2).notes == ()


def test_a_span_that_is_not_there(four):
    error = fault(choose, four, 4, 1)
    assert "span 4 is not there" in error.what
    assert error.expected == "one of 1, 2, 5, 6"


def test_a_folder_without_files_is_no_reason_to_take_an_older_span(four, folder):
    (folder / "s-7").mkdir()
    (folder / "s-3").mkdir()
    spans = find_spans("s-{SPAN}/*")
    assert "span 7 has no files" in fault(choose, spans, None, 1).what
    assert "span 7 has no files" in fault(choose, spans, 7, 1).what
    assert "span 3 has no files" in fault(choose, spans, 6, 3).what
    # Outside of the window it is nobody's business.
    assert list(choose(spans, 6, 2).files) == [5, 6]
    assert list(choose(spans, 2, 2).files) == [1, 2]


def test_many_numbers_are_shortened():
    assert shown([3, 1]) == "1, 3"
    assert shown(range(1, 22)).startswith("..., 2, 3,")


NAMES = st.text("ab.-_+()", min_size=1, max_size=5)


@given(NAMES, NAMES, st.integers(0, LARGEST), st.sampled_from([None, 10]))
def test_a_written_span_is_found_again(tmp_path_factory, before, after, number, width):
    folder = tmp_path_factory.mktemp("spans")
    pattern = f"x{before}{{SPAN{f':{width}' if width else ''}}}{after}x.csv"
    check_pattern(pattern)
    written = in_span(str(folder / pattern), number)
    fill(folder, written.removeprefix(f"{folder}/"))
    spans = find_spans(str(folder / pattern))
    assert {n: [str(p) for p in files] for n, files in spans.files.items()} == {number: [written]}


@given(st.sets(st.integers(1, 50), min_size=1), st.integers(1, 9), st.data())
def test_a_window_is_the_last_spans_that_are_there(numbers, size, data):
    spans = Spans("p{SPAN}", {n: (Path(f"p{n}"),) for n in sorted(numbers)}, {})
    span = data.draw(st.sampled_from(sorted(numbers)))
    window = choose(spans, span, size)
    assert list(window.files) == sorted(n for n in numbers if n <= span)[-size:]
    assert window.previous == max((n for n in numbers if n < span), default=None)
