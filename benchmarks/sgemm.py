"""The rate of NumPy's float32 matrix product on this machine, as one JSON line."""

import json
import time

import numpy as np

SIZES = (1024, 1536, 2048)
REPEATS = 5


def gflops(size: int) -> float:
    """The best of a few products of two square matrices, in 10⁹ operations a second."""
    a, b = np.random.default_rng(0).random((2, size, size), np.float32)
    out = np.empty_like(a)
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        np.matmul(a, b, out=out)
        seconds.append(time.perf_counter() - start)
    return 2 * size**3 / min(seconds) / 1e9


if __name__ == "__main__":
    print(json.dumps({"gflops": max(map(gflops, SIZES))}))
