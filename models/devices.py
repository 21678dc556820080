"""What this machine has besides its CPU: a TPU, GPUs."""

import contextlib
import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

DEV = Path("/dev")


class Gpu(NamedTuple):
    """One GPU.

    Attributes:
        device: TensorFlow's name of it, as in "GPU:0".
        name: The maker's name.
        capability: NVIDIA's compute capability, (major, minor); None where there is none.
    """

    device: str
    name: str
    capability: tuple[int, int] | None


class Devices(NamedTuple):
    """What this machine has besides its CPU.

    Attributes:
        tpu: Name or address of a TPU, "local" for one in this machine; None without.
        gpus: The GPUs that TensorFlow can use.
    """

    tpu: str | None = None
    gpus: tuple[Gpu, ...] = ()


def find_devices(environ: Mapping[str, str]) -> Devices:
    """Asks TensorFlow, and has it take a GPU's memory as it needs it, not all of it at once."""
    import tensorflow as tf

    gpus = []
    for place, gpu in enumerate(tf.config.list_physical_devices("GPU")):
        # Too late where the GPU is in use already; TF_FORCE_GPU_ALLOW_GROWTH never is.
        with contextlib.suppress(RuntimeError, ValueError):
            tf.config.experimental.set_memory_growth(gpu, True)
        details = tf.config.experimental.get_device_details(gpu)
        name = details.get("device_name", "of unknown make")
        gpus.append(Gpu(f"GPU:{place}", name, details.get("compute_capability")))
    return Devices(find_tpu(environ), tuple(gpus))


def find_tpu(environ: Mapping[str, str], dev: Path = DEV) -> str | None:
    """Returns the name or address of a TPU, "local" for one in this machine, None for none."""
    return environ.get("TPU_NAME") or ("local" if (dev / "accel0").exists() else None)


def count_gpus(environ: Mapping[str, str], dev: Path = DEV) -> int:
    """Counts NVIDIA's GPUs without TensorFlow, as CUDA does under CUDA_VISIBLE_DEVICES.

    What follows the first entry that names no GPU is not seen.
    """
    there = sum(1 for path in dev.glob("nvidia[0-9]*") if path.name[6:].isdecimal())
    chosen = environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is None or not there:
        return there

    def names_a_gpu(entry: str) -> bool:
        if entry.isdecimal():
            return int(entry) < there
        return entry.startswith(("GPU-", "MIG-"))

    entries = (entry.strip() for entry in chosen.split(","))
    return len(list(itertools.takewhile(names_a_gpu, entries)))
