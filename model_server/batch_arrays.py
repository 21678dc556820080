"""The arrays of several requests made one batch, and the batch's answer cut up again."""

from collections.abc import Mapping, Sequence

import numpy as np

from model_server.status import Code, StatusError, invalid

Feeds = Mapping[str, np.ndarray]


def size_of(feeds: Feeds) -> int:
    """Returns the number of rows of a request.

    Args:
        feeds: Its arrays.

    Raises:
        StatusError: It has none, or its arrays differ.
    """
    if not feeds:
        raise invalid("Batching Run() must have at least one input tensor")
    sizes = set()
    for value in feeds.values():
        if value.ndim == 0:
            raise invalid("Batching Run() input tensors must have at least one dimension")
        sizes.add(len(value))
    if len(sizes) > 1:
        raise invalid("Batching Run() input tensors must have equal 0th-dimension size")
    return sizes.pop()


def merge(requests: Sequence[Feeds], padding: int, pads_lengths: bool) -> dict[str, np.ndarray]:
    """Puts the rows of all requests one after the other.

    Args:
        requests: The arrays of each.
        padding: Rows to add at the end; they repeat a real row, which the graph can bear.
        pads_lengths: Whether rows of different shapes are filled up.

    Returns:
        The arrays of the batch.

    Raises:
        StatusError: They cannot be joined.
    """
    if len(requests) == 1 and not padding:
        return dict(requests[0])
    return {
        name: _joined(name, [feeds[name] for feeds in requests], padding, pads_lengths)
        for name in requests[0]
    }


def _joined(name: str, arrays: list[np.ndarray], padding: int, pads_lengths: bool) -> np.ndarray:
    if any(array.shape[1:] != arrays[0].shape[1:] for array in arrays):
        if not pads_lengths or any(array.ndim != arrays[0].ndim for array in arrays):
            raise StatusError(
                Code.FAILED_PRECONDITION,
                f"Tensors with name '{name}' from different tasks have different shapes and "
                "padding is turned off.Set pad_variable_length_inputs to true, or ensure that all "
                "tensors with the same namehave equal dimensions starting with the first dim.",
            )
        arrays = _same_length(arrays)
    if padding:
        row = next(array[:1] for array in reversed(arrays) if len(array))
        arrays = [*arrays, np.repeat(row, padding, axis=0)]
    return np.concatenate(arrays)


def _same_length(arrays: list[np.ndarray]) -> list[np.ndarray]:
    shape = [max(sizes) for sizes in zip(*(array.shape[1:] for array in arrays), strict=True)]
    return [_filled(array, shape) for array in arrays]


def _filled(array: np.ndarray, shape: list[int]) -> np.ndarray:
    """Fills up behind the values of each row, with the first value there is."""
    if list(array.shape[1:]) == shape:
        return array
    if not array.size:
        raise invalid("Got empty tensor in batch of non-empty tensors.")
    filled = np.empty((len(array), *shape), array.dtype)
    filled.fill(array.reshape(-1)[0])  # np.full drops zeros at the end of bytes
    filled[tuple(slice(size) for size in array.shape)] = array
    return filled


def split(
    values: Sequence[np.ndarray], sizes: Sequence[int], padding: int
) -> list[list[np.ndarray]]:
    """Cuts what a batch answered.

    Args:
        values: The outputs of the batch.
        sizes: The rows of each request.
        padding: The rows that nobody asked for.

    Returns:
        The outputs of each request.

    Raises:
        StatusError: An output has not one row for each of the inputs'.
    """
    total = sum(sizes) + padding
    for value in values:
        if value.ndim == 0:
            raise StatusError(Code.FAILED_PRECONDITION, "Batched output tensor has 0 dimensions")
        if len(value) != total:
            raise StatusError(
                Code.FAILED_PRECONDITION,
                "Batched output tensor's 0th dimension does not equal the sum of the 0th dimension "
                "sizes of the input tensors",
            )
    parts = []
    start = 0
    for size in sizes:
        parts.append([value[start : start + size] for value in values])
        start += size
    return parts
