"""The run directory: what a run leaves behind, and what it goes on from.

`directory` claims the folder, `config_json` describes it, `recorder` writes it epoch by
epoch (`checkpoints`, `events`), `restore` makes a trained run ready for use, `saved_model` holds
exports, `history` and `plots` the metrics.
"""
