"""The API of Kubeflow Pipelines (v2beta1), over HTTP and nothing else.

It is spoken to directly: the wire is the same for every backend 2.x, while the generated client
renamed each of its methods between the versions that the two TFX lines pin, knows no time limit,
prints, and reads and writes files in the home directory.
"""
