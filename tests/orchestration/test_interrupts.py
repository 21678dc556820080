"""Ctrl-C strikes where it may, and is told from a failure, also where it arrives wrapped."""

import os
import signal
import threading

import apache_beam as beam
import pytest

from orchestration.local.interrupts import held, is_interrupt, let_through

IN_A_WORKER = """Traceback (most recent call last):
  File "common.py", line 1500, in process
KeyboardInterrupt

During handling of the above exception, another exception occurred:

RuntimeError: KeyboardInterrupt [while running 'Read/ParDo(It's mine)']
"""
AFTERWARDS = f"{IN_A_WORKER}\nRuntimeError: a row is no number [while running 'Parse']"


def interrupted(_):
    raise KeyboardInterrupt


def broken(_):
    raise ValueError("KeyboardInterrupt")


def raised_by(work):
    with pytest.raises(BaseException) as caught:  # noqa: PT011, whatever Beam makes of it
        work()
    return caught.value


def in_a_pipeline(function):
    def work():
        with beam.Pipeline(runner="DirectRunner") as pipeline:
            _ = pipeline | beam.Create([1]) | beam.Map(function)

    return raised_by(work)


def while_handling(first, second, *, hidden=False):
    def work():
        try:
            raise first
        except BaseException as error:
            if hidden:
                raise second from None
            raise second from error

    return raised_by(work)


def test_an_interrupt_in_a_pipeline():
    error = in_a_pipeline(interrupted)
    assert type(error) is RuntimeError  # what Beam makes of it
    assert is_interrupt(error)


@pytest.mark.parametrize(
    "error",
    [
        KeyboardInterrupt(),
        while_handling(KeyboardInterrupt(), OSError("no room")),
        while_handling(KeyboardInterrupt(), OSError("no room"), hidden=True),
        while_handling(while_handling(KeyboardInterrupt(), ValueError()), RuntimeError("failed")),
        RuntimeError("KeyboardInterrupt [while running 'Map(f)']"),
        RuntimeError(IN_A_WORKER),
    ],
    ids=["bare", "chained", "hidden", "deep", "in Beam", "in a worker"],
)
def test_what_is_an_interrupt(error):
    assert is_interrupt(error)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("KeyboardInterrupt"),
        RuntimeError("the log says: KeyboardInterrupt [while running 'Map(f)']"),
        RuntimeError("KeyboardInterrupt [while running 'Map(f)'] is a class"),
        RuntimeError("KeyboardInterrupt [while running 'Map(f)']\nis in row 3"),
        RuntimeError(AFTERWARDS),
        ValueError("KeyboardInterrupt [while running 'Map(f)']"),
        while_handling(ValueError("KeyboardInterrupt"), RuntimeError("failed")),
        RuntimeError(),
    ],
)
def test_what_only_mentions_one_is_a_failure(error):
    assert not is_interrupt(error)


def test_a_failure_in_a_pipeline_is_none():
    assert not is_interrupt(in_a_pipeline(broken))


def test_errors_that_name_each_other_are_read_once():
    first, second = ValueError(), OSError()
    first.__context__, second.__context__ = second, first
    assert not is_interrupt(first)


def press(done, note, times=1):
    """Presses Ctrl-C, then notes what comes after it."""
    for _ in range(times):
        os.kill(os.getpid(), signal.SIGINT)
    done.append(note)


@pytest.fixture
def done():
    """What has been done; Ctrl-C is as it was afterwards."""
    yield []
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interrupt_waits_for_the_end(done):
    with pytest.raises(KeyboardInterrupt), held():
        press(done, "to the end")
    assert done == ["to the end"]


def test_it_is_not_forgotten_where_something_fails_after_it(done):
    def fail():
        press(done, "pressed")
        raise OSError("no room")

    with pytest.raises(KeyboardInterrupt) as caught, held():
        fail()
    assert isinstance(caught.value.__context__, OSError)


def test_a_second_one_does_not_wait(done):
    with pytest.raises(KeyboardInterrupt), held():
        press(done, "never", times=2)
    assert done == []


def test_it_strikes_at_once_where_it_is_let_through_and_not_again_afterwards(done):
    with held():
        with pytest.raises(KeyboardInterrupt), let_through():
            press(done, "never")
        done.append("cleaned up")
    assert done == ["cleaned up"]


def test_one_that_waits_strikes_where_it_is_let_through(done):
    with held():
        press(done, "waits")
        with pytest.raises(KeyboardInterrupt), let_through():
            done.append("never")
    assert done == ["waits"]


def test_one_after_what_is_let_through_waits_again(done):
    def work():
        with let_through():
            done.append("worked")
        press(done, "noted")

    with pytest.raises(KeyboardInterrupt), held():
        work()
    assert done == ["worked", "noted"]


def test_nothing_is_let_through_that_was_not_held(done):
    with pytest.raises(KeyboardInterrupt), let_through():
        press(done, "never")
    assert done == []


def test_a_handler_of_somebody_else_stays():
    seen = []
    before = signal.signal(signal.SIGINT, lambda *_: seen.append("theirs"))
    try:
        with held(), let_through():
            press(seen, "after it")
    finally:
        signal.signal(signal.SIGINT, before)
    assert seen == ["theirs", "after it"]


def test_a_thread_leaves_ctrl_c_to_the_main_thread(done):
    def work():
        with held(), let_through():
            done.append(signal.getsignal(signal.SIGINT))

    for _ in range(2):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    with held():
        holding = signal.getsignal(signal.SIGINT)
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert done == [signal.default_int_handler] * 2 + [holding]
    done.clear()
