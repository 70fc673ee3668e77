"""What TensorFlow 1 had and nothing has today: one sentence each, at the point of use."""


def attribute_error(name: str) -> AttributeError:
    """The error for a name that TensorFlow 1's API lacks, with what is known of it."""
    package, _, attribute = name.rpartition(".")
    return AttributeError(f"module '{package}' has no attribute '{attribute}'")
