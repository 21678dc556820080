"""What came of a run's destinations, in words."""

from collections.abc import Sequence

from orchestration.results import Destination, Release

NO_BLESSING = "the Pusher found no blessing"
SERVING = "serving"  # the one destination that releases are made of


def failed(error: str, places: Sequence[Destination]) -> str:
    """Returns the first line of an error, and what was pushed all the same."""
    pushed = [f"; {place.name}: version {place.version} pushed" for place in places if place.pushed]
    return error.splitlines()[0] + "".join(pushed)


def partly(places: Sequence[Destination], release: Release | None = None) -> str:
    """Returns what was pushed where, and what was refused, where one got the model, one did not.

    Args:
        places: The destinations, "serving" first.
        release: The release as it is now; None if there is none.
    """
    got = [
        f"{place.name}: version {place.version}{'' if place.pushed else ' already'}"
        + (_stable(place, release) if place.name == SERVING else "")
        for place in places
        if not place.refused
    ]
    return "; ".join([*got, refused(places)])


def refused(places: Sequence[Destination]) -> str:
    """Returns why each of the destinations that were refused was."""
    return "; ".join(f"{place.name} refused: {place.refused}" for place in places if place.refused)


def everywhere(
    places: Sequence[Destination], release: Release | None = None, *, promoted: bool = False
) -> str:
    """Returns which version is where, once every destination has the model.

    Args:
        places: The destinations that were asked for, "serving" first.
        release: The release as it is now; None if there is none.
        promoted: Whether this run made its version the stable one.
    """
    serving, *others = places
    if serving.name != SERVING:
        return _not_served(serving)
    if not any(place.pushed for place in places):
        return _very_model(places) + (
            f"; {serving.version} is stable now" if promoted else _stable(serving, release)
        )
    is_new = serving.pushed or promoted
    waits = release is not None and release.stable != serving.version
    when = "" if waits else f" {_when(is_new)}"
    text = f"version {serving.version} {_does(serving, release)}{when}"
    for place in others:
        when = "" if place.pushed == is_new else f" {_when(place.pushed)}"
        text += f", and {_other_version(place, serving)}is on {place.name}{when}"
    return text + _stable(serving, release)


def nothing_changed(places: Sequence[Destination], release: Release | None = None) -> str:
    """Returns the same of a run in which nothing had to be executed."""
    serving, *others = places
    text = f"nothing changed, version {serving.version} {_does(serving, release)}"
    text += "".join(f", and {_other_version(place, serving)}is on {place.name}" for place in others)
    return text + _stable(serving, release)


def stopped(end: str) -> str:
    """Returns where a run ended that was asked for a part of the pipeline."""
    return f"{end}: nothing was pushed"


def _not_served(place: Destination) -> str:
    """Returns which version is where, of a run that was asked for this destination alone."""
    if place.pushed:
        return f"version {place.version} is on {place.name} now"
    return f"version {place.version} on {place.name} is this very model"


def _very_model(places: Sequence[Destination]) -> str:
    serving, *others = places
    if any(place.version != serving.version for place in others):
        each = " and ".join(f"{place.version} ({place.name})" for place in places)
        return f"versions {each} are this very model"
    also = "".join(f", on {place.name} too" for place in others)
    return f"version {serving.version} is this very model{also}"


def _does(serving: Destination, release: Release | None) -> str:
    """Returns what becomes of the newest version."""
    if release is None:
        return "serves"
    if release.stable == serving.version:
        return "is stable"
    is_canary = release.canary is not None and release.canary.version == serving.version
    return "is the canary" if is_canary else "waits"


def _stable(serving: Destination, release: Release | None) -> str:
    """Returns which version is stable, where it is not the newest."""
    if release is None or release.stable == serving.version:
        return ""
    return f"; stable is {release.stable}"


def _when(is_new: bool) -> str:
    return "now" if is_new else "already"


def _other_version(place: Destination, serving: Destination) -> str:
    return "" if place.version == serving.version else f"version {place.version} "
