"""What a run has come to: the variables in its checkpoints and its metrics, to compare runs by."""

from tf1_dnn.compat import tf


def variables(run_dir, n_epochs=None):
    """Values by name in the checkpoint after so many epochs; without a number, in the newest."""
    folders = run_dir / "checkpoints"
    chosen = f"epoch-{n_epochs:04d}" if n_epochs else newest(run_dir)
    reader = tf.train.load_checkpoint(str(folders / chosen / "variables"))
    return {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}


def newest(run_dir):
    """The name of the newest checkpoint's folder."""
    return max(path.name for path in (run_dir / "checkpoints").glob("epoch-*"))


def end_of(run_dir):
    """All that must not depend on interruptions: newest checkpoint, its bytes, the metrics."""
    values = {name: value.tobytes() for name, value in variables(run_dir).items()}
    return newest(run_dir), values, (run_dir / "metrics.jsonl").read_bytes()
