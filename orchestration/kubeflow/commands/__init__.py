"""The commands of the Kubeflow runner."""
