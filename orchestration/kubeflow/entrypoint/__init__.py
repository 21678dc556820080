"""What a pod runs: TFX's own executor, between what Kubeflow hands it and what Kubeflow expects.

`python -m orchestration.kubeflow.entrypoint` takes the arguments that TFX's compiler writes.
"""
