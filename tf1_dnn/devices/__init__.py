"""Where to compute: TensorFlow sessions on a CPU or GPU, and what keeps a GPU from being used.

`sessions` opens them; `driver` and `cuda` look at NVIDIA's driver and libraries without
TensorFlow; `diagnosis` holds what the doctor looks at.
"""
