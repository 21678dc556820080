"""What the conditions of the serving gate are called; free of TensorFlow."""

from typing import Literal

Transport = Literal["grpc", "rest"]

GATE = "serving"
ITSELF = "answers by itself"
READY = "seconds to ready"  # its detail says which server it was
ANSWERS: dict[Transport, str] = {"grpc": "grpc answers", "rest": "rest answers"}
DIFFERENCES: dict[Transport, str] = {"grpc": "grpc difference", "rest": "rest difference"}
CLASSES: dict[Transport, str] = {"grpc": "grpc other classes", "rest": "rest other classes"}
LATENCIES: dict[Transport, str] = {"grpc": "grpc latency ms", "rest": "rest latency ms"}
