"""Many clients at once, each waiting for its answer before it asks again."""

import asyncio
import time
from typing import Any, NamedTuple

import numpy as np

PREDICT = "/tensorflow.serving.PredictionService/Predict"
TIMEOUT_SECONDS = 60


class Load(NamedTuple):
    """What came of a load.

    Attributes:
        per_second: Answers a second, of all clients together.
        p50: The median time of an answer, in milliseconds.
        p99: The time within which 99 of 100 answers came.
        failed: How many requests had no answer.
    """

    per_second: float
    p50: float
    p99: float
    failed: int


def under_load(address: str, request: Any, *, clients: int, requests: int) -> Load:
    """Lets clients ask again and again.

    They are coroutines that send bytes made once and read none: threads would take as much of the
    machine as the server does.

    Args:
        address: The server's host and port.
        request: The PredictRequest.
        clients: How many there are.
        requests: How many each sends.
    """
    return asyncio.run(_load(address, request.SerializeToString(), clients, requests))


async def _load(address: str, data: bytes, clients: int, requests: int) -> Load:
    import grpc

    seconds = np.zeros((clients, requests))
    failed = [0] * clients
    async with grpc.aio.insecure_channel(address) as channel:
        predict = channel.unary_unary(PREDICT)

        async def ask(client: int) -> None:
            for k in range(requests):
                began = time.perf_counter()
                try:
                    await predict(data, timeout=TIMEOUT_SECONDS, wait_for_ready=True)
                except grpc.RpcError:
                    failed[client] += 1
                seconds[client, k] = time.perf_counter() - began

        began = time.perf_counter()
        await asyncio.gather(*map(ask, range(clients)))
        whole = time.perf_counter() - began
    p50, p99 = 1000 * np.percentile(seconds, [50, 99])
    return Load(seconds.size / whole, float(p50), float(p99), sum(failed))
