"""Ctrl-C is told from a failure, also where it arrives wrapped."""

import apache_beam as beam
import pytest

from orchestration.local.interrupts import is_interrupt

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
