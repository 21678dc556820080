"""What training tells while it runs."""

import itertools
import logging
import math

import pytest

from models.progress import LOGGER, SECONDS_BETWEEN_RECORDS, ProgressLogger


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test moves."""
    now = [1000.0]
    monkeypatch.setattr("models.progress.time.monotonic", lambda: now[0])
    return now


@pytest.fixture
def told(caplog):
    caplog.set_level(logging.INFO, LOGGER.name)
    return lambda: [record.progress for record in caplog.records]


def test_an_epoch_is_told_with_speed_and_time_left(clock, told, caplog):
    logger = ProgressLogger(epochs=5, steps=10)
    logger.on_train_begin()
    logger.on_epoch_begin(0)
    clock[0] += 2
    logger.on_epoch_end(0, {"loss": 0.5})
    assert told() == [
        {
            "epoch": 1,
            "epochs": 5,
            "step": 10,
            "steps": 10,
            "loss": 0.5,
            "steps_per_second": 5.0,
            "seconds_left": 8.0,
        }
    ]
    assert caplog.messages == ["epoch 1/5 loss 0.5000 5 steps/s"]
    assert caplog.records[0].name == "pipeline.progress"


def test_batches_are_told_every_fraction_of_a_second(clock, told):
    logger = ProgressLogger(epochs=2, steps=100)
    logger.on_train_begin()
    logger.on_epoch_begin(1)
    for batch in range(100):
        clock[0] += SECONDS_BETWEEN_RECORDS / 10
        logger.on_train_batch_end(batch, {"loss": batch / 100})
    steps = [progress["step"] for progress in told()]
    assert 8 <= len(steps) <= 10
    assert {later - earlier for earlier, later in itertools.pairwise(steps)} == {11}
    assert told()[0]["epoch"] == 2
    assert told()[0]["loss"] == (steps[0] - 1) / 100


def test_the_last_epoch_leaves_no_time(clock, told):
    logger = ProgressLogger(epochs=3, steps=4)
    logger.on_train_begin()
    for epoch in range(3):
        logger.on_epoch_begin(epoch)
        clock[0] += 1
        logger.on_epoch_end(epoch, {"loss": 1.0})
    assert [(p["steps_per_second"], p["seconds_left"]) for p in told()] == [(4, 2), (4, 1), (4, 0)]


def test_no_time_and_no_loss_are_no_error(clock, told):
    logger = ProgressLogger(epochs=1, steps=1)
    logger.on_train_begin()
    logger.on_epoch_begin(0)
    logger.on_epoch_end(0)
    assert math.isnan(told()[0]["loss"])
    assert math.isfinite(told()[0]["steps_per_second"])


def test_speed_after_an_interruption_is_that_of_this_run(clock, told):
    logger = ProgressLogger(epochs=20, steps=10)
    logger.on_train_begin()
    logger.on_epoch_begin(15)
    clock[0] += 1
    logger.on_epoch_end(15, {"loss": 1.0})
    assert told()[0]["steps_per_second"] == 10
