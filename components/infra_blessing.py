"""The standard InfraBlessing, as InfraValidator marks it and the Pusher reads it."""

from pathlib import Path

from tfx.types.standard_artifacts import InfraBlessing

BLESSED_PROPERTY = "blessed"
HAS_MODEL_PROPERTY = "has_model"
BLESSED_FILE = "INFRA_BLESSED"
NOT_BLESSED_FILE = "INFRA_NOT_BLESSED"


def bless(blessing: InfraBlessing) -> None:
    """Lets the model pass that the blessing carries under `stamped_model_path`."""
    _mark(blessing, BLESSED_FILE, 1)
    blessing.set_int_custom_property(HAS_MODEL_PROPERTY, 1)


def refuse(blessing: InfraBlessing) -> None:
    """Lets no model pass."""
    _mark(blessing, NOT_BLESSED_FILE, 0)


def _mark(blessing: InfraBlessing, name: str, value: int) -> None:
    Path(blessing.uri).mkdir(parents=True, exist_ok=True)
    (Path(blessing.uri) / name).touch()
    blessing.set_int_custom_property(BLESSED_PROPERTY, value)
