"""The messages of the config files that tensorflow-serving-api does not ship, made as it would."""

from pathlib import Path
from typing import Any

from google.protobuf import (
    descriptor_pb2,
    descriptor_pool,
    message_factory,
    text_format,
    wrappers_pb2,
)

from model_server.status import Code, StatusError

_PACKAGE = "tensorflow.serving"
_Field = descriptor_pb2.FieldDescriptorProto
_WRAPPED = {"Int64Value", "StringValue", "BoolValue"}
_SCALARS = {
    "string": _Field.TYPE_STRING,
    "bool": _Field.TYPE_BOOL,
    "int64": _Field.TYPE_INT64,
}

# Each field: name, type; "repeated " before the type where it is. Text format asks for no numbers.
_MESSAGES = {
    "BatchingParameters": (
        ("max_batch_size", "Int64Value"),
        ("batch_timeout_micros", "Int64Value"),
        ("max_enqueued_batches", "Int64Value"),
        ("num_batch_threads", "Int64Value"),
        ("thread_pool_name", "StringValue"),
        ("allowed_batch_sizes", "repeated int64"),
        ("pad_variable_length_inputs", "bool"),
        ("enable_large_batch_splitting", "BoolValue"),
        ("max_execution_batch_size", "Int64Value"),
    ),
    "PrometheusConfig": (("enable", "bool"), ("path", "string")),
    "MonitoringConfig": (("prometheus_config", "PrometheusConfig"),),
    "SSLConfig": (
        ("server_key", "string"),
        ("server_cert", "string"),
        ("custom_ca", "string"),
        ("client_verify", "bool"),
    ),
}


def _file() -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(
        name="model_server/config_protos.proto",
        package=_PACKAGE,
        syntax="proto3",
        dependency=[wrappers_pb2.DESCRIPTOR.name],
    )
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for number, (field_name, kind) in enumerate(fields, 1):
            _add_field(message, field_name, number, kind)
    return file


def _add_field(message: Any, name: str, number: int, kind: str) -> None:
    field = message.field.add(name=name, number=number, label=_Field.LABEL_OPTIONAL)
    if kind.startswith("repeated "):
        field.label = _Field.LABEL_REPEATED
        kind = kind.removeprefix("repeated ")
    if kind in _SCALARS:
        field.type = _SCALARS[kind]
    else:
        field.type = _Field.TYPE_MESSAGE
        package = "google.protobuf" if kind in _WRAPPED else _PACKAGE
        field.type_name = f".{package}.{kind}"


def _classes() -> dict[str, Any]:
    pool = descriptor_pool.DescriptorPool()  # its own: the real files may be loaded beside it
    wrappers = descriptor_pb2.FileDescriptorProto()
    wrappers_pb2.DESCRIPTOR.CopyToProto(wrappers)
    pool.AddSerializedFile(wrappers.SerializeToString())
    pool.AddSerializedFile(_file().SerializeToString())
    make = getattr(message_factory, "GetMessageClass", None)  # protobuf 4 and later
    if make is None:
        make = message_factory.MessageFactory(pool).GetPrototype
    return {name: make(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}")) for name in _MESSAGES}


_CLASSES = _classes()
BatchingParameters: Any = _CLASSES["BatchingParameters"]
MonitoringConfig: Any = _CLASSES["MonitoringConfig"]
SSLConfig: Any = _CLASSES["SSLConfig"]


def read(path: str, kind: Any) -> Any:
    """Reads a text-format file.

    Args:
        path: The file.
        kind: The class of the message, such as `BatchingParameters`.

    Returns:
        The message.

    Raises:
        StatusError: The file cannot be read, or is no message of that kind.
    """
    return parse(read_text(path), kind, path)


def parse(text: str, kind: Any, path: str) -> Any:
    """Parses text format as `read` does; `path` says in the error where the text is from."""
    try:
        return text_format.Parse(text, kind())
    except text_format.ParseError as error:
        raise StatusError(
            Code.INVALID_ARGUMENT,
            f"Error parsing text-format {kind.DESCRIPTOR.full_name}: {error}\n"
            f"Invalid protobuf file: '{path}'",
        ) from None


def read_text(path: str) -> str:
    """Reads a file of a config.

    Args:
        path: The file.

    Returns:
        What it says.

    Raises:
        StatusError: NOT_FOUND or another code, with the path.
    """
    try:
        return Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise StatusError(Code.NOT_FOUND, f"{path}; No such file or directory") from None
    except UnicodeDecodeError:
        raise StatusError(Code.INVALID_ARGUMENT, f"Invalid protobuf file: '{path}'") from None
    except OSError as error:
        raise StatusError(Code.UNKNOWN, f"{path}; {error.strerror}") from None
