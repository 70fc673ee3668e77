"""tensorflow.contrib.summary: summaries that are written as they run."""

from tf1_dnn.run.contrib._names import names_from

_V2 = "tensorflow.python.ops.summary_ops_v2"
_HERE = (
    "always_record_summaries audio create_file_writer create_summary_file_writer eval_dir flush "
    "generic graph histogram image import_event initialize never_record_summaries "
    "record_summaries_every_n_global_steps scalar should_record_summaries "
    "summary_writer_initializer_op SummaryWriter"
)

__getattr__, __dir__ = names_from(
    __name__,
    renamed={"all_summary_ops": "tensorflow.summary.all_v2_summary_ops"}
    | {name: f"{_V2}.{name}" for name in _HERE.split()},
)
