"""A run in which something has to be executed: node after node, then the verdict."""

import dataclasses
import logging
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from components.verdict import Verdict
from models.origin import only_from
from models.trials import read_trials
from orchestration.gates import gate_results
from orchestration.local.beside import Taken, Turns
from orchestration.local.console import Console
from orchestration.local.destinations import (
    mobile_model,
    pushed_digest,
    pushes,
    serving_model,
)
from orchestration.local.metadata_store import connection_config
from orchestration.local.release import find_release, not_promoted
from orchestration.local.run_places import run_places
from orchestration.local.selection import Parts, Selection
from orchestration.local.text import UNICODE
from orchestration.local.trial_view import trial_lines
from orchestration.local.tuned_config import Tuned, keep_best
from orchestration.local.workspace import Workspace
from orchestration.node_keys import NodeKey, add_keys
from orchestration.outcome import Outcome, decide, decide_part
from orchestration.plan import Plan
from orchestration.reasons import ALWAYS, ASKED, LEFT_OUT, flatten, reason, reused
from orchestration.records import LOG_FILE, Ingredients, RunRecord, records
from orchestration.results import NodeResult, Release, RunResult
from pipeline.stage_names import PUSHERS, TRAINER, TUNER
from usecase.errors import UserError

if TYPE_CHECKING:
    from orchestration.local.tfx_imports import Execution, Executor

LOGGER = logging.getLogger(__name__)
LONGEST_MESSAGE = 300


@dataclasses.dataclass
class Session:
    """Executes one run.

    Attributes:
        plan: What to run.
        workspace: Where everything goes.
        console: Is told of every step.
        run_id: The run.
        key: Digest of all that it is made of.
        started: When it started, by the monotonic clock.
        selection: The part of the pipeline that was asked for.
        goes_on: Ids of the interrupted runs of the same, whose results count as this run's own.
        origin: Id of the first of the runs that this one goes on with; its own if with none.
    """

    plan: Plan
    workspace: Workspace
    console: Console
    run_id: str
    key: str
    started: float
    selection: Selection = dataclasses.field(default_factory=Selection)
    goes_on: tuple[str, ...] = ()
    origin: str = ""
    parts: Parts = dataclasses.field(default_factory=Parts)
    results: list[NodeResult] = dataclasses.field(default_factory=list)
    executions: "dict[str, Execution]" = dataclasses.field(default_factory=dict)
    ingredients: dict[str, Ingredients] = dataclasses.field(default_factory=dict)
    tuned: Tuned = dataclasses.field(default_factory=Tuned)
    errors: list[str] = dataclasses.field(default_factory=list)

    def run(self) -> RunRecord:
        """Runs every node, or as many as the gates let, and returns the record."""
        from orchestration.local.tfx_imports import BESIDE

        executor, keys = self._prepare()
        before = _last_ingredients(self.workspace, self.plan.stages)
        nodes = list(executor.nodes())
        order = list(self.plan.stages)
        # A training that is asked for anew takes no checkpoint from before that was asked for.
        asked = (self.origin or self.run_id) if TRAINER in self.parts.forced else None
        with only_from(asked), Turns(nodes, executor.run, BESIDE) as turns:
            for node_id in sorted((node.node_info.id for node in nodes), key=order.index):
                self.console.node_started(node_id)
                taken = turns.take(node_id)
                result = self._settle(node_id, taken, keys[node_id], before.get(node_id))
                self.results.append(result)
                self.console.node_finished(result)
        return self._record()

    def _prepare(self) -> "tuple[Executor, dict[str, NodeKey]]":
        from orchestration.local.tfx_imports import Executor, create_nodes

        nodes = create_nodes(
            self.plan.use_case,
            self.plan.declaration,
            run_places(self.plan, self.workspace),
            tune=self.plan.tune,
            mobile=self.plan.mobile,
            server=self.plan.server,
            comparators=self.plan.comparators,
            spans=self.plan.compares_spans,
        )
        keys = add_keys(nodes, self.plan.declaration)
        executor = Executor(
            self.plan.use_case.name,
            nodes,
            self.workspace.artifacts,
            connection_config(self.plan.use_case, self.workspace),
            self.run_id,
        )
        self.parts = self._select(executor)
        return executor, keys

    def _select(self, executor: "Executor") -> Parts:
        """Has the executor run what was asked for.

        Raises:
            UserError: If that cannot run.
        """
        parts = self.selection.parts(executor.upstream())
        # The last of them may have ended before it came to what one before it had done.
        done = [node for run_id in self.goes_on for node in executor.completed(run_id)]
        parts = dataclasses.replace(parts, forced=parts.forced.difference(done))
        executor.force(parts.forced)
        if self.selection.only:
            executor.take_over(self.selection.only)
        else:
            executor.leave_out(parts.left)
        return parts

    def _settle(
        self,
        node_id: str,
        taken: "Taken[Execution]",
        key: NodeKey,
        before: Ingredients | None,
    ) -> NodeResult:
        stage = self.plan.stages[node_id]
        if taken.error is not None:
            LOGGER.error("%s failed", node_id, exc_info=taken.error)
            message = _message(taken.error)
            self.errors.append(f"{node_id}: {message}")
            return NodeResult(node_id, stage, "failed", taken.seconds, message)
        if taken.result is None:
            return NodeResult(node_id, stage, "skipped", 0.0, "a node before it failed")
        execution = taken.result
        self.executions[node_id] = execution
        if node_id == TUNER and execution.state in ("ran", "cached"):
            self._keep_trials(execution)
        return self._describe(execution, taken.seconds, key, before)

    def _keep_trials(self, execution: "Execution") -> None:
        """Writes down what the search found, whatever comes after it."""
        trials = read_trials(execution.outputs["tuner_results"][0])
        table = trial_lines(trials, UNICODE, most=len(trials))
        LOGGER.info("trials, the best first:%s", "".join(f"\n{line.text}" for line in table))
        self.tuned = keep_best(self.plan, trials, self.run_id, searched=execution.state == "ran")

    def _describe(
        self, execution: "Execution", seconds: float, key: NodeKey, before: Ingredients | None
    ) -> NodeResult:
        from orchestration.local.tfx_imports import UNCACHED, fact

        node_id = execution.node_id
        stage = self.plan.stages[node_id]
        if execution.state == "left":
            return NodeResult(node_id, stage, "skipped", 0.0, LEFT_OUT)
        if execution.state == "skipped":
            return NodeResult(node_id, stage, "skipped", 0.0, "a gate before it refused")
        now = Ingredients(
            **dataclasses.asdict(key),
            config=flatten(execution.properties),
            inputs=execution.inputs,
        )
        self.ingredients[node_id] = now
        cached = execution.state == "cached"
        ran = ALWAYS if node_id in UNCACHED else reason(before, now)
        if node_id in self.parts.forced:
            ran = ASKED
        verdicts = gate_results({node_id: execution.outputs})
        return NodeResult(
            node_id,
            stage,
            "cached" if cached else "ran",
            seconds,
            reused(execution.reused_from, self.run_id) if cached else ran,
            fact(execution),
            refused=node_id not in self.parts.left
            and any(not verdict.passed for verdict in verdicts),
        )

    def _record(self) -> RunRecord:
        # `--only` takes over what lies beside its way as well, for later runs: not its verdicts.
        asked = {n: e for n, e in self.executions.items() if n not in self.parts.left}
        verdicts = gate_results({n: e.outputs for n, e in asked.items()})
        names = self.plan.destinations
        error = "\n".join(self.errors)
        found = find_release(self.workspace.serving)
        outcome = self._outcome(error, verdicts, found.release)
        result = RunResult(
            run_id=self.run_id,
            verdict=outcome.verdict,
            headline=outcome.headline,
            nodes=tuple(self.results),
            gates=tuple(result for verdict in verdicts for result in verdict.results),
            destinations=outcome.destinations,
            metrics={k: v for verdict in verdicts for k, v in verdict.metrics.items()},
            serving_model=serving_model(self.workspace),
            mobile_model=mobile_model(self.workspace) if self.plan.mobile else None,
            log=str(self.workspace.runs / self.run_id / LOG_FILE),
            seconds=time.monotonic() - self.started,
            error=error,
            trials=self.tuned.trials,
            tuned_config=self.tuned.config,
            warnings=(*self.plan.warnings, *self.tuned.warnings),
            release=found.release,
            release_problem=found.problem or not_promoted(asked),
        )
        digest = pushed_digest(self.workspace, names)
        return RunRecord(result, self.workspace.use_case, self.key, digest, self.ingredients)

    def _outcome(self, error: str, verdicts: Sequence[Verdict], release: Release | None) -> Outcome:
        """Decides on the destinations that were asked for; without any, on the run itself."""
        wanted = self.plan.destinations
        asked = [name for name in wanted if PUSHERS[name] not in self.parts.left]
        pushed = pushes(self.workspace, asked or wanted, self.executions)
        if not asked:
            return decide_part(error, verdicts, pushed, self.selection.end)
        return decide(error, verdicts, pushed, release)


def _last_ingredients(workspace: Workspace, nodes: Iterable[str]) -> dict[str, Ingredients]:
    """Returns what each of the nodes was made of when it last ran or was reused."""
    wanted = set(nodes)
    found: dict[str, Ingredients] = {}
    for record in records(workspace.runs, workspace.use_case):
        for node_id, parts in record.ingredients.items():
            found.setdefault(node_id, parts)
        if wanted <= found.keys():
            break
    return found


def _message(error: Exception) -> str:
    """Returns what to tell the user of an error; its traceback is in the log."""
    if isinstance(error, UserError):
        return str(error)
    first_line = (str(error).strip().splitlines() or [""])[0]
    return f"{type(error).__name__}: {first_line}"[:LONGEST_MESSAGE]
