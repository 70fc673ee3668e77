"""A program may name a flag as it likes, and no two of its own alike."""

PROGRAM = """\
import tensorflow as tf

flags = tf.app.flags
flags.DEFINE_string("log_dir", "/logs", "absl.logging has one of this name")
flags.DEFINE_integer("v", 1, "this one too")
flags.DEFINE_integer("steps", 5, "nobody has one")


def main(_):
    print(flags.FLAGS.log_dir, flags.FLAGS.v, flags.FLAGS.steps)
    flags.DEFINE_integer("steps", 6, "twice")


tf.app.run()
"""


def test_a_librarys_flag_gives_way_and_the_programs_own_does_not(activated, tmp_path):
    (tmp_path / "old.py").write_text(PROGRAM)
    stdout, stderr, code = activated.run(tmp_path / "old.py", "--steps=7", "--log_dir=here")
    assert (stdout, code) == ("here 1 7\n", 1)
    assert "The flag 'steps' is defined twice" in stderr
