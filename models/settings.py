"""What Trainer and Tuner need of a use case; imported by the graph, so free of TensorFlow."""

from usecase.config import Network, Training
from usecase.declaration import Declaration
from usecase.section import Section
from usecase.tuning import Tuning

HISTORY_FILE = "training.json"  # in the model_run artifact, beside the TensorBoard logs
LINEAR_FOLDER = "Format-Linear"  # beside TFX's own Format-Serving in the model artifact


class TrainerSettings(Section):
    """What the Trainer needs of a use case.

    Attributes:
        declaration: Features and label.
        network: The network's sizes.
        training: How it is trained.
        checkpoint_dir: Where checkpoints outlive a crash, so that the next run resumes there.
    """

    declaration: Declaration
    network: Network
    training: Training
    checkpoint_dir: str


class TunerSettings(Section):
    """What the Tuner needs of a use case.

    Attributes:
        declaration: Features and label.
        network: The network's sizes, where the search begins.
        training: How each trial is trained.
        tuning: The search.
    """

    declaration: Declaration
    network: Network
    training: Training
    tuning: Tuning
