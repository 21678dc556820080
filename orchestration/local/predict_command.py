"""`predict`: from parsed options to an exit status."""

import argparse
from pathlib import Path
from typing import TextIO

from orchestration.plan import make_plan


def predict(options: argparse.Namespace, out: TextIO) -> int:
    """Predicts rows in batch.

    Args:
        options: `config`, `data`, `out`, `output_dir`.
        out: Where it is told what was written.

    Returns:
        0.

    Raises:
        UserError: If the rows cannot be read, or no model is pushed.
    """
    from orchestration.local.predict import predict_csv, require_csv

    require_csv(options.data)
    plan = make_plan(options.config, options.data)
    done = predict_csv(plan, options.output_dir, Path(options.out))
    print(f"{done.rows:,} rows predicted with version {done.version}: {options.out}", file=out)
    return 0
