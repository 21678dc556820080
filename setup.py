"""The installable package: Beam workers and the container image install the pipeline from it."""

from setuptools import find_packages, setup

VERSION = "0.1.0"

ROOMS = (
    "usecase",
    "ingestion",
    "autoconfig",
    "pipeline",
    "models",
    "components",
    "orchestration",
    "serving",
    "model_server",
)

# Ranges, not pins: they hold both lines, TFX 1.16 and 1.21. The pins are in requirements/.
REQUIREMENTS = [
    "tfx>=1.16,<1.22",
    "tensorflow>=2.16,<2.22",
    "keras>=3.12,<4",
    "keras-tuner>=1.4.8,<2",
    "apache-beam[gcp]>=2.65,<3",
    "dill; python_version < '3.11'",  # tfx-bsl 1.16 imports it, Beam 2.66 and newer leave it out
    "numpy>=1.26,<3",
    "pyarrow>=10,<19",
    "pandas>=1.5,<3",
    "scipy>=1.12,<2",
    "protobuf>=3.20.3,<7",
    "tensorflow-serving-api>=2.16,<2.22",
    "grpcio-health-checking>=1.48,<2",
    "google-crc32c>=1.5,<2",
    "httptools>=0.6,<1",
    "python-rapidjson>=1.20,<2",
    "urllib3>=1.26.20,<3",
    "uvicorn>=0.30,<1",
    "pygal>=3,<4",
    "ai-edge-litert>=2.0,<3",
    "ai-edge-quantizer>=0.10,<1",
    "kfp>=2.5,<2.17",
    "kfp-pipeline-spec>=0.2.2,<3",
    "kfp-server-api>=2.0.5,<3",
    "tensorboard>=2.16,<2.22",
    "pydantic>=2.7,<3",
    "pyyaml>=6,<7",
    "python-dateutil>=2.9,<3",
    "rich>=13",
]

setup(
    name="tfx-gated-pipeline",
    version=VERSION,
    description="A TFX pipeline that lets a model out only after it has passed named gates",
    license="Apache-2.0",
    packages=find_packages(include=[name for room in ROOMS for name in (room, f"{room}.*")]),
    py_modules=["kubeflow_runner", "local_runner"],
    python_requires=">=3.10,<3.14",
    install_requires=REQUIREMENTS,
)
