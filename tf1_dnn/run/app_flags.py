"""tf.app.flags: names that today's libraries have taken, such as log_dir, are the program's."""


def restore() -> None:
    """Let a program define a flag of its own in the place of one that a library has defined."""
    from absl import flags

    for name in flags.FLAGS:
        flags.FLAGS[name].allow_override = True
