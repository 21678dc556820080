"""Who gets the canary: sticky, monotone, the same everywhere; and where the share comes from."""

import json
import logging
import random
import subprocess
import sys
import threading
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.canary_percent import ReleasePercent
from serving.client import ServingClient
from serving.errors import ServingError
from serving.releases.state import Canary, State
from serving.releases.store import STATE_FILE, Store
from serving.split import SplitClient, is_canary
from tests.model_server.in_process import serving
from tests.model_server.toy_models import save, signature, two_inputs, write_half_plus_two
from tests.model_server.world import ROOT, model_config, model_configs
from tests.serving.client_world import TWO_VERSIONS

NOWHERE = "127.0.0.1:9"  # nothing is sent before a request
KEYS = [f"user-{number}" for number in range(20_000)]
percents = st.floats(0, 100)


def write(folder, percent, model="m"):
    folder.mkdir(exist_ok=True)
    canary = None if percent is None else Canary(8, percent)
    Store(folder).write(State(model=model, stables=(7,), canary=canary))


# --- the formula ---


# `printf %s taxi:user-1 | sha256sum` begins with fc551483, and so on.
@pytest.mark.parametrize(
    ("model", "key", "place"),
    [
        ("taxi", "user-1", 0xFC551483),
        ("", "user-1", 0x8B044BB5),
        ("taxi", "Größe", 0x96F85993),
        ("taxi", "", 0x55522C94),
        ("taxi", "user-4", 0xB575D61F),
    ],
)
def test_the_place_of_a_key(model, key, place):
    percent = place * 100 / 2**32  # of a double, no bit is lost
    assert Fraction(percent) == Fraction(place * 100, 2**32)
    assert not is_canary(key, percent, model)
    assert is_canary(key, float(np.nextafter(percent, 100)), model)


@given(st.text(), percents, percents)
def test_a_key_stays_when_the_share_grows(key, one, other):
    less, more = sorted((one, other))
    assert is_canary(key, less) <= is_canary(key, more)
    assert not is_canary(key, 0)
    assert is_canary(key, 100)


def test_no_key_is_too_odd():
    assert is_canary("\ud800", 100)
    assert not is_canary("\ud800", 0)


@pytest.mark.parametrize("percent", [0.5, 10, 50, 99])
def test_the_share_of_keys_is_the_percentage(percent):
    share = np.mean([is_canary(key, percent, "taxi") for key in KEYS]) * 100
    deviation = np.sqrt(percent * (100 - percent) / len(KEYS))
    assert abs(share - percent) < 4 * deviation


def test_each_model_draws_its_own_keys():
    both = np.mean([is_canary(k, 50, "taxi") and is_canary(k, 50, "bikes") for k in KEYS])
    assert 0.23 < both < 0.27


# --- what a client is given ---


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({}, "no share of the canary is given"),
        ({"percent": 1, "release": "x"}, "both percent and release are given"),
        ({"percent": -1}, "the canary's share is -1 percent"),
        ({"percent": 100.5}, "the canary's share is 100.5 percent"),
        ({"percent": float("nan")}, "the canary's share is nan percent"),
        ({"percent": 1, "label": "canary"}, "a label is given"),
        ({"percent": 1, "version": 3}, "a version is given"),
        ({"percent": 1, "max_rows": 0}, "max_rows is 0"),
        ({"release": "/no/such"}, "no release in /no/such: there is no release.json to read"),
    ],
)
def test_settings_that_make_no_sense(options, what):
    with pytest.raises(ServingError, match=what):
        SplitClient(NOWHERE, "m", **options)


def test_a_fixed_share():
    with SplitClient(NOWHERE, "taxi", percent=25) as client:
        labels = [client.label_of(key) for key in KEYS[:1000]]
        assert labels == [
            "canary" if is_canary(key, 25, "taxi") else "stable" for key in KEYS[:1000]
        ]
        assert [client.choose(key).label for key in KEYS[:1000]] == labels
        assert set(labels) == {"canary", "stable"}


def test_without_a_key_each_call_is_drawn():
    random.seed(1)
    with SplitClient(NOWHERE, "m", percent=20) as client:
        drawn = [client.choose().label for _ in range(5000)]
    assert 850 < drawn.count("canary") < 1150
    for percent, label in ((0, "stable"), (100, "canary")):
        with SplitClient(NOWHERE, "m", percent=percent) as client:
            assert {client.choose().label for _ in range(1000)} == {label}


def test_a_share_that_a_function_returns():
    shares = [100.0, 0.0, 101.0]
    with SplitClient(NOWHERE, "m", percent=lambda: shares.pop(0)) as client:
        assert [client.label_of("k"), client.label_of("k")] == ["canary", "stable"]
        with pytest.raises(ServingError, match="the canary's share is 101"):
            client.choose("k")


# --- the state file ---


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def test_the_share_in_the_state_file_is_followed(tmp_path):
    write(tmp_path, 10)
    clock = Clock()
    percent = ReleasePercent(tmp_path, "m", clock)
    assert percent() == 10
    write(tmp_path, 30)
    clock.now += 0.9
    assert percent() == 10  # once a second at most
    clock.now += 0.2
    assert percent() == 30
    write(tmp_path, None)  # promoted, or rolled back
    clock.now += 1
    assert percent() == 0
    assert ReleasePercent(tmp_path / STATE_FILE, "m")() == 0


def test_a_file_that_stays_is_not_read_again(tmp_path, monkeypatch):
    write(tmp_path, 10)
    clock = Clock()
    percent = ReleasePercent(tmp_path, "m", clock)
    read = []
    monkeypatch.setattr(percent, "_read", lambda: read.append(1) or 20.0)
    clock.now += 5
    assert (percent(), read) == (10, [])
    write(tmp_path, 10)  # the same content, in another file
    clock.now += 5
    assert (percent(), read) == (20, [1])


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda path: path.write_text("{"), "is damaged: no JSON"),
        (lambda path: path.unlink(), "there is no release.json to read"),
        (lambda path: write(path.parent, 50, "other"), 'is the state of model "other"'),
    ],
)
def test_what_was_known_last_holds_while_the_file_cannot_be_read(tmp_path, caplog, spoil, said):
    write(tmp_path, 10)
    clock = Clock()
    percent = ReleasePercent(tmp_path, "m", clock)
    spoil(tmp_path / STATE_FILE)
    with caplog.at_level(logging.ERROR):
        for _ in range(5):
            clock.now += 2
            assert percent() == 10
    (told,) = caplog.messages
    assert told.startswith("the canary stays at 10 percent: ")
    assert said in told
    write(tmp_path, 60)
    clock.now += 2
    assert percent() == 60
    spoil(tmp_path / STATE_FILE)  # the next fault is told again
    clock.now += 2
    assert (percent(), len(caplog.messages)) == (60, 2)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("{", "is damaged: no JSON"),
        (json.dumps({"format": 9}), "has the format 9"),
        (
            json.dumps(State("other", (1,)).to_json()),
            'is the state of model "other"',
        ),
    ],
)
def test_a_file_that_cannot_be_read_at_the_start(tmp_path, content, what):
    (tmp_path / STATE_FILE).write_text(content)
    with pytest.raises(ServingError, match=what):
        SplitClient(NOWHERE, "m", release=tmp_path)


def test_threads_share_it_while_the_file_is_replaced(tmp_path):
    write(tmp_path, 0)
    clock = Clock()
    percent = ReleasePercent(tmp_path, "m", clock)
    over, found, errors = threading.Event(), set(), []

    def ask():
        try:
            while not over.is_set():
                clock.now += 1  # every call looks
                found.add(percent())
                over.wait(0.001)
        except Exception as error:  # noqa: BLE001
            errors.append(error)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for share in range(1, 21):
        write(tmp_path, float(share))
    wait_for(lambda: 20.0 in found)
    over.set()
    for thread in threads:
        thread.join()
    assert errors == []
    assert found <= set(map(float, range(21)))
    assert percent() == 20


def wait_for(condition):
    over = threading.Event()
    for _ in range(2000):
        if condition():
            return
        over.wait(0.01)
    pytest.fail("not within 20 s")


def test_the_state_is_not_changed_by_being_read(tmp_path):
    write(tmp_path, 12.5)
    before = (tmp_path / STATE_FILE).read_bytes()
    ReleasePercent(tmp_path, "m")()
    assert (tmp_path / STATE_FILE).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [STATE_FILE]


def test_it_needs_no_tensorflow(tmp_path):
    write(tmp_path, 100.0)
    script = """
import sys
for name in ("tensorflow", "tensorflow_serving", "grpc", "google.protobuf"):
    sys.modules[name] = None
from serving.split import SplitClient
with SplitClient("http://127.0.0.1:9", "m", release=sys.argv[1]) as client:
    print(client.label_of("k"), client.choose().label)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("canary canary\n", "")


# --- on a server ---

MODEL = "half_plus_two"  # y is 2 of the stable version and 3 of the canary, at x = 0
AT_ZERO = {"stable": 2.0, "canary": 3.0}


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    for version in (123, 124):
        write_half_plus_two(folder / MODEL, version, version - 121.0)
    save(folder / "two_inputs" / "1", two_inputs)
    config = folder / "models.config"
    entries = [
        model_config(MODEL, folder / MODEL, TWO_VERSIONS),
        model_config("two_inputs", folder / "two_inputs"),
    ]
    config.write_text(model_configs(*entries))
    flags = (f"--model_config_file={config}", "--allow_version_labels_for_unavailable_models")
    with serving(*flags) as running:
        yield running


@pytest.fixture(params=["grpc", "rest"])
def address(request, served):
    return getattr(served, request.param)


def test_the_answer_is_that_of_the_label(address, tmp_path):
    write(tmp_path, 50.0, MODEL)
    with SplitClient(address, MODEL, release=tmp_path, timeout=20) as client:
        labels = set()
        for key in KEYS[:20]:
            label = client.label_of(key)
            expected = AT_ZERO[label]
            assert client.predict([{"x": 0}], key=key)["y"].tolist() == [[expected]]
            assert client.regress([{"x": 0}], "regress_x_to_y", key=key).tolist() == [expected]
            scores = client.classify([{"x": 0}], "classify_x_to_y", key=key)
            assert scores == [[("", expected)]]
            labels.add(label)
        assert labels == {"stable", "canary"}
        drawn = {client.predict([{"x": 0}])["y"][0, 0] for _ in range(50)}
        assert drawn == {2.0, 3.0}


def test_several_signatures_at_once(served):
    with SplitClient(served.grpc, MODEL, percent=100) as client:
        found = client.multi_inference([{"x": 0}], ["regress_x_to_y"], key="k")
    assert found["regress_x_to_y"].tolist() == [3.0]


def test_nothing_is_asked_of_the_stable_version_instead(address):
    # This model has neither label, so each of them is told in the error of who was asked.
    for percent, label in ((100, "canary"), (0, "stable")):
        with (
            SplitClient(address, "two_inputs", percent=percent, retries=0) as client,
            pytest.raises(ServingError, match=f'label "{label}" of model "two_inputs"') as caught,
        ):
            client.predict([{"a": 1, "b": 2}], key="k")
        assert f"Unrecognized servable version label: {label}" in caught.value.what


def write_widening(folder):
    """Version 1 reads a, and y = a; version 2 reads b as well, and y = a + 10 b."""
    import tensorflow as tf

    def narrow():
        a = tf.compat.v1.placeholder(tf.float32, [None])
        return {"serving_raw": signature({"a": a}, {"y": a + 0.0})}

    def wide():
        a, b = (tf.compat.v1.placeholder(tf.float32, [None]) for _ in range(2))
        return {"serving_raw": signature({"a": a, "b": b}, {"y": a + 10 * b})}

    save(folder / "1", narrow)
    save(folder / "2", wide)


def widening_config(folder, stable, canary):
    return model_configs(
        model_config(
            folder.name,
            folder,
            "model_version_policy { all {} } "
            f'version_labels {{ key: "stable" value: {stable} }} '
            f'version_labels {{ key: "canary" value: {canary} }}',
        )
    )


@pytest.mark.parametrize("way", ["grpc", "rest"])
def test_versions_that_read_other_columns(tmp_path, way):
    folder, config = tmp_path / "widening", tmp_path / "models.config"
    write_widening(folder)
    config.write_text(widening_config(folder, 1, 2))
    flags = (
        f"--model_config_file={config}",
        "--model_config_file_poll_wait_seconds=1",
        "--allow_version_labels_for_unavailable_models",
    )
    rows = [{"a": 1.0, "b": 2.0, "neither": "x"}]
    with serving(*flags) as running:
        address = getattr(running, way)
        with SplitClient(address, "widening", percent=50) as client:
            (ours, theirs) = client._stable, client._canary
            wait_for(lambda: ours.metadata().version == 1 and theirs.metadata().version == 2)
            assert ours.predict(rows)["y"] == [1.0]
            assert theirs.predict(rows)["y"] == [21.0]
            config.write_text(widening_config(folder, 2, 1))
            with ServingClient(address, "widening", label="stable") as other:
                wait_for(lambda: other.metadata().version == 2)
                with pytest.raises(ServingError, match="the model has no input 'neither'"):
                    other.predict(rows)
            # Nothing told these clients that labels moved; no value gets lost for it.
            assert ours.predict(rows)["y"] == [21.0]
            assert theirs.predict(rows)["y"] == [1.0]
        with (
            SplitClient(address, "widening", percent=100, takes_more=False) as strict,
            pytest.raises(ServingError, match="the model has no input 'b'"),
        ):
            strict.predict(rows)
