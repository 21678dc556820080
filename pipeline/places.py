"""The files and folders that one run of the pipeline works on."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Places:
    """Where a run reads and writes.

    Attributes:
        data: The data files: a path or a pattern, here or under gs://; "" for a query.
        schema: The curated schema.
        pipeline_root: Where artifacts go.
        checkpoints: Where the Trainer's checkpoints outlive a crash.
        serving: The push destination: a folder of numbered versions.
        mobile: The one for phones, likewise.
        baseline_version: The version that serves now, 0 if there is none.
    """

    data: str
    schema: str
    pipeline_root: str
    checkpoints: str
    serving: str
    mobile: str
    baseline_version: int
