"""NumPy's removed names, for this process: programs of 2016 to 2019 write np.int and np.float."""


def restore() -> None:
    """Give NumPy back the names that it had in TensorFlow 1's days."""
    import numpy as np

    for name, value in {"int": int, "float": float, "object": object}.items():
        if name not in np.__dict__:
            setattr(np, name, value)
