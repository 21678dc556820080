"""The code that trains, as a digest: weights of other code are those of another network."""

import hashlib
from pathlib import Path

import keras
import tensorflow as tf

PACKAGE = Path(__file__).parent


def code_digest() -> str:
    """Returns a digest of this package and of the libraries that it trains with.

    What a use case's own functions compute is in the rows, not in the network.
    """
    result = hashlib.sha256(f"keras {keras.__version__} tensorflow {tf.__version__}\n".encode())
    for path in sorted(PACKAGE.glob("*.py")):
        content = path.read_bytes()
        result.update(f"{path.name} {len(content)}\n".encode() + content)
    return result.hexdigest()
