"""The code that trains, as a digest: weights of other code are those of another network."""

import hashlib
from pathlib import Path

import keras
import tensorflow as tf

PACKAGE = Path(__file__).parent


def code_digest(package: Path) -> str:
    """Returns a digest of a package and of the libraries that it trains with.

    What a use case's own functions compute is in the rows, not in the network.

    Args:
        package: Its folder.
    """
    result = hashlib.sha256(f"keras {keras.__version__} tensorflow {tf.__version__}\n".encode())
    for path in sorted(package.glob("*.py")):
        content = path.read_bytes()
        result.update(f"{path.name} {len(content)}\n".encode() + content)
    return result.hexdigest()


# Of the code as it is loaded: a file that is edited later has no part in what is trained here.
LOADED_CODE = code_digest(PACKAGE)
