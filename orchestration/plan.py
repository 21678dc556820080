"""A run, planned: the checked configuration and everything that decides what has to run."""

import dataclasses
import functools
from collections.abc import Sequence
from pathlib import Path

from orchestration import fingerprints
from orchestration.located_data import locate, reads_span_before
from pipeline.stage_names import stage_names
from usecase.checks import check_evaluation, require_parsed_dates
from usecase.config import Server, UseCase
from usecase.declaration import Declaration, declare
from usecase.drift import Comparator, comparators
from usecase.errors import ConfigError
from usecase.loading import load_use_case
from usecase.paths import resolve
from usecase.schema import read_schema
from usecase.search_space import check_tuning
from usecase.spans import SpanFiles, Window

# What says where a run takes place or is kept, and nothing of what comes of it.
ELSEWHERE = {"kubeflow", "metadata"}


@dataclasses.dataclass(frozen=True)
class Plan:
    """A configuration that can run.

    Attributes:
        config: The configuration file, as the user named it.
        use_case: Its contents.
        declaration: Features and label, compiled with the schema.
        data: The data files for TFX: a path or a pattern, here or under gs://; "" for a query.
        files: The data files on this machine.
        schema: The curated schema.
        tune: Whether the network is tuned before it is trained.
        server: The model server that judges, once it is known; None: as configured.
        overrides: What stands in place of the file's values, each "key=value".
        span: The newest span that is read, where data come in spans and it is known here.
        window: The spans that are read, where they are on this machine.
    """

    config: str
    use_case: UseCase
    declaration: Declaration
    data: str
    files: tuple[Path, ...]
    schema: Path
    tune: bool = False
    server: Server | None = None
    overrides: tuple[str, ...] = ()
    span: int | None = None
    window: Window | None = None

    @property
    def stages(self) -> dict[str, str]:
        """The stage of each node, in the order in which they run."""
        return stage_names(
            self.use_case.data.source,
            tune=self.tune,
            mobile=self.mobile,
            drift=self.use_case.data_gate.drift != "off",
            spans=self.compares_spans,
        )

    @property
    def compares_spans(self) -> bool:
        """Whether the newest span is compared with the one before it, as far as one is there."""
        compares = self.use_case.data_gate.drift != "off"
        return compares and reads_span_before(self.use_case.data, self.window)

    @property
    def comparators(self) -> dict[str, Comparator]:
        """How each column is compared with the last push."""
        return comparators(read_schema(self.schema), self.declaration)

    @property
    def mobile(self) -> bool:
        """Whether a model for phones is made: it is wanted, and a phone can compute all of it."""
        return self.use_case.mobile.enabled and not self._not_on_phone

    @property
    def destinations(self) -> tuple[str, ...]:
        """The names of the places that a blessed model is pushed to."""
        return ("serving", "mobile") if self.mobile else ("serving",)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a user should know of it beside what came of the run."""
        notes = self.window.notes if self.window else ()
        if self.mobile or not self.use_case.mobile.enabled:
            return notes
        names = ", ".join(f'"{name}"' for name in self._not_on_phone)
        one = len(self._not_on_phone) == 1
        marked = f"feature {names} is" if one else f"features {names} are"
        return (*notes, f"no mobile model: {marked} marked mobile: false")

    @property
    def _not_on_phone(self) -> list[str]:
        return [feature.name for feature in self.declaration.features if not feature.on_phone]

    @property
    def span_files(self) -> SpanFiles | None:
        """What an ExampleGen is told of spans; None where it is to find the newest by itself."""
        if self.window is None:
            return None if self.span is None else SpanFiles(self.span)
        if self.use_case.data.source == "tfrecord":  # which TFX itself reads
            return SpanFiles(self.span)
        digest = fingerprints.combined(self.data_digests)
        return SpanFiles(self.span, self.window.rows, self.window.splits, digest)

    @property
    def is_local(self) -> bool:
        """Whether `key` knows every row; what lies elsewhere may change without a sign here."""
        return bool(self.files)

    @functools.cached_property
    def data_digests(self) -> dict[str, str]:
        """Digest of each data file on this machine, by its path, when it was first asked for."""
        return fingerprints.file_digests(self.files)

    def key(self) -> str:
        """Returns a digest of all that a run is made of: data, config, schema, code and lock.

        Of data that are not on this machine it holds the place alone: see `is_local`.
        """
        parts = {
            # With the search space only where it is searched, which tells both kinds of run apart.
            "config": self.use_case.model_dump_json(
                exclude=ELSEWHERE if self.tune else {*ELSEWHERE, "tuning"}
            ),
            "data path": self.data,
            "data": fingerprints.combined(self.data_digests),
            "span": "" if self.span is None else str(self.span),
            "schema": fingerprints.file_digest(self.schema),
            "server": self.server or "",
            "code": fingerprints.combined(fingerprints.project_code() | self._own_code()),
            "lock": fingerprints.lock_digest(),
        }
        return fingerprints.combined(parts)

    def _own_code(self) -> dict[str, str]:
        return fingerprints.code_of(f.rpartition(".")[0] for f in self.declaration.functions)


def make_plan(
    config: str,
    data: str | None = None,
    *,
    tune: bool = False,
    elsewhere: bool = False,
    overrides: Sequence[str] = (),
    span: int | None = None,
) -> Plan:
    """Reads and checks a configuration with its schema; nothing expensive is imported.

    Args:
        config: The configuration file.
        data: A file, or a pattern of files, in place of the configuration's; its format is told
            by its name.
        tune: Whether the network is tuned before it is trained.
        elsewhere: Whether it runs on other machines: data are not looked for on this one, and
            their path stays as it is written.
        overrides: Values in place of the file's, each "key=value"; see `usecase.overrides`.
        span: The span to read, of data in spans; None for the newest.

    Raises:
        ConfigError: If the configuration cannot run.
    """
    use_case = load_use_case(config, overrides)
    if data:
        use_case = use_case.model_copy(update={"data": use_case.data.elsewhere(data)})
    try:
        schema_path = resolve(use_case.schema_file, "schema")
        schema = read_schema(schema_path)
        declaration = declare(use_case, schema)
        comparators(schema, declaration)
        check_evaluation(use_case, schema)
        check_tuning(use_case)
        require_parsed_dates(use_case.data.source, declaration.dates)
        found = locate(use_case.data, span, elsewhere=elsewhere)
    except ConfigError as error:
        source = " ".join([config, *(f"--set {text}" for text in overrides)])
        raise ConfigError(f"{source}: {error.what}", error.expected, error.fix) from error
    return Plan(
        config,
        use_case,
        declaration,
        found.pattern,
        found.files,
        schema_path,
        tune,
        overrides=tuple(overrides),
        span=found.span,
        window=found.window,
    )
