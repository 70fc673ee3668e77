"""tensorflow.contrib.checkpoint: containers of what an object-based checkpoint saves."""

from tf1_dnn.run.contrib._names import names_from

_AUTO = "tensorflow.python.trackable.autotrackable.AutoTrackable"
_TRACKABLE = "tensorflow.python.trackable"

__getattr__, __dir__ = names_from(
    __name__,
    renamed={
        "CheckpointManager": "tensorflow.train.CheckpointManager",
        "Checkpointable": _AUTO,
        "CheckpointableBase": f"{_TRACKABLE}.base.Trackable",
        "List": f"{_TRACKABLE}.data_structures.List",
        "Mapping": f"{_TRACKABLE}.data_structures.Mapping",
        "NoDependency": f"{_TRACKABLE}.data_structures.NoDependency",
        "list_objects": "tensorflow.python.checkpoint.checkpoint.list_objects",
        "object_metadata": "tensorflow.python.checkpoint.checkpoint.object_metadata",
    },
)
