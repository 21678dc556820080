"""What a Trainer runs on, TPU, several workers, GPUs or CPU, and the precision that fits.

TensorFlow is imported inside functions: `visible` answers without it.
"""

import contextlib
import logging
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from models.cluster import Cluster, read_cluster
from models.devices import Devices, Gpu, count_gpus, find_devices, find_tpu
from usecase.errors import UserError, did_you_mean

if TYPE_CHECKING:
    import tensorflow as tf

LOGGER = logging.getLogger(__name__)
Kind = Literal["tpu", "multi_worker", "multi_gpu", "gpu", "cpu"]

POLICIES = ("float32", "mixed_bfloat16", "mixed_float16")
TENSOR_CORES = (7, 0)  # compute capability from which float16 pays
BFLOAT16_CORES = (8, 0)  # and bfloat16

# One strategy a process: each numbers its collectives anew, and TensorFlow mixes up equal numbers.
_JOINED: dict[str, "tf.distribute.Strategy"] = {}


class Accelerator(NamedTuple):
    """What to train on.

    Attributes:
        kind: The hardware.
        strategy: Models are built and compiled in its scope; TensorFlow's default one for "gpu"
            and "cpu".
        policy: Keras' dtype policy for training; variables are float32 under each.
        is_chief: Whether this process writes the model, checkpoints and logs.
        description: For people.
    """

    kind: Kind
    strategy: "tf.distribute.Strategy"
    policy: str
    is_chief: bool
    description: str

    @property
    def replicas(self) -> int:
        """The number of copies of the model that train together, over all workers."""
        return int(self.strategy.num_replicas_in_sync)

    def global_batch(self, batch_size: int) -> int:
        """Returns the rows of one step, where each replica takes `batch_size` of them."""
        return batch_size * self.replicas

    @contextlib.contextmanager
    def scope(self) -> Iterator[None]:
        """In it, models are built and compiled: on every replica, with the policy."""
        import keras

        before = keras.config.dtype_policy()
        keras.config.set_dtype_policy(self.policy)
        try:
            with self.strategy.scope():
                yield
        finally:
            keras.config.set_dtype_policy(before)


def pick(
    precision: str = "auto",
    *,
    environ: Mapping[str, str] = os.environ,
    devices: Devices | None = None,
) -> Accelerator:
    """Picks what is there: a TPU, else the workers of TF_CONFIG, else all GPUs, else the CPU.

    With several workers it has to come before anything else that TensorFlow does in the process.

    Args:
        precision: One of `POLICIES`, or "auto" for what the hardware computes fastest.
        environ: Where TF_CONFIG and TPU_NAME are looked up.
        devices: What there is; looked up if None.

    Raises:
        UserError: If TF_CONFIG is faulty, the precision is unknown or does not work on the
            hardware, a TPU cannot be reached, or several workers are joined too late.
    """
    cluster = read_cluster(environ.get("TF_CONFIG"))
    if precision not in ("auto", *POLICIES):
        raise UserError(
            f'unknown precision "{precision}"',
            expected="one of " + ", ".join(("auto", *POLICIES)),
            fix=did_you_mean(precision, ("auto", *POLICIES)),
        )
    if devices is None:
        devices = find_devices(environ)
    kind = _kind(devices, cluster)
    policy = policy_for(precision, kind, devices.gpus)
    strategy = _strategy(kind, devices, cluster)
    is_chief = kind != "multi_worker" or cluster is None or cluster.is_chief
    return Accelerator(
        kind, strategy, policy, is_chief, _describe(kind, devices, cluster, strategy)
    )


def visible(environ: Mapping[str, str] = os.environ, dev: Path = Path("/dev")) -> str:
    """Says without TensorFlow what `pick` will find: "tpu", "2 workers", "2 gpus", "gpu", "cpu".

    It looks for devices only; TensorFlow can use a GPU if the CUDA libraries are there as well.

    Args:
        environ: Where TF_CONFIG, TPU_NAME and CUDA_VISIBLE_DEVICES are looked up.
        dev: The folder of device files.

    Raises:
        UserError: If TF_CONFIG is faulty.
    """
    cluster = read_cluster(environ.get("TF_CONFIG"))
    if find_tpu(environ, dev) is not None:
        return "tpu"
    if cluster is not None and cluster.size > 1:
        return f"{cluster.size} workers"
    gpus = count_gpus(environ, dev)
    return ("cpu", "gpu")[gpus] if gpus <= 1 else f"{gpus} gpus"


def policy_for(precision: str, kind: Kind, gpus: tuple[Gpu, ...]) -> str:
    """Returns Keras' dtype policy: the configured one, or the one that fits the hardware.

    Raises:
        UserError: If the configured one does not work there.
    """
    if precision == "mixed_float16" and kind == "tpu":
        raise UserError(
            "training.precision is mixed_float16, and a TPU does not compute in float16",
            expected="auto, mixed_bfloat16 or float32",
            fix="training: {precision: auto}",
        )
    if precision != "auto":
        return precision
    if kind == "tpu":
        return "mixed_bfloat16"
    weakest = min((gpu.capability or (0, 0) for gpu in gpus), default=(0, 0))
    if weakest >= BFLOAT16_CORES:
        return "mixed_bfloat16"
    return "mixed_float16" if weakest >= TENSOR_CORES else "float32"


def _kind(devices: Devices, cluster: Cluster | None) -> Kind:
    if devices.tpu is not None:
        return "tpu"
    if cluster is not None and cluster.size > 1:
        return "multi_worker"
    if len(devices.gpus) > 1:
        return "multi_gpu"
    return "gpu" if devices.gpus else "cpu"


def _strategy(kind: Kind, devices: Devices, cluster: Cluster | None) -> "tf.distribute.Strategy":
    import tensorflow as tf

    if kind in ("gpu", "cpu"):
        return tf.distribute.get_strategy()
    key = repr((devices, cluster))
    if key not in _JOINED:
        if kind == "tpu":
            _JOINED[key] = _tpu_strategy(str(devices.tpu))
        elif kind == "multi_worker" and cluster is not None:
            _JOINED[key] = _multi_worker_strategy(cluster)
        else:
            _JOINED[key] = tf.distribute.MirroredStrategy([gpu.device for gpu in devices.gpus])
    return _JOINED[key]


def _tpu_strategy(name: str) -> "tf.distribute.Strategy":
    import tensorflow as tf

    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver(name)
        tf.config.experimental_connect_to_cluster(resolver)
        tf.tpu.experimental.initialize_tpu_system(resolver)
        return tf.distribute.TPUStrategy(resolver)
    except (ValueError, RuntimeError, tf.errors.OpError) as error:
        raise UserError(
            f'TPU "{name}" cannot be reached: {str(error).splitlines()[0]}',
            expected='the name or address of a TPU in TPU_NAME, "local" for one in this machine',
            fix="mend TPU_NAME, or unset it to train without a TPU",
        ) from error


def _multi_worker_strategy(cluster: Cluster) -> "tf.distribute.Strategy":
    import tensorflow as tf

    resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
        tf.train.ClusterSpec(cluster.jobs), task_type=cluster.job, task_id=cluster.task
    )
    LOGGER.info("%s %d waits for the other workers", cluster.job, cluster.task)
    try:
        return tf.distribute.MultiWorkerMirroredStrategy(resolver)
    except (RuntimeError, tf.errors.OpError) as error:
        raise UserError(
            f"the workers of TF_CONFIG cannot be joined: {error}",
            expected="a process in which TensorFlow has done nothing yet, with its port free",
            fix="run each worker's Trainer in a process of its own, or unset TF_CONFIG",
        ) from error


def _describe(
    kind: Kind, devices: Devices, cluster: Cluster | None, strategy: "tf.distribute.Strategy"
) -> str:
    if kind == "tpu":
        return f"TPU, {strategy.num_replicas_in_sync} cores"
    count, names = len(devices.gpus), ", ".join(dict.fromkeys(gpu.name for gpu in devices.gpus))
    here = f"{count} GPU{'s' if count > 1 else ''} ({names})" if count else "cpu"
    if kind == "multi_worker" and cluster is not None:
        return f"{cluster.size} workers, this one on {here}"
    return here
