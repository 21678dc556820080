"""What the data gate needs of a use case."""

from usecase.config import DataGate
from usecase.declaration import Declaration
from usecase.section import Section


class DataGateSettings(Section):
    """The declaration and the thresholds of the data gate."""

    declaration: Declaration
    thresholds: DataGate
