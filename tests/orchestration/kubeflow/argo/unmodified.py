"""What TFX makes of a pipeline by itself, with the resolver that most of its pipelines have.

Run as a program: `unmodified.py FOLDER` writes `schema_2_0.yaml` and `schema_2_1.yaml` there.
"""

import sys
from pathlib import Path

import yaml
from tfx import v1 as tfx
from tfx.orchestration.kubeflow.v2 import kubeflow_v2_dag_runner as kubeflow


def main(folder):
    """Writes the pipeline in both versions of the spec."""
    for name, newer in (("schema_2_0", False), ("schema_2_1", True)):
        config = kubeflow.KubeflowV2DagRunnerConfig(
            default_image="registry/image:1", use_pipeline_spec_2_1=newer
        )
        job = kubeflow.KubeflowV2DagRunner(config).run(pipeline(), write_out=False)
        (Path(folder) / f"{name}.yaml").write_text(yaml.safe_dump(job["pipelineSpec"]))


def pipeline():
    """Returns a reader and the resolver of the last blessed model."""
    reader = tfx.components.CsvExampleGen(input_base="/data")
    resolver = tfx.dsl.Resolver(
        strategy_class=tfx.dsl.experimental.LatestBlessedModelStrategy,
        model=tfx.dsl.Channel(type=tfx.types.standard_artifacts.Model),
        model_blessing=tfx.dsl.Channel(type=tfx.types.standard_artifacts.ModelBlessing),
    ).with_id("Baseline")
    return tfx.dsl.Pipeline(
        pipeline_name="unmodified", pipeline_root="", components=[reader, resolver]
    )


if __name__ == "__main__":
    main(sys.argv[1])
