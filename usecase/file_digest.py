"""What is in a file, as a digest."""

import hashlib
from pathlib import Path

BLOCK_BYTES = 1 << 20


def sha256_of(path: str | Path) -> str:
    """Returns the SHA-256 of a file in hex digits; it need not fit into memory.

    Raises:
        OSError: If it cannot be read.
    """
    result = hashlib.sha256()
    with Path(path).open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            result.update(block)
    return result.hexdigest()
