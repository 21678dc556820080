"""The files and folders that one run of the pipeline works on."""

import dataclasses

from usecase.spans import SpanFiles


@dataclasses.dataclass(frozen=True)
class Places:
    """Where a run reads and writes: on this machine, or as the pods of a cluster see it.

    Attributes:
        data: The data files: a path or a pattern, here or under gs://; on a cluster as the
            configuration has it; "" for a query.
        schema: The curated schema; on a cluster relative to where containers start.
        pipeline_root: Where artifacts go; "" on a cluster, which tells each container.
        checkpoints: Where the Trainer's checkpoints outlive a crash.
        serving: The push destination: a folder of numbered versions, here or under gs://.
        mobile: The one for phones, likewise.
        baseline_version: The version that serves now, 0 if there is none; -1 for the newest when
            the baseline's node runs.
        spans: What is read of data in spans, where `data` holds {SPAN}.
    """

    data: str
    schema: str
    pipeline_root: str
    checkpoints: str
    serving: str
    mobile: str
    baseline_version: int
    spans: SpanFiles | None = None
