"""`schema diff --requests`: how what clients send differs from the data."""

import tempfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TextIO

from ingestion.tfrecords import begins_like_tfrecord
from orchestration.local.history.output import print_lines, writer_of
from orchestration.local.schema_commands.skew_words import skew_text
from orchestration.local.schema_commands.todays import with_statistics
from orchestration.local.text import Glyphs, Line, Span, number_pair
from orchestration.plan import make_plan
from usecase.data_files import is_remote
from usecase.errors import DataError
from usecase.schema import read_schema

if TYPE_CHECKING:
    from orchestration.local.schema_commands.facts import DatasetStatistics
    from orchestration.local.schema_commands.skew import Skew

SAME, DIFFERENT = 0, 1
TRAIN = "train"
NEVER_SENT = "no request has a value: the model takes it for missing"
FIX = "let clients send what the data hold, or train on what they send"


class Compared(NamedTuple):
    """Requests against the training data.

    Attributes:
        rows: Examples in the requests.
        of: Rows of the train split.
        skews: The columns that could be compared.
        never_sent: The columns that no request has.
    """

    rows: int
    of: int
    skews: "tuple[Skew, ...]"
    never_sent: tuple[str, ...]

    @property
    def above(self) -> "tuple[Skew, ...]":
        """Columns that moved too far, the farthest first; without those that are never sent."""
        found = [s for s in self.skews if s.is_above and s.column not in self.never_sent]
        return tuple(sorted(found, key=lambda skew: -skew.distance / skew.comparator.threshold))


def request_diff(
    config: str, data: str | None, requests: str, output_dir: Path, out: TextIO
) -> int:
    """Prints how the requests of a log differ from the rows that the model is trained on.

    Args:
        config: The configuration.
        data: Files in place of the configuration's; None for these.
        requests: A request log, or a pattern of several.
        output_dir: Where the pipeline runs.
        out: Where to.

    Returns:
        The exit status: 1 if a column is above its threshold or never sent, else 0.

    Raises:
        UserError: If the configuration cannot be used, or data or requests cannot be read.
    """
    plan = make_plan(config, data)
    schema = read_schema(plan.schema)
    files = find_requests(requests)

    def use(statistics: "DatasetStatistics") -> Compared:
        from orchestration.local.schema_commands.request_examples import write_examples
        from orchestration.local.schema_commands.skew import (
            compare_requests,
            never_sent,
            statistics_of,
        )

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "examples"
            rows = write_examples(files, plan.declaration, path)
            if not rows:
                raise DataError(
                    f"no request of {requests} holds rows",
                    expected="requests to predict, classify or regress",
                    fix="log more of them: serving.request_log says how",
                )
            sent = statistics_of(path)
        training = statistics[TRAIN]
        return Compared(
            rows,
            int(training.num_examples),
            tuple(compare_requests(sent, training, schema, plan.declaration)),
            tuple(never_sent(sent, training, plan.declaration)),
        )

    compared = with_statistics(plan, output_dir, use)
    print_lines(out, lines(compared, requests, writer_of(out).glyphs))
    return DIFFERENT if compared.above or compared.never_sent else SAME


def find_requests(pattern: str) -> tuple[Path, ...]:
    """Returns the files of a request log.

    Raises:
        DataError: If there is none on this machine, or one is no TFRecord file.
    """
    if is_remote(pattern):
        raise DataError(
            f"requests cannot be read from afar: {pattern}",
            expected="files on this machine",
            fix=f"copy them here first: gcloud storage cp '{pattern}' .",
        )
    whole = Path(pattern).expanduser().absolute()
    found = Path(whole.anchor).glob(str(whole.relative_to(whole.anchor)))
    files = sorted(path for path in found if path.is_file())
    if not files:
        raise DataError(
            f"no request log found: {pattern}",
            expected="a file, or a pattern of files in quotes",
            fix="correct the path, for example 'requests/taxi-*.tfrecord'",
        )
    for path in files:
        _require_records(path)
    return tuple(files)


def _require_records(path: Path) -> None:
    try:
        fits = not path.stat().st_size or begins_like_tfrecord(path)
        why = "no TFRecord file"
    except (OSError, EOFError, zlib.error) as error:
        fits, why = False, str(error)
    if not fits:
        raise DataError(
            f"request log not readable: {path} ({why})",
            expected="TFRecords of PredictionLog, as a model server or its clients write them",
            fix="name the log's files alone, for example 'requests/taxi-*.tfrecord'",
        )


def lines(compared: Compared, requests: str, glyphs: Glyphs) -> list[Line]:
    """Returns a headline, one line for each difference, and one on all the rest."""
    found = [(name, NEVER_SENT) for name in compared.never_sent]
    found += [(skew.column, skew_text(skew)) for skew in compared.above]
    differ = f"{len(found)} of the columns differ" if found else "no difference"
    told = [
        Line.of(Span(f"  {glyphs.show(name)}", "bold"), f": {glyphs.prose(text)}", hang=4)
        for name, text in found
    ]
    headline = (
        f"{requests} ({compared.rows:,} rows in requests) against the train split "
        f"({compared.of:,} rows): {differ}"
    )
    parts = [[Line.of(glyphs.show(headline))], told, _rest(compared, glyphs)]
    parts += [[Line.of(f"fix   {FIX}")]] if found else []
    return _spaced([part for part in parts if part])


def _rest(compared: Compared, glyphs: Glyphs) -> list[Line]:
    """Says what was compared and did not move too far, and what there are too few rows for."""
    above = {skew.column for skew in compared.above} | {*compared.never_sent}
    left = [skew for skew in compared.skews if skew.column not in above]
    known = [skew for skew in left if skew.is_known]
    texts = []
    if known:
        most = max(known, key=lambda skew: skew.distance / skew.comparator.threshold)
        distance, threshold = number_pair(most.distance, most.comparator.threshold)
        columns = "1 column" if len(known) == 1 else f"{len(known)} columns"
        texts.append(
            f"within their thresholds: {columns}; nearest is {most.column}, "
            f"{distance} of {threshold}"
        )
    if few := [skew.column for skew in left if not skew.is_known]:
        texts.append(f"too few rows to tell: {', '.join(few)}")
    return [Line.of(glyphs.show(f"  {text}"), hang=4) for text in texts]


def _spaced(parts: Sequence[list[Line]]) -> list[Line]:
    spaced: list[Line] = []
    for part in parts:
        spaced += [Line(), *part] if spaced else part
    return spaced
