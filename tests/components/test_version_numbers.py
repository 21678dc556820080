"""What a version was made of, and the number that a new one gets beside another destination."""

import json
import shutil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.push_destination import digest, next_version, origin, publish, versions


def write(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def saved_model(folder, weights):
    return write(folder, {"saved_model.pb": b"graph", "variables/data": weights.encode()})


def for_phones(folder, made_of, content=b"tables"):
    metadata = json.dumps({"saved_model_sha256": digest(made_of)}).encode()
    return write(folder, {"model.tflite": content, "metadata.json": metadata})


@pytest.fixture
def model(tmp_path):
    return saved_model(tmp_path / "model", "weights")


def test_a_model_for_phones_names_the_model_it_was_made_of(model, tmp_path):
    phone = for_phones(tmp_path / "phone", model)
    assert origin(phone) == origin(model) == digest(model)
    assert origin(phone) == origin(for_phones(tmp_path / "again", model, b"other tables"))


def test_warm_up_records_make_no_other_model(model, tmp_path):
    before = origin(model)
    write(model, {"assets.extra/tf_serving_warmup_requests": b"rows"})
    assert origin(model) == before != digest(model)


@pytest.mark.parametrize("text", [b"", b"{", b"{}", b"[]", b"null", b"\xff", b'"text"'])
def test_metadata_that_name_no_model_are_a_file_like_others(model, text):
    write(model, {"metadata.json": text})
    assert origin(model) == digest(model)


@pytest.fixture
def places(tmp_path):
    """Returns a function that fills a destination with versions of models, by their weights."""

    def fill(name, versions):
        trained = {w: saved_model(tmp_path / "trained" / w, w) for w in set(versions.values())}
        for version, weights in versions.items():
            folder = tmp_path / name / str(version)
            if name == "mobile":
                for_phones(folder, trained[weights])
            else:
                shutil.copytree(trained[weights], folder)
        return tmp_path / name

    return fill


@pytest.mark.parametrize("sibling", [None, "missing"])
@pytest.mark.parametrize(
    ("own", "now", "number"),
    [({}, 1000, 1000), ({900: "a"}, 1000, 1000), ({1000: "a"}, 1000, 1001), ({9: "a"}, 3, 10)],
)
def test_numbers_go_by_the_clock_and_rise(places, tmp_path, model, own, now, number, sibling):
    other = tmp_path / sibling if sibling else None
    assert next_version(model, places("serving", own), other, now) == number


@pytest.mark.parametrize(("first", "second"), [("serving", "mobile"), ("mobile", "serving")])
@pytest.mark.parametrize(
    ("own", "others", "number"),
    [
        ({}, {700: "new"}, 700),
        ({600: "old"}, {600: "old", 700: "new"}, 700),
        ({600: "old"}, {650: "new", 700: "new"}, 700),
        ({600: "old"}, {650: "new", 700: "else"}, 650),
        # Going back is no way to meet.
        ({700: "old"}, {700: "new"}, 1000),
        ({800: "old"}, {700: "new"}, 1000),
        ({2000: "old"}, {700: "new"}, 2001),
        # Another model is ahead: higher than both.
        ({}, {2000: "else"}, 2001),
        ({600: "old"}, {2000: "else"}, 2001),
        ({3000: "old"}, {2000: "else"}, 3001),
        ({600: "old"}, {}, 1000),
    ],
)
def test_one_model_goes_by_one_number(places, tmp_path, first, second, own, others, number):
    mine, sibling = places(second, own), places(first, others)
    trained = saved_model(tmp_path / "newest", "new")
    new = trained if second == "serving" else for_phones(tmp_path / "phone", trained)
    before = digest(sibling)
    assert next_version(new, mine, sibling, 1000) == number
    publish(new, mine, number)
    assert max(versions(mine)) == number
    assert digest(sibling) == before


HELD = st.dictionaries(st.integers(1, 30), st.sampled_from("abc"), max_size=4)


@settings(deadline=None, max_examples=80)
@given(HELD, HELD, st.sampled_from("abc"), st.integers(0, 40))
def test_a_number_is_above_all_that_is_there_whatever_the_folders_hold(
    tmp_path_factory, own, others, weights, now
):
    root = tmp_path_factory.mktemp("places")

    def fill(name, held):
        for version, content in held.items():
            write(root / name / str(version), {"saved_model.pb": content.encode()})
        return root / name

    mine, sibling = fill("mine", own), fill("sibling", others)
    model = write(root / "model", {"saved_model.pb": weights.encode()})
    number = next_version(model, mine, sibling, now)
    assert number > max(own, default=0)
    # It meets the same model, or nothing at all.
    assert others.get(number, weights) == weights
    assert publish(model, mine, number).name == str(number)
    assert number in others or number > max(others, default=0)
    # Over there it meets it as well, where that is no way back.
    there = next_version(model, sibling, mine, now)
    assert there > max(others, default=0)
    assert there == number or number <= max(others, default=0)
