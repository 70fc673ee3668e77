"""The run directory: what a run leaves behind, and what it goes on from.

`directory` claims the folder, `config_json` describes the run, `recorder` writes it epoch by
epoch, `checkpoints` and `checkpoint_folder` hold its variables, `history` its metrics. `restore`
makes a trained run ready for use, `saved_model` writes and reads exports, `plots` draws.
"""

__all__ = [
    "checkpoint_folder",
    "checkpoints",
    "config_json",
    "directory",
    "durable",
    "history",
    "plots",
    "recorder",
    "restore",
    "saved_model",
    "typed_json",
]
