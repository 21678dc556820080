"""Whether a container image is always the same one."""

import re

DIGEST = re.compile(r"[a-z0-9]+(?:[+._-][a-z0-9]+)*:[0-9a-fA-F]{32,}")
TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
MOVING = "latest"
HOW_TO_PIN = "name a tag other than latest, or a digest"


def is_pinned(image: str) -> bool:
    """Returns whether an image has a digest, or a tag other than `latest`.

    A port of the registry is no tag: `host:5000/image` has none.

    Args:
        image: A reference, `[HOST[:PORT]/]PATH[:TAG][@DIGEST]`.
    """
    name, at, digest = image.partition("@")
    if at:
        return bool(name) and DIGEST.fullmatch(digest) is not None
    path, colon, tag = name.rpartition("/")[2].partition(":")
    return bool(path and colon) and TAG.fullmatch(tag) is not None and tag != MOVING


def why_not_pinned(image: str) -> str | None:
    """Returns what is wrong with an image that is not pinned; None if it is."""
    return None if is_pinned(image) else f'the image "{image}" may be another one tomorrow'
