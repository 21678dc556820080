"""The core with servables of the test's own: labels, reloads, and the file system's part."""

import threading
import time

import pytest
from google.protobuf import text_format
from tensorflow_serving.apis import (
    get_model_status_pb2,
    model_management_pb2,
    model_pb2,
)

from model_server.config import ModelServerConfig
from model_server.config_poller import ConfigPoller
from model_server.core import Core
from model_server.model_status import get_model_status
from model_server.options import Options
from model_server.reload import handle_reload_config_request
from model_server.states import State
from model_server.status import Code, StatusError
from tests.model_server.world import model_config, model_configs


class Toy:
    def __init__(self, name, version, path):
        self.name, self.version, self.path = name, version, path

    def close(self):
        pass


def parsed(*entries):
    return text_format.Parse(model_configs(*entries), ModelServerConfig())


def until(condition, timeout=10):
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, "not in time"
        time.sleep(0.005)


def spec(name="m", version=None, label=None):
    made = model_pb2.ModelSpec(name=name)
    if version is not None:
        made.version.value = version
    if label is not None:
        made.version_label = label
    return made


class Log:
    def __init__(self, model, prefix, rate):
        self.model, self.prefix, self.rate = model, prefix, rate
        self.is_closed = False

    def close(self):
        self.is_closed = True


@pytest.fixture
def base(tmp_path):
    for name in ("m/1", "m/2", "n/5"):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path


@pytest.fixture
def start(base):
    """Starts a core; what is in `broken` (paths) fails to load."""
    cores = []

    def make(*entries, broken=(), poll=0, **options):
        def load(name, version, path):
            if path in broken:
                raise StatusError(Code.DATA_LOSS, "broken")
            return Toy(name, version, path)

        flags = Options(file_system_poll_wait_seconds=poll, max_num_load_retries=0, **options)
        core = Core(flags, parsed(*entries), load, Log)
        cores.append(core)
        core.start(10)
        return core

    yield make
    for core in cores:
        core.stop()


def m(base, extra=""):
    return model_config("m", base / "m", extra)


def n(base, extra=""):
    return model_config("n", base / "n", extra)


def version_of(core, wanted):
    with core.use(wanted) as servable:
        return servable.version


def refusal(core, wanted):
    with pytest.raises(StatusError) as caught, core.use(wanted):
        pass
    return caught.value.code, caught.value.message


def refused_reload(core, config):
    with pytest.raises(StatusError) as caught:
        core.reload(config, 10)
    return caught.value.code, caught.value.message


def states(core, name="m"):
    return {each.version: each.state.name for each in core.versions(name)}


ALL = "model_version_policy { all {} }"


def labels(**versions):
    return " ".join(
        f'version_labels {{ key: "{label}" value: {version} }}'
        for label, version in versions.items()
    )


# --- which servable a spec means ---


def test_a_spec_means_the_latest_a_version_or_a_label(start, base):
    core = start(m(base, ALL), n(base))
    core.reload(parsed(m(base, ALL + labels(old=1)), n(base)))
    assert version_of(core, spec()) == 2
    assert version_of(core, spec(version=1)) == 1
    assert version_of(core, spec(label="old")) == 1
    assert version_of(core, spec("n")) == 5


def test_a_spec_that_means_nothing_is_refused(start, base):
    core = start(m(base))
    assert refusal(core, spec("")) == (
        Code.INVALID_ARGUMENT,
        "ModelSpec has no name specified.",
    )
    assert refusal(core, spec("x")) == (
        Code.NOT_FOUND,
        "Servable not found for request: Latest(x)",
    )
    assert refusal(core, spec(version=7)) == (
        Code.NOT_FOUND,
        "Servable not found for request: Specific(m, 7)",
    )
    assert refusal(core, spec(version=0)) == (
        Code.NOT_FOUND,
        "Servable not found for request: Specific(m, 0)",
    )
    for name in ("m", "x"):
        assert refusal(core, spec(name, label="l")) == (
            Code.INVALID_ARGUMENT,
            "Unrecognized servable version label: l",
        )


def test_using_costs_microseconds(start, base):
    core = start(m(base))
    wanted = spec()
    begin = time.perf_counter()
    for _ in range(5_000):
        with core.use(wanted):
            pass
    assert (time.perf_counter() - begin) / 5_000 < 60e-6


# --- labels ---


def test_a_label_may_point_to_a_version_that_serves_only(start, base):
    core = start(m(base, ALL))
    assert refused_reload(core, parsed(m(base, ALL + labels(next=9)))) == (
        Code.FAILED_PRECONDITION,
        "Request to assign label to version 9 of model m, which is not currently available for "
        "inference",
    )
    core.reload(parsed(m(base, ALL + labels(stable=1, canary=2))))
    assert version_of(core, spec(label="canary")) == 2
    core.reload(parsed(m(base, ALL + labels(stable=2))))
    assert version_of(core, spec(label="stable")) == 2
    assert refusal(core, spec(label="canary"))[1] == "Unrecognized servable version label: canary"


def test_a_refused_label_leaves_everything_as_it_was(start, base):
    core = start(m(base, ALL))
    core.reload(parsed(m(base, ALL + labels(stable=1))))
    refused_reload(core, parsed(m(base, labels(stable=2, new=9)), n(base)))
    assert version_of(core, spec(label="stable")) == 1
    assert states(core) == {2: "AVAILABLE", 1: "AVAILABLE"}
    assert core.versions("n") == []


def test_labels_at_the_start_need_the_flag(start, base):
    with pytest.raises(StatusError) as caught:
        start(m(base, labels(stable=2)))
    assert caught.value.code is Code.FAILED_PRECONDITION
    core = start(m(base, labels(stable=2)), allow_version_labels_for_unavailable_models=True)
    assert version_of(core, spec(label="stable")) == 2


def test_with_the_flag_a_new_label_may_wait_but_no_label_moves_there(start, base):
    core = start(m(base, ALL), allow_version_labels_for_unavailable_models=True)
    core.reload(parsed(m(base, ALL + labels(stable=1, next=9))))
    assert refusal(core, spec(label="next")) == (
        Code.NOT_FOUND,
        "Servable not found for request: Specific(m, 9)",
    )
    code, text = refused_reload(core, parsed(m(base, ALL + labels(stable=9, next=9))))
    assert code is Code.FAILED_PRECONDITION
    assert "version 9 of model m" in text
    assert version_of(core, spec(label="stable")) == 1
    core.reload(parsed(m(base, ALL + labels(stable=2, next=9))))
    assert version_of(core, spec(label="stable")) == 2


def specific(*versions):
    chosen = " ".join(f"versions: {version}" for version in versions)
    return f"model_version_policy {{ specific {{ {chosen} }} }}"


def between_looks(core, monkeypatch, *events):
    """Lets events happen after a label was looked up, and before its version is acquired."""
    acquire = core._manager.acquire
    left = list(events)

    def late(*arguments):
        if left:
            left.pop(0)()
        return acquire(*arguments)

    monkeypatch.setattr(core._manager, "acquire", late)
    return left


def test_a_label_that_moves_while_it_is_asked_for_fails_no_request(start, base, monkeypatch):
    core = start(m(base, specific(1, 2)))
    core.reload(parsed(m(base, specific(1, 2) + labels(stable=1))))

    def move(old, new):
        core.apply(parsed(m(base, specific(new) + labels(stable=new))))
        until(lambda: states(core)[old] == "END")

    def load_both(stable):
        core.apply(parsed(m(base, specific(1, 2) + labels(stable=stable))))
        until(lambda: set(states(core).values()) == {"AVAILABLE"})

    left = between_looks(core, monkeypatch, lambda: move(1, 2))
    assert (version_of(core, spec(label="stable")), left) == (2, [])
    load_both(2)
    # It moves again while it is looked up again.
    again = (lambda: move(2, 1), lambda: (load_both(1), move(1, 2)))
    left = between_looks(core, monkeypatch, *again)
    assert (version_of(core, spec(label="stable")), left) == (2, [])


def test_a_label_that_goes_while_it_is_asked_for_is_unknown(start, base, monkeypatch):
    core = start(m(base, specific(1, 2)))
    core.reload(parsed(m(base, specific(1, 2) + labels(stable=1))))

    def drop():
        core.apply(parsed(m(base, specific(2))))
        until(lambda: states(core)[1] == "END")

    between_looks(core, monkeypatch, drop)
    assert refusal(core, spec(label="stable")) == (
        Code.INVALID_ARGUMENT,
        "Unrecognized servable version label: stable",
    )


def test_a_label_whose_version_is_not_loaded_is_looked_up_once(start, base, monkeypatch):
    core = start(m(base), allow_version_labels_for_unavailable_models=True)
    core.reload(parsed(m(base, labels(next=9))))
    asked = []
    left = between_looks(core, monkeypatch, *[lambda: asked.append(1)] * 5)
    assert refusal(core, spec(label="next"))[0] is Code.NOT_FOUND
    assert (len(asked), len(left)) == (1, 4)


# --- reload ---


def test_a_reload_adds_and_removes_models(start, base):
    core = start(m(base))
    core.reload(parsed(m(base), n(base)), 10)
    assert version_of(core, spec("n")) == 5
    core.reload(parsed(n(base)), 10)
    until(lambda: states(core) == {2: "END"})
    assert refusal(core, spec())[0] is Code.NOT_FOUND
    core.reload(parsed(m(base)), 10)  # back again
    assert version_of(core, spec()) == 2


def test_an_explicit_empty_list_unloads_all_and_no_config_does_nothing(start, base):
    core = start(m(base))
    core.reload(ModelServerConfig())
    assert version_of(core, spec()) == 2
    empty = ModelServerConfig()
    empty.model_config_list.SetInParent()
    core.reload(empty, 10)
    until(lambda: states(core) == {2: "END"})


@pytest.mark.parametrize(
    ("entries", "text"),
    [
        (["m", "m"], "Illegal to list model m multiple times in config list"),
        (["relative"], "Expected model m to have an absolute path or URI; got base_path()=x"),
        (
            ["platform"],
            "Illegal to change a model's platform. For model m platform was tensorflow and new "
            "platform requested is y",
        ),
    ],
)
def test_a_refused_reload_leaves_the_old_models(start, base, entries, text):
    core = start(m(base))
    made = {
        "m": m(base),
        "relative": model_config("m", "x"),
        "platform": model_config("m", base / "m", platform="y"),
    }
    config = parsed(*(made[entry] for entry in entries))
    assert refused_reload(core, config) == (Code.INVALID_ARGUMENT, text)
    assert version_of(core, spec()) == 2


def test_a_custom_config_is_refused(start, base):
    core = start(m(base))
    custom = ModelServerConfig()
    custom.custom_model_config.SetInParent()
    assert refused_reload(core, custom)[0] is Code.INVALID_ARGUMENT
    assert version_of(core, spec()) == 2


def test_a_reload_waits_for_new_models_and_fails_when_none_loads(start, base):
    core = start(m(base), broken={f"{base}/n/5"})
    code, text = refused_reload(core, parsed(m(base), n(base)))
    assert code is Code.UNKNOWN
    assert text == (
        "1 servable(s) did not become available: "
        "{{name: n version: 5} due to error: DATA_LOSS: broken, }"
    )
    assert version_of(core, spec()) == 2
    with pytest.raises(StatusError, match="DEADLINE_EXCEEDED"):
        core.reload(parsed(m(base), model_config("x", base / "x")), 0.1)
    core.reload(parsed(m(base)), 10)  # nothing stays locked


def test_the_policy_of_a_model_can_be_changed(start, base):
    core = start(m(base))
    assert states(core) == {2: "AVAILABLE"}
    core.reload(parsed(m(base, ALL)))
    until(lambda: states(core) == {2: "AVAILABLE", 1: "AVAILABLE"})
    core.reload(parsed(m(base, "model_version_policy { specific { versions: 1 } }")))
    until(lambda: states(core) == {2: "END", 1: "AVAILABLE"})


def test_a_model_moves_to_another_base_path(start, base):
    core = start(m(base))
    core.reload(parsed(model_config("m", base / "n")), 10)
    until(lambda: states(core) == {5: "AVAILABLE", 2: "END"})


def test_the_reload_request(start, base):
    core = start(m(base))
    rises = iter([{"/a": 3, "/b": 1}, {"/a": 5, "/b": 1}])
    request = model_management_pb2.ReloadConfigRequest(
        config=parsed(m(base), n(base)), metric_names=["/a", "/b", "/none"]
    )
    response = handle_reload_config_request(core, request, 10, lambda: next(rises))
    assert response.HasField("status")
    assert response.status.error_code == 0
    assert {each.name: each.int64_value_increase for each in response.metric} == {"/a": 2, "/b": 0}
    assert version_of(core, spec("n")) == 5


@pytest.mark.parametrize("kind", ["unset", "custom"])
def test_a_reload_request_needs_a_list_of_models(start, base, kind):
    core = start(m(base))
    request = model_management_pb2.ReloadConfigRequest()
    if kind == "custom":
        request.config.custom_model_config.SetInParent()
    with pytest.raises(StatusError) as caught:
        handle_reload_config_request(core, request)
    assert caught.value.code is Code.INVALID_ARGUMENT
    assert caught.value.message == (
        "ServerModelConfig type not supported by HandleReloadConfigRequest. "
        "Only ModelConfigList is currently supported"
    )
    assert version_of(core, spec()) == 2


# --- status ---


def status_of(core, wanted):
    request = get_model_status_pb2.GetModelStatusRequest(model_spec=wanted)
    return [
        (each.version, each.state, each.status.error_code, each.status.error_message)
        for each in get_model_status(core, request).model_version_status
    ]


def test_status_tells_of_every_version_the_newest_first(start, base):
    core = start(m(base, ALL), broken={f"{base}/m/2"})
    assert status_of(core, spec()) == [(2, State.END, 15, "broken"), (1, State.AVAILABLE, 0, "")]
    assert status_of(core, spec(version=1)) == [(1, State.AVAILABLE, 0, "")]
    assert status_of(core, spec(label="whatever")) == status_of(core, spec())
    core.reload(parsed(n(base)), 10)
    until(lambda: states(core)[1] == "END")
    assert status_of(core, spec(version=1)) == [(1, State.END, 0, "")]


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        (spec("x"), "Could not find any versions of model x"),
        (spec(version=7), "Could not find version 7 of model m"),
        (spec("x", version=7), "Could not find version 7 of model x"),
    ],
)
def test_status_of_what_is_not_there(start, base, wanted, text):
    core = start(m(base))
    with pytest.raises(StatusError) as caught:
        status_of(core, wanted)
    assert (caught.value.code, caught.value.message) == (Code.NOT_FOUND, text)


def test_status_needs_a_model_spec(start, base):
    core = start(m(base))
    with pytest.raises(StatusError) as caught:
        get_model_status(core, get_model_status_pb2.GetModelStatusRequest())
    assert str(caught.value) == "INVALID_ARGUMENT: Missing ModelSpec"


# --- the file system ---


def test_new_versions_are_found_and_old_ones_go(start, base):
    core = start(m(base), poll=0.05)
    (base / "m/3").mkdir()
    until(lambda: states(core) == {3: "AVAILABLE", 2: "END"})
    (base / "m/3").rmdir()
    until(lambda: states(core) == {3: "END", 2: "AVAILABLE"})


def test_zero_looks_once(start, base):
    core = start(m(base), poll=0)
    (base / "m/3").mkdir()
    time.sleep(0.2)
    assert states(core) == {2: "AVAILABLE"}
    core.reload(parsed(m(base, ALL)))  # a new config is looked up all the same
    until(lambda: states(core)[3] == "AVAILABLE")


def test_a_base_path_that_vanishes_unloads_nothing(start, base, caplog):
    core = start(m(base), n(base), poll=0.05)
    (base / "m").rename(base / "away")
    until(lambda: "Could not find base path" in caplog.text)
    (base / "n/6").mkdir()  # other models are looked at all the same
    until(lambda: states(core, "n") == {6: "AVAILABLE", 5: "END"})
    assert states(core) == {2: "AVAILABLE"}
    (base / "away").rename(base / "m")
    (base / "m/4").mkdir()
    until(lambda: states(core) == {4: "AVAILABLE", 2: "END"})


def test_a_base_path_without_versions_unloads_all(start, base, caplog):
    core = start(m(base), poll=0.05)
    for name in ("1", "2"):
        (base / "m" / name).rmdir()
    until(lambda: states(core) == {2: "END"})
    assert "No versions of servable m found under base path" in caplog.text


@pytest.mark.parametrize("exists", [False, True])
def test_the_start_waits_for_a_version_to_come(start, base, exists, caplog):
    later = base / "later"
    if exists:
        later.mkdir()
    started = threading.Event()
    waiter = threading.Thread(
        target=lambda: (start(model_config("m", later), poll=0.05), started.set())
    )
    waiter.start()
    assert not started.wait(0.2)
    assert ("No versions of servable m" if exists else "Could not find base path") in caplog.text
    (later / "1").mkdir(parents=True)
    assert started.wait(10)


def test_a_start_fails_when_the_first_load_does(start, base):
    with pytest.raises(StatusError) as caught:
        start(m(base), n(base), broken={f"{base}/n/5"})
    assert caught.value.code is Code.UNKNOWN
    assert "{name: n version: 5} due to error: DATA_LOSS: broken" in caught.value.message


# --- the config file ---


def test_the_config_file_is_followed_and_a_bad_one_changes_nothing(start, base, caplog):
    core = start(m(base))
    path = base / "models.config"
    poller = ConfigPoller(str(path), 0.03, core.apply)
    poller.start()
    until(lambda: "Failed to read ModelServerConfig file: " in caplog.text)
    path.write_text(model_configs(m(base), n(base)))
    until(lambda: states(core, "n") == {5: "AVAILABLE"})
    path.write_text("junk")
    until(lambda: "Error parsing text-format tensorflow.serving.ModelServerConfig" in caplog.text)
    path.write_text(model_configs(m(base), m(base)))
    until(
        lambda: (
            "PollFilesystemAndReloadConfig failed to ReloadConfig: Illegal to list model m "
            "multiple times in config list" in caplog.text
        )
    )
    assert states(core, "n") == {5: "AVAILABLE"}
    path.write_text(model_configs(n(base)))
    until(lambda: states(core) == {2: "END"})
    poller.stop()
    path.write_text(model_configs(m(base)))
    time.sleep(0.1)
    assert states(core) == {2: "END"}


def test_the_config_file_waits_for_no_model(start, base):
    core = start(m(base))
    path = base / "models.config"
    poller = ConfigPoller(str(path), 60, core.apply)
    path.write_text(model_configs(m(base), model_config("x", base / "x")))
    poller.poll_once()
    path.write_text(model_configs(m(base), n(base)))
    poller.poll_once()
    until(lambda: states(core, "n") == {5: "AVAILABLE"})


def test_a_refused_config_is_tried_again_until_its_version_is_there(start, base, caplog):
    """As in TensorFlow Serving: labels are checked before models change, and at each poll."""
    core = start(m(base, ALL), poll=0.02)
    path = base / "models.config"
    poller = ConfigPoller(str(path), 60, core.apply)
    path.write_text(model_configs(m(base, specific(2, 3) + labels(stable=3)), n(base)))
    for _ in range(2):
        caplog.clear()
        poller.poll_once()
        assert "Request to assign label to version 3 of model m" in caplog.text
    # Nothing of it is taken over, not even what could be.
    assert states(core) == {2: "AVAILABLE", 1: "AVAILABLE"}
    assert core.versions("n") == []
    (base / "m" / "3").mkdir()  # the old config, which still holds, loads it
    until(lambda: states(core).get(3) == "AVAILABLE")
    poller.poll_once()
    assert version_of(core, spec(label="stable")) == 3
    until(lambda: states(core) == {3: "AVAILABLE", 2: "AVAILABLE", 1: "END"})
    until(lambda: states(core, "n") == {5: "AVAILABLE"})


# --- request logging ---


def logging_config(prefix, rate=0.5):
    return (
        f'logging_config {{ log_collector_config {{ type: "" filename_prefix: "{prefix}" }} '
        f"sampling_config {{ sampling_rate: {rate} }} }}"
    )


def test_a_model_with_a_logging_config_has_a_request_log(start, base):
    core = start(m(base, logging_config("/logs/m")), n(base))
    log = core.request_log("m")
    assert (log.model, log.prefix, log.rate) == ("m", "/logs/m", 0.5)
    assert core.request_log("n") is None
    assert core.request_log("x") is None
    core.reload(parsed(m(base, logging_config("/logs/m") + ALL), n(base)))
    assert core.request_log("m") is log  # the same settings go on writing to the same file
    assert not log.is_closed
    core.reload(parsed(m(base, logging_config("/logs/other")), n(base)))
    other = core.request_log("m")
    assert other.prefix == "/logs/other"
    assert (log.is_closed, other.is_closed) == (True, False)
    core.stop()
    assert other.is_closed
