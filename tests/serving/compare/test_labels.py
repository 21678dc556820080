"""The types that a server asks for in the columns of a computed label."""

import pytest

from serving.compare.labels import WRONG_TYPE

AT = "Name: <unknown>, Key: tips, Index: 0.  Data types don't match. "


@pytest.mark.parametrize(
    ("message", "column", "dtype"),
    [
        (f"{AT}Expected type: float, Actual type: string", "tips", "float"),
        (f"{AT}Data type: int64 but expected type: string", "tips", "string"),
        (f"{{{{function_node a}}}} {AT}Expected type: int64, Actual type: float\n\t [[b]]", "tips", "int64"),  # noqa: E501
        ("Key: a, b: c.  Data types don't match. Expected type: float, A", "a, b: c", "float"),
        ("Key: pick. up, Index: 12.  Data types don't match. Expected type: float", "pick. up", "float"),  # noqa: E501
    ],
)  # fmt: skip
def test_the_words_of_tensorflow(message, column, dtype):
    found = WRONG_TYPE.search(message)
    assert (found["column"], found["type"]) == (column, dtype)


@pytest.mark.parametrize(
    "message",
    [
        "Name: <unknown>, Key: tips, Index: 0.  Number of float values != expected.",
        "Expects arg[0] to be float but bool is provided",
        "",
    ],
)
def test_other_words(message):
    assert WRONG_TYPE.search(message) is None
