"""What came of a run's destinations, in words."""

from collections.abc import Sequence

from orchestration.results import Destination

NO_BLESSING = "the Pusher found no blessing"


def failed(error: str, places: Sequence[Destination]) -> str:
    """Returns the first line of an error, and what was pushed all the same."""
    pushed = [f"; {place.name}: version {place.version} pushed" for place in places if place.pushed]
    return error.splitlines()[0] + "".join(pushed)


def partly(places: Sequence[Destination]) -> str:
    """Returns what was pushed where, and what was refused, where one got the model, one did not."""
    got = [
        f"{place.name}: version {place.version}{'' if place.pushed else ' already'}"
        for place in places
        if not place.refused
    ]
    return "; ".join([*got, refused(places)])


def refused(places: Sequence[Destination]) -> str:
    """Returns why each of the destinations that were refused was."""
    return "; ".join(f"{place.name} refused: {place.refused}" for place in places if place.refused)


def everywhere(places: Sequence[Destination]) -> str:
    """Returns which version is where, once every destination has the model.

    Args:
        places: The destinations, "serving" first.
    """
    serving, *others = places
    if not any(place.pushed for place in places):
        return _very_model(places)
    text = f"version {serving.version} serves {_when(serving)}"
    for place in others:
        when = "" if place.pushed == serving.pushed else f" {_when(place)}"
        text += f", and {_other_version(place, serving)}is on {place.name}{when}"
    return text


def nothing_changed(places: Sequence[Destination]) -> str:
    """Returns the same of a run in which nothing had to be executed."""
    serving, *others = places
    text = f"nothing changed, version {serving.version} serves"
    return text + "".join(
        f", and {_other_version(place, serving)}is on {place.name}" for place in others
    )


def _very_model(places: Sequence[Destination]) -> str:
    serving, *others = places
    if any(place.version != serving.version for place in others):
        each = " and ".join(f"{place.version} ({place.name})" for place in places)
        return f"versions {each} are this very model"
    also = "".join(f", on {place.name} too" for place in others)
    return f"version {serving.version} is this very model{also}"


def _when(place: Destination) -> str:
    return "now" if place.pushed else "already"


def _other_version(place: Destination, serving: Destination) -> str:
    return "" if place.version == serving.version else f"version {place.version} "
