"""How the graph runs on Kubeflow Pipelines and Vertex AI: compiled here, executed in containers."""
