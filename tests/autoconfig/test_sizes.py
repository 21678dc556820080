import pytest

from autoconfig.sizes import LEAST_ROWS, sizes_for
from usecase.config import Network, Split, Training
from usecase.errors import DataError


def test_too_few_rows_are_refused():
    with pytest.raises(DataError, match="49 rows"):
        sizes_for(LEAST_ROWS - 1)


@pytest.mark.parametrize("rows", [50, 178, 200, 442, 1999])
def test_few_rows_are_split_more_evenly_and_trained_on_longer(rows):
    sizes = sizes_for(rows)
    assert sizes.split == Split(train=6, eval=2, test=2)
    assert (sizes.training.batch_size, sizes.training.max_epochs) == (16, 100)
    assert sizes.min_rows < rows * 0.6
    assert sizes.test_rows == rows // 5


@pytest.mark.parametrize("rows", [50, 60, 100, 200, 300])
def test_a_split_that_is_small_by_chance_is_large_enough(rows):
    unlucky = rows * 0.6 - 3.9 * (rows * 0.6 * 0.4) ** 0.5
    assert sizes_for(rows).min_rows <= unlucky
    assert sizes_for(rows).min_rows >= rows / 4


def test_many_rows_are_as_usual_but_for_larger_batches():
    sizes = sizes_for(1_000_000)
    assert (sizes.split, sizes.network) == (Split(), Network())
    assert sizes.training == Training(batch_size=1024)
    assert sizes.min_rows == 100


def test_batches_grow_with_rows():
    batches = [sizes_for(rows).training.batch_size for rows in (100, 5_000, 50_000, 10**6)]
    assert batches == [16, 64, 256, 1024]
