"""What the name of a column says of it."""

import re

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_IDS = frozenset({"id", "ids", "uuid", "guid", "key", "idx", "index", "unnamed"})
_CODES = frozenset(
    (
        *("code", "zip", "zipcode", "postcode", "postal", "type", "class", "category", "group"),
        *("area", "tract", "zone", "region", "district"),
    )
)
_MOMENTS = frozenset(
    ("time", "timestamp", "date", "datetime", "ts", "at", "epoch", "created", "updated")
)


def means_id(name: str) -> bool:
    """Returns whether it says that values are ids, as customer_id does."""
    return not name.strip() or bool(_words(name) & _IDS)


def means_code(name: str) -> bool:
    """Returns whether it says that integers are codes, whose order means nothing."""
    return bool(_words(name) & (_IDS | _CODES))


def means_moment(name: str) -> bool:
    """Returns whether it says that integers are moments."""
    return bool(_words(name) & _MOMENTS)


def _words(name: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(name)}
