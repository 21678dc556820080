"""What a configuration uses each column of the schema for."""

from usecase.config import UseCase
from usecase.declaration import Declaration
from usecase.roles import Crossed

NOT_USED = "not used"


def uses(use_case: UseCase, declaration: Declaration) -> dict[str, tuple[str, ...]]:
    """Returns the roles of each column that has one, in words."""
    found: dict[str, list[str]] = {}
    label = declaration.label
    for column in label.columns:
        text = f'in label "{label.name}"' if label.function else "label"
        found.setdefault(column.name, []).append(text)
    for feature in declaration.features:
        role = feature.declared.role
        text = f'{role} in "{feature.name}"' if feature.function else role
        for column in feature.columns:
            found.setdefault(column.name, []).append(text)
        if isinstance(feature.declared, Crossed):
            for part in feature.declared.features:
                found.setdefault(part, []).append("crossed")
    for column_name in use_case.evaluation.slices:
        found.setdefault(column_name, []).append("slices")
    return {name: tuple(dict.fromkeys(texts)) for name, texts in found.items()}
