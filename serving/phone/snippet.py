"""Code that runs a model in an app, written from the model's own metadata."""

import re
from collections.abc import Callable, Mapping

from serving.contract import Metadata
from serving.phone import kotlin, swift

LANGUAGES: Mapping[str, Callable[[Metadata, str, str], str]] = {
    "kotlin": kotlin.write,
    "swift": swift.write,
}


def write(language: str, metadata: Metadata, file_name: str) -> str:
    """Returns one source file: a row type, an answer type, and a class that predicts rows.

    Args:
        language: "kotlin" or "swift".
        metadata: Of the model.
        file_name: The model's file, as the comment on top calls it.
    """
    return LANGUAGES[language](metadata, file_name, type_name(metadata.model))


def type_name(model: str) -> str:
    """Returns a use case's name as the beginning of a type's name: `Taxi` of `taxi`."""
    words = re.findall("[A-Za-z0-9]+", model)
    name = "".join(word[0].upper() + word[1:] for word in words)
    return name if name[:1].isalpha() else f"Model{name}"
