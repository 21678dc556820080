"""The servers' model config file: one model's entry in it is written, all else is kept."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from serving.errors import ServingError
from serving.releases import files
from serving.releases.plan import Entry

PLATFORM = "tensorflow"
HEADER = """\
# Written by `python -m serving`. Of a model with a release.json beside its versions, that is the
# truth: base_path, versions and labels follow it. Other models and other fields are kept; comments
# are not.
"""


class NotInstalledError(ServingError):
    """What reads and writes the file is not installed here."""


def read(path: Path, model: str) -> Entry | None:
    """Returns what the file says of a model; None where it, or the file, is not there.

    Args:
        path: The config file.
        model: The model's name.

    Raises:
        ServingError: If the file cannot be read or understood.
    """
    found = _find(parsed(path), model, path)
    if found is None:
        return None
    versions = sorted(set(found.model_version_policy.specific.versions))
    return Entry(found.base_path, tuple(versions), dict(sorted(found.version_labels.items())))


def write(path: Path, model: str, entry: Entry) -> bool:
    """Makes the file say of a model what an entry says.

    Args:
        path: The config file; it is created, its folder is not.
        model: The model's name.
        entry: What to say.

    Returns:
        Whether it did not say so before.

    Raises:
        ServingError: If the file cannot be understood or written; it is as it was.
    """

    def fill(config: Any, found: Any | None) -> None:
        _fill(config.model_config_list.config.add() if found is None else found, model, entry)

    return change(path, model, fill)


def remembered(path: Path, model: str) -> bytes | None:
    """Returns all that the file says of a model, for `restore`; None if nothing.

    Args:
        path: The config file.
        model: The model's name.

    Raises:
        ServingError: As of `read`.
    """
    found = _find(parsed(path), model, path)
    return None if found is None else bytes(found.SerializeToString())


def restore(path: Path, model: str, told: bytes | None) -> bool:
    """Makes the file say of a model what it said before.

    Args:
        path: The config file.
        model: The model's name.
        told: What `remembered` returned.

    Returns:
        Whether it did not say so.

    Raises:
        ServingError: As of `write`.
    """

    def put_back(config: Any, found: Any | None) -> None:
        entries = config.model_config_list.config
        if told is None and found is not None:
            entries.remove(found)
        elif told is not None:
            (entries.add() if found is None else found).ParseFromString(told)

    return change(path, model, put_back)


def change(path: Path, model: str, edit: Callable[[Any, Any | None], None]) -> bool:
    """Changes the file as a whole, while nobody else does.

    Args:
        path: The config file; it is created, its folder is not.
        model: A model's name.
        edit: Takes the ModelServerConfig and in it the model's ModelConfig, None where there is
            none, and changes them.

    Returns:
        Whether that changed anything.

    Raises:
        ServingError: If the file cannot be understood or written; it is as it was.
    """
    path = path.resolve()
    with files.locked(path.with_name(f"{path.name}.lock")):  # models may share the file
        config = parsed(path)
        before = config.SerializeToString(deterministic=True)
        edit(config, _find(config, model, path))
        if config.SerializeToString(deterministic=True) == before:
            return False
        files.replace(path, HEADER + _text(config))
    return True


def parsed(path: Path) -> Any:
    """Returns the ModelServerConfig of a file; an empty one where there is none.

    Args:
        path: The config file.

    Raises:
        ServingError: If the file cannot be read or understood.
    """
    text_format, config = _protobuf()
    try:
        text_format.Parse(path.read_text(encoding="utf-8"), config)
    except FileNotFoundError:
        return config
    except OSError as error:
        raise ServingError(
            f"{path} cannot be read: {error.strerror}",
            expected="the servers' model config file",
            fix="check the path and who may read it",
        ) from error
    except (text_format.ParseError, UnicodeDecodeError) as error:
        raise _unfit(path, str(error)) from error
    if config.WhichOneof("config") == "custom_model_config":
        raise _unfit(path, "it has a custom_model_config")
    return config


def _fill(found: Any, model: str, entry: Entry) -> None:
    try:
        found.name, found.base_path = model, entry.base_path
    except ValueError as error:
        raise ServingError(
            f"a server cannot be told of {model!r} in {entry.base_path!r}: {error}",
            expected="a name and a path in Unicode",
            fix="rename the folder",
        ) from error
    if not found.model_platform and not found.model_type:
        found.model_platform = PLATFORM
    found.model_version_policy.Clear()
    found.model_version_policy.specific.versions.extend(entry.versions)
    found.version_labels.clear()
    for label, version in entry.labels.items():
        found.version_labels[label] = version


def _find(config: Any, model: str, path: Path) -> Any | None:
    found = [each for each in config.model_config_list.config if each.name == model]
    if len(found) > 1:
        raise _unfit(path, f'model "{model}" is in it {len(found)} times')
    return found[0] if found else None


def _unfit(path: Path, reason: str) -> ServingError:
    return ServingError(
        f"{path} cannot be used: {reason}",
        expected="a ModelServerConfig with a model_config_list, in text format",
        fix="correct it, or remove it where no other model is in it: it is written anew",
    )


def _text(config: Any) -> str:
    text_format, _ = _protobuf()
    return str(text_format.MessageToString(config, as_utf8=False))


def _protobuf() -> tuple[Any, Any]:
    """Returns what reads text format, and an empty ModelServerConfig; both without TensorFlow."""
    try:
        from google.protobuf import text_format
        from tensorflow_serving.config import model_server_config_pb2
    except ImportError as error:
        raise NotInstalledError(
            "the servers' config file cannot be used here: tensorflow-serving-api is missing",
            expected="it and protobuf, which a change of a release needs",
            fix="pip install tensorflow-serving-api, or run this where the pipeline runs",
        ) from error
    return text_format, model_server_config_pb2.ModelServerConfig()
