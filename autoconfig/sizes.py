"""What depends on how many rows there are: split, network and training."""

import math
from typing import NamedTuple

from usecase.config import DataGate, Network, Split, Training
from usecase.errors import DataError

LEAST_ROWS = 50  # of which three splits can be made, if only just
FEW_ROWS = 2_000
SMALL_ROWS = 20_000
MANY_ROWS = 200_000
# A hash decides row by row, so that no split is as large as it should be.
PART_OF_EXPECTED = 0.7
DEVIATIONS = 4.0


class Sizes(NamedTuple):
    """The sections of a configuration that fit a number of rows.

    Attributes:
        split: The hash buckets.
        network: The network.
        training: Its training.
        min_rows: Fewest rows of the train split.
        test_rows: Rows of the test split to be expected.
    """

    split: Split
    network: Network
    training: Training
    min_rows: int
    test_rows: int


def sizes_for(rows: int) -> Sizes:
    """Returns what fits a number of rows.

    Few rows: more of them for eval and test, which would tell nothing else; small steps, more
    epochs and more patience, since an epoch is short and its eval loss is noisy.

    Raises:
        DataError: If there are too few to train on some and judge by others.
    """
    if rows < LEAST_ROWS:
        raise DataError(
            f"there are {rows:,} rows of data: too few",
            expected=f"{LEAST_ROWS} rows at least, to train on, to stop by and to judge by",
        )
    split, network, training = Split(), Network(), Training()
    if rows < FEW_ROWS:
        split, network = Split(train=6, eval=2, test=2), Network(hidden_units=(32, 16))
        training = Training(
            batch_size=16, max_epochs=100, early_stopping_patience=10, reduce_lr_patience=5
        )
    elif rows < SMALL_ROWS:
        training = Training(
            batch_size=64, max_epochs=60, early_stopping_patience=6, reduce_lr_patience=3
        )
    elif rows >= MANY_ROWS:
        training = Training(batch_size=1024)
    buckets = split.train + split.eval + split.test
    share = split.train / buckets
    chance = DEVIATIONS * math.sqrt(rows * share * (1.0 - share))
    expected = int(min(rows * share * PART_OF_EXPECTED, rows * share - chance))
    least = min(DataGate().min_rows, expected)
    return Sizes(split, network, training, least, max(1, rows * split.test // buckets))
