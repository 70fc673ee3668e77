"""tensorflow.contrib.legacy_seq2seq: decoders unrolled over lists of inputs, and their losses."""

import copy
from typing import Any, Callable, NamedTuple, Sequence

from tf1_dnn.compat import tf
from tf1_dnn.run.contrib._names import names_from
from tf1_dnn.run.contrib._rnn_wrappers import (
    EmbeddingWrapper,
    OutputProjectionWrapper,
    _Linear,
)

__getattr__, __dir__ = names_from(__name__)

LoopFunction = Callable[[Any, int], Any]  # (the output before, the step) → the input
Decoded = tuple[list[Any], Any]  # outputs and final state


def rnn_decoder(
    decoder_inputs: Any,
    initial_state: Any,
    cell: Any,
    loop_function: LoopFunction | None = None,
    scope: Any = None,
) -> Decoded:
    """A cell over a list of inputs; with `loop_function` its outputs are its next inputs."""
    state = initial_state
    outputs: list[Any] = []
    with tf.variable_scope(scope or "rnn_decoder"):
        for i, inputs in enumerate(decoder_inputs):
            if loop_function is not None and outputs:
                inputs = _looped(loop_function, outputs[-1], i)
            if i > 0:
                tf.get_variable_scope().reuse_variables()
            output, state = cell(inputs, state)
            outputs.append(output)
    return outputs, state


def basic_rnn_seq2seq(
    encoder_inputs: Any, decoder_inputs: Any, cell: Any, dtype: Any = tf.float32, scope: Any = None
) -> Decoded:
    """An encoder, and a decoder that starts from its final state."""
    with tf.variable_scope(scope or "basic_rnn_seq2seq"):
        _, state = tf.nn.static_rnn(copy.deepcopy(cell), encoder_inputs, dtype=dtype)
        return rnn_decoder(decoder_inputs, state, cell)


def tied_rnn_seq2seq(
    encoder_inputs: Any,
    decoder_inputs: Any,
    cell: Any,
    loop_function: LoopFunction | None = None,
    dtype: Any = tf.float32,
    scope: Any = None,
) -> Decoded:
    """An encoder and a decoder that share their variables."""
    with tf.variable_scope("combined_tied_rnn_seq2seq"):
        scope = scope or "tied_rnn_seq2seq"
        _, state = tf.nn.static_rnn(cell, encoder_inputs, dtype=dtype, scope=scope)
        tf.get_variable_scope().reuse_variables()
        return rnn_decoder(decoder_inputs, state, cell, loop_function, scope)


def embedding_rnn_decoder(
    decoder_inputs: Any,
    initial_state: Any,
    cell: Any,
    num_symbols: int,
    embedding_size: int,
    output_projection: Any = None,
    feed_previous: bool = False,
    update_embedding_for_previous: bool = True,
    scope: Any = None,
) -> Decoded:
    """rnn_decoder over ids: with `feed_previous` the next input is the likeliest output."""
    with tf.variable_scope(scope or "embedding_rnn_decoder") as scope:
        _check_projection(output_projection, num_symbols, scope.dtype)
        embedding = tf.get_variable("embedding", [num_symbols, embedding_size])
        loop_function = None
        if feed_previous:
            loop_function = _likeliest(embedding, output_projection, update_embedding_for_previous)
        embedded = (tf.nn.embedding_lookup(embedding, ids) for ids in decoder_inputs)
        return rnn_decoder(embedded, initial_state, cell, loop_function)


def embedding_rnn_seq2seq(
    encoder_inputs: Any,
    decoder_inputs: Any,
    cell: Any,
    num_encoder_symbols: int,
    num_decoder_symbols: int,
    embedding_size: int,
    output_projection: Any = None,
    feed_previous: Any = False,
    dtype: Any = None,
    scope: Any = None,
) -> Decoded:
    """An encoder and a decoder over ids, each with its embedding."""
    with tf.variable_scope(scope or "embedding_rnn_seq2seq") as scope:
        if dtype is not None:
            scope.set_dtype(dtype)
        encoder = EmbeddingWrapper(copy.deepcopy(cell), num_encoder_symbols, embedding_size)
        _, state = tf.nn.static_rnn(encoder, encoder_inputs, dtype=dtype or scope.dtype)
        if output_projection is None:
            cell = OutputProjectionWrapper(cell, num_decoder_symbols)

        def decode(feed_previous: bool, **options: Any) -> Decoded:
            return embedding_rnn_decoder(
                decoder_inputs,
                state,
                cell,
                num_decoder_symbols,
                embedding_size,
                output_projection,
                feed_previous,
                **options,
            )

        return _decoded(decode, feed_previous, state)


def embedding_tied_rnn_seq2seq(
    encoder_inputs: Any,
    decoder_inputs: Any,
    cell: Any,
    num_symbols: int,
    embedding_size: int,
    num_decoder_symbols: int | None = None,
    output_projection: Any = None,
    feed_previous: Any = False,
    dtype: Any = None,
    scope: Any = None,
) -> Decoded:
    """An encoder and a decoder over the same ids, which share cell and embedding."""
    with tf.variable_scope(scope or "embedding_tied_rnn_seq2seq", dtype=dtype) as scope:
        _check_projection(output_projection, num_symbols, scope.dtype)
        size = [num_symbols, embedding_size]
        embedding = tf.get_variable("embedding", size, dtype=scope.dtype)
        encoder_embedded = [tf.nn.embedding_lookup(embedding, x) for x in encoder_inputs]
        decoder_embedded = [tf.nn.embedding_lookup(embedding, x) for x in decoder_inputs]
        if output_projection is None:
            cell = OutputProjectionWrapper(cell, num_decoder_symbols or num_symbols)
        dtype = scope.dtype

        def decode(feed_previous: bool, update_embedding_for_previous: bool = True) -> Decoded:
            loop_function = None
            if feed_previous:
                loop_function = _likeliest(
                    embedding, output_projection, update_embedding_for_previous
                )
            return tied_rnn_seq2seq(encoder_embedded, decoder_embedded, cell, loop_function, dtype)

        if isinstance(feed_previous, bool):
            return decode(feed_previous)
        batch_size = tf.dimension_value(encoder_inputs[0].get_shape()[0])
        batch_size = tf.shape(encoder_inputs[0])[0] if batch_size is None else batch_size
        return _decoded(decode, feed_previous, lambda: cell.zero_state(batch_size, dtype))


class _Memory(NamedTuple):
    """What attention reads."""

    size: int
    length: Any
    hidden: Any
    features: list[Any]  # of each head
    vectors: list[Any]


def attention_decoder(
    decoder_inputs: Any,
    initial_state: Any,
    attention_states: Any,
    cell: Any,
    output_size: int | None = None,
    num_heads: int = 1,
    loop_function: LoopFunction | None = None,
    dtype: Any = None,
    scope: Any = None,
    initial_state_attention: bool = False,
) -> Decoded:
    """rnn_decoder whose cell attends to states, [batch, length, size] (arXiv:1412.7449)."""
    if not decoder_inputs:
        raise ValueError("Must provide at least 1 input to attention decoder.")
    if num_heads < 1:
        raise ValueError("With less than 1 heads, use a non-attention decoder.")
    if tf.dimension_value(attention_states.get_shape()[2]) is None:
        raise ValueError(
            f"Shape[2] of attention_states must be known: {attention_states.get_shape()}"
        )
    output_size = cell.output_size if output_size is None else output_size
    with tf.variable_scope(scope or "attention_decoder", dtype=dtype) as scope:
        batch_size = tf.shape(decoder_inputs[0])[0]
        memory = _memory(attention_states, num_heads, scope.dtype)
        shape = tf.stack([batch_size, memory.size])
        reads = [tf.zeros(shape, dtype=scope.dtype) for _ in range(num_heads)]
        for read in reads:
            read.set_shape([None, memory.size])
        if initial_state_attention:
            reads = _read(memory, initial_state, scope.dtype)
        state = initial_state
        outputs: list[Any] = []
        for i, inputs in enumerate(decoder_inputs):
            if i > 0:
                tf.get_variable_scope().reuse_variables()
            if loop_function is not None and outputs:
                inputs = _looped(loop_function, outputs[-1], i)
            size = inputs.get_shape().with_rank(2)[1]
            if tf.dimension_value(size) is None:
                raise ValueError(f"Could not infer input size from input: {inputs.name}")
            joined = [tf.cast(part, scope.dtype) for part in [inputs, *reads]]
            output, state = cell(_Linear(joined, size, True)(joined), state)
            again = True if i == 0 and initial_state_attention else None
            with tf.variable_scope(tf.get_variable_scope(), reuse=again):
                reads = _read(memory, state, scope.dtype)
            with tf.variable_scope("AttnOutputProjection"):
                joined = [tf.cast(output, scope.dtype), *reads]
                outputs.append(_Linear(joined, output_size, True)(joined))
    return outputs, state


def _memory(states: Any, num_heads: int, dtype: Any) -> _Memory:
    size = tf.dimension_value(states.get_shape()[2])
    length = tf.dimension_value(states.get_shape()[1])
    length = tf.shape(states)[1] if length is None else length
    hidden = tf.reshape(states, [-1, length, 1, size])
    features, vectors = [], []
    for head in range(num_heads):
        kernel = tf.get_variable(f"AttnW_{head}", [1, 1, size, size], dtype=dtype)
        features.append(tf.nn.conv2d(hidden, kernel, [1, 1, 1, 1], "SAME"))
        vectors.append(tf.get_variable(f"AttnV_{head}", [size], dtype=dtype))
    return _Memory(size, length, hidden, features, vectors)


def _read(memory: _Memory, query: Any, dtype: Any) -> list[Any]:
    """What each head reads with a query, a state of any structure."""
    if isinstance(query, (list, tuple)):
        query = tf.concat(tf.nest.flatten(query), 1)
    reads = []
    for head, (features, vector) in enumerate(zip(memory.features, memory.vectors)):
        with tf.variable_scope(f"Attention_{head}"):
            y = _Linear(query, memory.size, True)(query)
            y = tf.cast(tf.reshape(y, [-1, 1, 1, memory.size]), dtype)
            score = tf.reduce_sum(vector * tf.tanh(features + y), [2, 3])
            weights = tf.cast(tf.nn.softmax(tf.cast(score, tf.float32)), dtype)
            weights = tf.reshape(weights, [-1, memory.length, 1, 1])
            read = tf.reduce_sum(weights * memory.hidden, [1, 2])
            reads.append(tf.reshape(read, [-1, memory.size]))
    return reads


def embedding_attention_decoder(
    decoder_inputs: Any,
    initial_state: Any,
    attention_states: Any,
    cell: Any,
    num_symbols: int,
    embedding_size: int,
    num_heads: int = 1,
    output_size: int | None = None,
    output_projection: Any = None,
    feed_previous: bool = False,
    update_embedding_for_previous: bool = True,
    dtype: Any = None,
    scope: Any = None,
    initial_state_attention: bool = False,
) -> Decoded:
    """attention_decoder over ids."""
    if output_projection is not None:
        biases = tf.convert_to_tensor(output_projection[1], dtype=dtype)
        biases.get_shape().assert_is_compatible_with([num_symbols])
    with tf.variable_scope(scope or "embedding_attention_decoder", dtype=dtype):
        embedding = tf.get_variable("embedding", [num_symbols, embedding_size])
        loop_function = None
        if feed_previous:
            loop_function = _likeliest(embedding, output_projection, update_embedding_for_previous)
        return attention_decoder(
            [tf.nn.embedding_lookup(embedding, ids) for ids in decoder_inputs],
            initial_state,
            attention_states,
            cell,
            output_size=output_size,
            num_heads=num_heads,
            loop_function=loop_function,
            initial_state_attention=initial_state_attention,
        )


def embedding_attention_seq2seq(
    encoder_inputs: Any,
    decoder_inputs: Any,
    cell: Any,
    num_encoder_symbols: int,
    num_decoder_symbols: int,
    embedding_size: int,
    num_heads: int = 1,
    output_projection: Any = None,
    feed_previous: Any = False,
    dtype: Any = None,
    scope: Any = None,
    initial_state_attention: bool = False,
) -> Decoded:
    """An encoder over ids, and a decoder over ids that attends to its outputs."""
    with tf.variable_scope(scope or "embedding_attention_seq2seq", dtype=dtype) as scope:
        encoder = EmbeddingWrapper(copy.deepcopy(cell), num_encoder_symbols, embedding_size)
        outputs, state = tf.nn.static_rnn(encoder, encoder_inputs, dtype=scope.dtype)
        memory = tf.concat([tf.reshape(out, [-1, 1, cell.output_size]) for out in outputs], 1)
        output_size = None
        if output_projection is None:
            cell = OutputProjectionWrapper(cell, num_decoder_symbols)
            output_size = num_decoder_symbols

        def decode(feed_previous: bool, **options: Any) -> Decoded:
            return embedding_attention_decoder(
                decoder_inputs,
                state,
                memory,
                cell,
                num_decoder_symbols,
                embedding_size,
                num_heads=num_heads,
                output_size=output_size,
                output_projection=output_projection,
                feed_previous=feed_previous,
                initial_state_attention=initial_state_attention,
                **options,
            )

        return _decoded(decode, feed_previous, state)


def one2many_rnn_seq2seq(
    encoder_inputs: Any,
    decoder_inputs_dict: dict[Any, Any],
    enc_cell: Any,
    dec_cells_dict: dict[Any, Any],
    num_encoder_symbols: int,
    num_decoder_symbols_dict: dict[Any, int],
    embedding_size: int,
    feed_previous: Any = False,
    dtype: Any = None,
    scope: Any = None,
) -> tuple[dict[Any, list[Any]], dict[Any, Any]]:
    """An encoder and several decoders, by name."""
    if set(dec_cells_dict) != set(decoder_inputs_dict):
        raise ValueError("keys of dec_cells_dict != keys of decoder_inputs_dict")
    outputs, states = {}, {}
    with tf.variable_scope(scope or "one2many_rnn_seq2seq", dtype=dtype) as scope:
        encoder = EmbeddingWrapper(enc_cell, num_encoder_symbols, embedding_size)
        _, state = tf.nn.static_rnn(encoder, encoder_inputs, dtype=scope.dtype)
        for name, inputs in decoder_inputs_dict.items():
            n_symbols = num_decoder_symbols_dict[name]
            with tf.variable_scope(f"one2many_decoder_{name}"):
                cell = OutputProjectionWrapper(dec_cells_dict[name], n_symbols)

                def decode(feed_previous: bool, **_: Any) -> Decoded:
                    return embedding_rnn_decoder(
                        inputs, state, cell, n_symbols, embedding_size, None, feed_previous
                    )

                outputs[name], states[name] = _decoded(decode, feed_previous, state)
    return outputs, states


def sequence_loss_by_example(
    logits: list[Any],
    targets: list[Any],
    weights: list[Any],
    average_across_timesteps: bool = True,
    softmax_loss_function: Callable[..., Any] | None = None,
    name: str | None = None,
) -> Any:
    """The weighted cross entropy of each example, over lists of steps."""
    if len(targets) != len(logits) or len(weights) != len(logits):
        raise ValueError(
            "Lengths of logits, weights, and targets must be the same "
            f"{len(logits)}, {len(weights)}, {len(targets)}."
        )
    with tf.name_scope(name, "sequence_loss_by_example", [*logits, *targets, *weights]):
        losses = []
        for logit, target, weight in zip(logits, targets, weights):
            if softmax_loss_function is None:
                target = tf.reshape(target, [-1])
                function = tf.nn.sparse_softmax_cross_entropy_with_logits
            else:
                function = softmax_loss_function
            losses.append(function(labels=target, logits=logit) * weight)
        total = tf.add_n(losses)
        if average_across_timesteps:
            size = tf.add_n(weights)
            size += 1e-12  # for weights of zero
            total /= size
    return total


def sequence_loss(
    logits: list[Any],
    targets: list[Any],
    weights: list[Any],
    average_across_timesteps: bool = True,
    average_across_batch: bool = True,
    softmax_loss_function: Callable[..., Any] | None = None,
    name: str | None = None,
) -> Any:
    """The weighted cross entropy of all examples, over lists of steps."""
    with tf.name_scope(name, "sequence_loss", [*logits, *targets, *weights]):
        losses = sequence_loss_by_example(
            logits, targets, weights, average_across_timesteps, softmax_loss_function
        )
        cost = tf.reduce_sum(losses)
        if not average_across_batch:
            return cost
        return cost / tf.cast(tf.shape(targets[0])[0], cost.dtype)


def model_with_buckets(
    encoder_inputs: list[Any],
    decoder_inputs: list[Any],
    targets: list[Any],
    weights: list[Any],
    buckets: Sequence[tuple[int, int]],
    seq2seq: Callable[[list[Any], list[Any]], Decoded],
    softmax_loss_function: Callable[..., Any] | None = None,
    per_example_loss: bool = False,
    name: str | None = None,
) -> tuple[list[Any], list[Any]]:
    """One model for each bucket (encoder length, decoder length), all with the same variables.

    Returns the outputs and the losses of each bucket.
    """
    n_encoder, n_decoder = buckets[-1]
    for what, inputs, needed in (
        ("encoder_inputs", encoder_inputs, n_encoder),
        ("targets", targets, n_decoder),
        ("weights", weights, n_decoder),
    ):
        if len(inputs) < needed:
            raise ValueError(
                f"Length of {what} ({len(inputs)}) must be at least that of last bucket ({needed})."
            )
    loss = sequence_loss_by_example if per_example_loss else sequence_loss
    outputs, losses = [], []
    all_inputs = [*encoder_inputs, *decoder_inputs, *targets, *weights]
    with tf.name_scope(name, "model_with_buckets", all_inputs):
        for j, (n_encoder, n_decoder) in enumerate(buckets):
            with tf.variable_scope(tf.get_variable_scope(), reuse=True if j > 0 else None):
                decoded, _ = seq2seq(encoder_inputs[:n_encoder], decoder_inputs[:n_decoder])
                outputs.append(decoded)
                losses.append(
                    loss(
                        decoded,
                        targets[:n_decoder],
                        weights[:n_decoder],
                        softmax_loss_function=softmax_loss_function,
                    )
                )
    return outputs, losses


def _looped(loop_function: LoopFunction, output: Any, step: int) -> Any:
    with tf.variable_scope("loop_function", reuse=True):
        return loop_function(output, step)


def _likeliest(embedding: Any, output_projection: Any, update_embedding: bool) -> LoopFunction:
    """A loop function: the embedding of the likeliest symbol."""

    def loop_function(output: Any, step: int) -> Any:
        if output_projection is not None:
            output = tf.nn.xw_plus_b(output, output_projection[0], output_projection[1])
        embedded = tf.nn.embedding_lookup(embedding, tf.argmax(output, 1))
        return embedded if update_embedding else tf.stop_gradient(embedded)

    return loop_function


def _check_projection(output_projection: Any, num_symbols: int, dtype: Any) -> None:
    if output_projection is not None:
        for part, shape in zip(output_projection, ([None, num_symbols], [num_symbols])):
            tensor = tf.convert_to_tensor(part, dtype=dtype)
            tensor.get_shape().assert_is_compatible_with(shape)


def _decoded(decode: Callable[..., Decoded], feed_previous: Any, like: Any) -> Decoded:
    """What the decoder gives, feeding what it is told to: now, or by a tensor when it runs.

    `like` has the structure of the state, or is a function that makes one that has.
    """
    if isinstance(feed_previous, bool):
        return decode(feed_previous)
    n_outputs = []

    def branch(feed: bool) -> list[Any]:
        reuse = None if feed else True
        with tf.variable_scope(tf.get_variable_scope(), reuse=reuse):
            outputs, state = decode(feed, update_embedding_for_previous=False)
        n_outputs.append(len(outputs))
        return outputs + tf.nest.flatten(state)

    found = tf.cond(feed_previous, lambda: branch(True), lambda: branch(False))
    outputs, states = found[: n_outputs[0]], found[n_outputs[0] :]
    like = like() if callable(like) else like
    return outputs, tf.nest.pack_sequence_as(like, states)
