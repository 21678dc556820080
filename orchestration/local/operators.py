"""TFX's executor operators, which alone of all that its launcher does can be interrupted.

Around them it writes to the metadata store and has a gRPC server that waits for its own thread
without end if it was interrupted before it started that.
"""

from tfx.orchestration.portable.beam_executor_operator import BeamExecutorOperator
from tfx.orchestration.portable.data_types import ExecutionInfo
from tfx.orchestration.portable.python_executor_operator import PythonExecutorOperator
from tfx.proto.orchestration import executable_spec_pb2
from tfx.proto.orchestration.execution_result_pb2 import ExecutorOutput

from orchestration.local.interrupts import let_through


class InterruptiblePython(PythonExecutorOperator):
    """Runs an executor that is a class or a function."""

    def run_executor(self, execution_info: ExecutionInfo) -> ExecutorOutput:
        """Runs it, open to interrupts."""
        with let_through():
            return super().run_executor(execution_info)


class InterruptibleBeam(BeamExecutorOperator):
    """Runs an executor that makes a Beam pipeline."""

    def run_executor(self, execution_info: ExecutionInfo) -> ExecutorOutput:
        """Runs it, open to interrupts."""
        with let_through():
            return super().run_executor(execution_info)


OPERATORS = {
    executable_spec_pb2.PythonClassExecutableSpec: InterruptiblePython,
    executable_spec_pb2.BeamExecutableSpec: InterruptibleBeam,
}
