"""What the data gate needs of a use case."""

from usecase.config import DataGate, Section
from usecase.features import Declaration


class DataGateSettings(Section):
    """The declaration and the thresholds of the data gate."""

    declaration: Declaration
    thresholds: DataGate
