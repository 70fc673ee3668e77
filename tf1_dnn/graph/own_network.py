"""Which network: the config's, or one that a function of the user's builds in TensorFlow 1 style.

Every copy of the network calls the function anew, sharing the variables by their names.
"""

import contextlib
import functools
import inspect
import random
from typing import Any, Callable, Iterator, Mapping, Sequence

from tf1_dnn.compat import tf, tf1_warnings_silenced
from tf1_dnn.config import Config
from tf1_dnn.errors import ConfigError, Error, failed
from tf1_dnn.graph import layers, network
from tf1_dnn.graph.layers import Tensor
from tf1_dnn.graph.network import BuildNetwork, Network

GIVEN = ("inputs", "training", "n_outputs", "image_shape", "step")  # beside Config's fields


def make_network(
    config: Config,
    image_shape: Sequence[int],
    n_outputs: int,
    *,
    own: Callable[..., Any] | None = None,
    batch_normalization: Callable[..., Tensor] = layers.batch_normalization,
) -> BuildNetwork:
    """What builds copies of the config's network, or of the one that `own` describes.

    The first copy makes the variables, and collects them in TensorFlow's MODEL_VARIABLES, "what
    inference needs".
    """
    if own is None:
        build: BuildNetwork = functools.partial(
            network.dnn,
            config=config,
            n_outputs=n_outputs,
            image_shape=image_shape,
            batch_normalization=batch_normalization,
        )
    else:
        build = own_network(own, config=config, n_outputs=n_outputs, image_shape=image_shape)

    def build_network(inputs: Tensor, *, training: Tensor | bool, step: Tensor) -> Network:
        n_before = len(tf.global_variables())
        built = build(inputs, training=training, step=step)
        for variable in tf.global_variables()[n_before:]:
            tf.add_to_collection(tf.GraphKeys.MODEL_VARIABLES, variable)
        return built

    return build_network


def own_network(
    function: Callable[..., Any], *, config: Config, n_outputs: int, image_shape: Sequence[int]
) -> BuildNetwork:
    """What builds a copy of the network that `function` describes.

    The function is given, by name, what its parameters name:
      inputs: float32 `[batch, n_inputs]`.
      training: bool scalar tensor, for batch norm and dropout.
      n_outputs: the number of classes.
      image_shape: of one example, such as (28, 28).
      step: int64 scalar, the global step, such as `layers.dropout` wants it.
      and any field of Config, such as hidden_units.
    A parameter of another name keeps its default. It returns the logits, float32
    `[batch, n_outputs]`, and may return a dict of tensors beside, for histograms.

    Raises:
      ConfigError: a parameter that nothing is known for.

    What is returned raises:
      ConfigError: no such logits, or a variable that copies could not share.
      NetworkError: the function raised an exception.
    """
    name = getattr(function, "__name__", repr(function))
    constants = dict(vars(config), n_outputs=n_outputs, image_shape=tuple(image_shape))
    wanted = wanted_parameters(function, name)

    def build(inputs: Tensor, *, training: Tensor | bool, step: Tensor) -> Network:
        # TensorFlow 1 code may ask tf.cond, which takes no bool of Python's.
        tensors = dict(inputs=inputs, training=tf.convert_to_tensor(training), step=step)
        known = {**constants, **tensors}
        # A scope entered again counts its layers without a name from the start: dense, dense_1.
        scopes = tf.variable_scope(tf.get_variable_scope()), tf.variable_creator_scope(_uncached)
        with scopes[0], scopes[1], tf.name_scope("dnn"), _keras_seeded(config.seed):
            n_before = len(tf.global_variables())
            returned = _call(function, {each: known[each] for each in wanted}, name)
            logits, named = _logits_of(returned, inputs, n_outputs, name)
            _require_shared(tf.global_variables()[n_before:], name)
        return Network(logits, tensors={"logits/logits": logits, **named})

    return build


def wanted_parameters(function: Callable[..., Any], name: str) -> list[str]:
    """The names of the parameters that are to be given; ConfigError for one that cannot be."""
    fields = Config.__dataclass_fields__
    parameters = inspect.signature(function).parameters.values()
    wanted = [each.name for each in parameters if each.name in (*GIVEN, *fields)]
    for each in parameters:
        is_optional = each.default is not each.empty or each.kind in (
            each.VAR_POSITIONAL,
            each.VAR_KEYWORD,
        )
        if each.name not in wanted and not is_optional:
            raise ConfigError(
                f"the network {name} wants {each.name}, which is not known: name its parameters "
                f"{', '.join(GIVEN)} or as the options of train, or give this one a default."
            )
    if "inputs" not in wanted:
        raise ConfigError(f"the network {name} has no parameter inputs: give it one.")
    return wanted


def _uncached(next_creator: Callable[..., Any], **settings: Any) -> Any:
    """A variable that every reader reads anew.

    tf.nn.dynamic_rnn has its cell's read once in a session.run: a loop of training steps there
    would go on from the values of before the first.
    """
    return next_creator(**{**settings, "caching_device": None})


@contextlib.contextmanager
def _keras_seeded(seed: int) -> Iterator[None]:
    """Let Keras's initializers, tf.layers' default among them, follow from the seed.

    They take no notice of tf.set_random_seed: they draw their seeds by Python's `random`.
    """
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)


def _call(function: Callable[..., Any], arguments: Mapping[str, Any], name: str) -> Any:
    try:
        with tf1_warnings_silenced():
            return function(**arguments)
    except Error:
        raise
    except Exception as error:
        raise failed(f"the network {name}", error) from error


def _logits_of(
    returned: Any, inputs: Tensor, n_outputs: int, name: str
) -> tuple[Tensor, dict[str, Tensor]]:
    """What was returned as logits and named tensors; ConfigError if it is no such thing."""
    logits, named = (
        returned
        if isinstance(returned, tuple) and len(returned) == 2
        else (
            returned,
            {},
        )
    )
    meant = f"float32 logits [batch, {n_outputs}]"
    if not tf.is_tensor(logits) or not isinstance(named, Mapping):
        kind = type(returned).__name__
        raise ConfigError(
            f"the network {name} returned {kind}, not {meant}: return them, alone or with a dict "
            "of tensors by name."
        )
    fits = logits.dtype == tf.float32 and logits.shape.is_compatible_with([None, n_outputs])
    if not fits or logits.shape.rank is None:
        shape = "an unknown shape" if logits.shape.rank is None else logits.shape.as_list()
        raise ConfigError(
            f"the network {name} returned {logits.dtype.name} of {shape}, not {meant}: return the "
            "last layer before softmax, one row for each example."
        )
    return logits, {str(key): tf.convert_to_tensor(value) for key, value in named.items()}


def _require_shared(variables: Sequence[Any], name: str) -> None:
    """Raise ConfigError for a variable that another copy would make again, not share."""
    scope = tf.get_variable_scope()
    for variable in variables:
        try:
            with tf.variable_scope(scope, reuse=True):
                is_shared = tf.get_variable(variable.op.name, dtype=variable.dtype) is variable
        except ValueError:
            is_shared = False
        if not is_shared:
            raise ConfigError(
                f"the network {name} makes the variable {variable.op.name} outside of "
                "tf.get_variable, so that each copy of the network would have its own: make it "
                "by tf.get_variable or a layer of tf.layers."
            )
