"""Where to compute: TensorFlow sessions on a CPU or GPU, and what keeps a GPU from being used.

`sessions` opens them. `cuda` looks for NVIDIA's libraries and driver without TensorFlow.
`diagnosis` is what the doctor looks at.
"""

__all__ = ["cuda", "diagnosis", "driver", "sessions"]
