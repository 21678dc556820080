"""Everything that imports TFX, in one place, imported once and only by a run that executes."""

import gc
import os

# Read when a GPU is first used, which may be long before training: leave memory to others.
os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
# The garbage collector would walk some hundred thousand objects, all of them here to stay, over
# and over while TFX and TensorFlow are imported: 1 to 2 seconds for nothing.
gc.disable()
from orchestration.local.execute import BESIDE, UNCACHED, Execution, Executor  # noqa: E402
from orchestration.local.facts import fact  # noqa: E402
from pipeline.graph import create_nodes  # noqa: E402

gc.enable()
gc.freeze()

__all__ = ["BESIDE", "UNCACHED", "Execution", "Executor", "create_nodes", "fact"]
