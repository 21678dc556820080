"""What Trainer and Tuner need of a use case; imported by the graph, so free of TensorFlow."""

from usecase.config import Network, Training
from usecase.declaration import Declaration
from usecase.section import Section
from usecase.tuning import Tuning

HISTORY_FILE = "training.json"  # in the model_run artifact, beside the TensorBoard logs
# Beside TFX's own Format-Serving in the model artifact: the linear baseline, and the network alone.
LINEAR_FOLDER = "Format-Linear"
KERAS_FOLDER = "Format-Keras"
NETWORK_FILE = "network.keras"


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


class ExportRequest(Section):
    """What the export for phones needs.

    Attributes:
        name: The use case.
        declaration: Features and label.
        model: Folder of the Trainer's model artifact.
        transform_graph: Folder of Transform's graph artifact.
        saved_model_sha256: Digest of the model that is served.
        folder: Where the files go.
    """

    name: str
    declaration: Declaration
    model: str
    transform_graph: str
    saved_model_sha256: str
    folder: str
