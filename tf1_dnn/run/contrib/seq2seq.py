"""tensorflow.contrib.seq2seq: decoders, the helpers that feed them, attention, sequence losses."""

from tf1_dnn.run.contrib._names import names_from

_HERE = "tf1_dnn.run.contrib"

__getattr__, __dir__ = names_from(
    __name__,
    f"{_HERE}._seq2seq_decoder",
    f"{_HERE}._seq2seq_helpers",
    f"{_HERE}._seq2seq_attention",
    f"{_HERE}._seq2seq_cell",
    f"{_HERE}._seq2seq_beam",
    f"{_HERE}._seq2seq_loss",
    renamed={"_transpose_batch_time": "tensorflow.python.ops.rnn._transpose_batch_time"},
)
