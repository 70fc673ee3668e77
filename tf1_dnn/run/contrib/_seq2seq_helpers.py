"""tf.contrib.seq2seq's helpers: where a decoder's next inputs come from."""

import abc
from typing import Any, Callable

from tf1_dnn.compat import tf

Pair = tuple[Any, Any]
Triple = tuple[Any, Any, Any]


def transpose_batch_time(tensor: Any) -> Any:
    """A tensor with its first two axes exchanged."""
    from tensorflow.python.ops import rnn

    return rnn._transpose_batch_time(tensor)


class Helper(abc.ABC):
    """What BasicDecoder asks for samples and inputs."""

    @property
    @abc.abstractmethod
    def batch_size(self) -> Any:
        """The number of sequences."""

    @property
    @abc.abstractmethod
    def sample_ids_shape(self) -> Any:
        """The shape of one sequence's sample."""

    @property
    @abc.abstractmethod
    def sample_ids_dtype(self) -> Any:
        """The dtype of samples."""

    @abc.abstractmethod
    def initialize(self, name: str | None = None) -> Pair:
        """Which sequences are finished before the first step, and its inputs."""

    @abc.abstractmethod
    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        """The samples of a step's outputs."""

    @abc.abstractmethod
    def next_inputs(
        self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None
    ) -> Triple:
        """Which sequences are finished, the next step's inputs, and its state."""


class CustomHelper(Helper):
    """A helper of three functions."""

    def __init__(
        self,
        initialize_fn: Callable[[], Pair],
        sample_fn: Callable[..., Any],
        next_inputs_fn: Callable[..., Triple],
        sample_ids_shape: Any = None,
        sample_ids_dtype: Any = None,
    ) -> None:
        self._initialize_fn, self._sample_fn = initialize_fn, sample_fn
        self._next_inputs_fn = next_inputs_fn
        self._batch_size: Any = None
        self._sample_ids_shape = tf.TensorShape(sample_ids_shape or [])
        self._sample_ids_dtype = sample_ids_dtype or tf.int32

    @property
    def batch_size(self) -> Any:
        if self._batch_size is None:
            raise ValueError("batch_size accessed before initialize was called")
        return self._batch_size

    @property
    def sample_ids_shape(self) -> Any:
        return self._sample_ids_shape

    @property
    def sample_ids_dtype(self) -> Any:
        return self._sample_ids_dtype

    def initialize(self, name: str | None = None) -> Pair:
        with tf.name_scope(name, f"{type(self).__name__}Initialize"):
            finished, inputs = self._initialize_fn()
            if self._batch_size is None:
                self._batch_size = tf.size(finished)
        return finished, inputs

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        with tf.name_scope(name, f"{type(self).__name__}Sample", (time, outputs, state)):
            return self._sample_fn(time=time, outputs=outputs, state=state)

    def next_inputs(
        self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None
    ) -> Triple:
        with tf.name_scope(name, f"{type(self).__name__}NextInputs", (time, outputs, state)):
            return self._next_inputs_fn(
                time=time, outputs=outputs, state=state, sample_ids=sample_ids
            )


class _IdsHelper(Helper):
    """A helper whose samples are ids, one for each sequence."""

    _batch_size: Any

    @property
    def batch_size(self) -> Any:
        return self._batch_size

    @property
    def sample_ids_shape(self) -> Any:
        return tf.TensorShape([])

    @property
    def sample_ids_dtype(self) -> Any:
        return tf.int32


class TrainingHelper(_IdsHelper):
    """The inputs are given: teacher forcing."""

    def __init__(
        self,
        inputs: Any,
        sequence_length: Any,
        time_major: bool = False,
        name: str | None = None,
    ) -> None:
        with tf.name_scope(name, "TrainingHelper", [inputs, sequence_length]):
            self._inputs = inputs = tf.convert_to_tensor(inputs, name="inputs")
            if not time_major:
                inputs = transpose_batch_time(inputs)
            self._array = _as_array(inputs)
            lengths = tf.convert_to_tensor(sequence_length, name="sequence_length")
            self._sequence_length = lengths
            if lengths.get_shape().ndims != 1:
                raise ValueError(
                    "Expected sequence_length to be a vector, but received shape: "
                    f"{lengths.get_shape()}"
                )
            self._zero_inputs = tf.zeros_like(inputs[0, :])
            self._batch_size = tf.size(sequence_length)

    @property
    def inputs(self) -> Any:
        """As they were given."""
        return self._inputs

    @property
    def sequence_length(self) -> Any:
        """The length of each sequence."""
        return self._sequence_length

    def initialize(self, name: str | None = None) -> Pair:
        with tf.name_scope(name, "TrainingHelperInitialize"):
            finished = tf.equal(0, self._sequence_length)
            return finished, self._read(0, tf.reduce_all(finished))

    def sample(self, time: Any, outputs: Any, state: Any = None, name: str | None = None) -> Any:
        with tf.name_scope(name, "TrainingHelperSample", [time, outputs]):
            return tf.cast(tf.argmax(outputs, axis=-1), tf.int32)

    def next_inputs(
        self,
        time: Any,
        outputs: Any,
        state: Any,
        sample_ids: Any = None,
        name: str | None = None,
    ) -> Triple:
        with tf.name_scope(name, "TrainingHelperNextInputs", [time, outputs, state]):
            next_time = time + 1
            finished = next_time >= self._sequence_length
            return finished, self._read(next_time, tf.reduce_all(finished)), state

    def _read(self, time: Any, all_finished: Any) -> Any:
        return tf.cond(all_finished, lambda: self._zero_inputs, lambda: self._array.read(time))


class ScheduledEmbeddingTrainingHelper(TrainingHelper):
    """Now and then the embedding of a sample in the place of the given input (1506.03099)."""

    def __init__(
        self,
        inputs: Any,
        sequence_length: Any,
        embedding: Any,
        sampling_probability: Any,
        time_major: bool = False,
        seed: int | None = None,
        scheduling_seed: int | None = None,
        name: str | None = None,
    ) -> None:
        scope = "ScheduledEmbeddingSamplingWrapper"
        with tf.name_scope(name, scope, [embedding, sampling_probability]):
            self._embedding_fn = _lookup(embedding)
            self._sampling_probability = _probability(sampling_probability)
            self._seed, self._scheduling_seed = seed, scheduling_seed
            super().__init__(inputs, sequence_length, time_major, name)

    def sample(self, time: Any, outputs: Any, state: Any = None, name: str | None = None) -> Any:
        scope = "ScheduledEmbeddingTrainingHelperSample"
        with tf.name_scope(name, scope, [time, outputs, state]):
            chosen = _bernoulli(
                self._sampling_probability, tf.bool, self.batch_size, self._scheduling_seed
            )
            samples = _categorical(outputs, self._seed)
            return tf.where(chosen, samples, tf.raw_ops.Fill(dims=[self.batch_size], value=-1))

    def next_inputs(
        self,
        time: Any,
        outputs: Any,
        state: Any,
        sample_ids: Any = None,
        name: str | None = None,
    ) -> Triple:
        scope = "ScheduledEmbeddingTrainingHelperNextInputs"
        with tf.name_scope(name, scope, [time, outputs, state, sample_ids]):
            finished, given, state = super().next_inputs(time, outputs, state, sample_ids, name)

            def sampled() -> Any:
                chosen = tf.cast(tf.where(sample_ids > -1), tf.int32)
                others = tf.cast(tf.where(sample_ids <= -1), tf.int32)
                ids = tf.gather_nd(sample_ids, chosen)
                others_inputs = tf.gather_nd(given, others)
                return _scattered(given, chosen, self._embedding_fn(ids), others, others_inputs)

            return finished, tf.cond(tf.reduce_all(finished), lambda: given, sampled), state


class ScheduledOutputTrainingHelper(TrainingHelper):
    """Now and then the last output in the place of the given input (1506.03099)."""

    def __init__(
        self,
        inputs: Any,
        sequence_length: Any,
        sampling_probability: Any,
        time_major: bool = False,
        seed: int | None = None,
        next_inputs_fn: Callable[[Any], Any] | None = None,
        auxiliary_inputs: Any = None,
        name: str | None = None,
    ) -> None:
        scope = "ScheduledOutputTrainingHelper"
        with tf.name_scope(name, scope, [inputs, auxiliary_inputs, sampling_probability]):
            self._sampling_probability = _probability(sampling_probability)
            self._auxiliary = None
            if auxiliary_inputs is not None:
                inputs = tf.convert_to_tensor(inputs, name="inputs")
                auxiliary = tf.convert_to_tensor(auxiliary_inputs, name="auxiliary_inputs")
                inputs = tf.concat((inputs, auxiliary), -1)
                auxiliary = auxiliary if time_major else transpose_batch_time(auxiliary)
                self._auxiliary = _as_array(auxiliary)
            self._seed, self._next_inputs_fn = seed, next_inputs_fn
            super().__init__(inputs, sequence_length, time_major, name)

    def sample(self, time: Any, outputs: Any, state: Any = None, name: str | None = None) -> Any:
        scope = "ScheduledOutputTrainingHelperSample"
        with tf.name_scope(name, scope, [time, outputs, state]):
            return _bernoulli(self._sampling_probability, tf.int32, self.batch_size, self._seed)

    def next_inputs(
        self,
        time: Any,
        outputs: Any,
        state: Any,
        sample_ids: Any = None,
        name: str | None = None,
    ) -> Triple:
        scope = "ScheduledOutputTrainingHelperNextInputs"
        with tf.name_scope(name, scope, [time, outputs, state, sample_ids]):
            finished, given, state = super().next_inputs(time, outputs, state, sample_ids, name)
            chosen = tf.cast(sample_ids, tf.bool)
            all_finished = tf.reduce_all(finished)
            stay = tf.logical_or(all_finished, tf.logical_not(tf.reduce_any(chosen)))
            inputs = tf.cond(
                stay, lambda: given, lambda: self._sampled(time, outputs, given, chosen)
            )
            return finished, inputs, state

    def _sampled(self, time: Any, outputs: Any, given: Any, chosen: Any) -> Any:
        if self._next_inputs_fn is None:
            return tf.where(chosen, self._with_auxiliary(time, outputs), given)
        where = tf.cast(tf.where(chosen), tf.int32)
        others = tf.cast(tf.where(tf.logical_not(chosen)), tf.int32)
        chosen_outputs = tf.gather_nd(outputs, where)
        others_inputs = tf.gather_nd(given, others)
        inputs = self._with_auxiliary(time, self._next_inputs_fn(chosen_outputs), where)
        return _scattered(given, where, inputs, others, others_inputs)

    def _with_auxiliary(self, time: Any, outputs: Any, where: Any = None) -> Any:
        if self._auxiliary is None:
            return outputs
        auxiliary = self._auxiliary.read(time + 1)
        if where is not None:
            auxiliary = tf.gather_nd(auxiliary, where)
        return tf.concat((outputs, auxiliary), -1)


class GreedyEmbeddingHelper(_IdsHelper):
    """The embedding of the likeliest id of the step before."""

    def __init__(self, embedding: Any, start_tokens: Any, end_token: Any) -> None:
        self._embedding_fn = _lookup(embedding)
        self._start_tokens = tf.convert_to_tensor(start_tokens, tf.int32, name="start_tokens")
        self._end_token = tf.convert_to_tensor(end_token, tf.int32, name="end_token")
        if self._start_tokens.get_shape().ndims != 1:
            raise ValueError("start_tokens must be a vector")
        self._batch_size = tf.size(start_tokens)
        if self._end_token.get_shape().ndims != 0:
            raise ValueError("end_token must be a scalar")
        self._start_inputs = self._embedding_fn(self._start_tokens)

    def initialize(self, name: str | None = None) -> Pair:
        return tf.tile([False], [self._batch_size]), self._start_inputs

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        return tf.argmax(_one_tensor(outputs), axis=-1, output_type=tf.int32)

    def next_inputs(
        self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None
    ) -> Triple:
        finished = tf.equal(sample_ids, self._end_token)
        inputs = tf.cond(
            tf.reduce_all(finished),
            lambda: self._start_inputs,
            lambda: self._embedding_fn(sample_ids),
        )
        return finished, inputs, state


class SampleEmbeddingHelper(GreedyEmbeddingHelper):
    """The embedding of an id drawn by the step before."""

    def __init__(
        self,
        embedding: Any,
        start_tokens: Any,
        end_token: Any,
        softmax_temperature: Any = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(embedding, start_tokens, end_token)
        self._softmax_temperature, self._seed = softmax_temperature, seed

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        logits = _one_tensor(outputs)
        if self._softmax_temperature is not None:
            logits = logits / self._softmax_temperature
        return _categorical(logits, self._seed)


class InferenceHelper(Helper):
    """Whatever a function draws from the step before."""

    def __init__(
        self,
        sample_fn: Callable[[Any], Any],
        sample_shape: Any,
        sample_dtype: Any,
        start_inputs: Any,
        end_fn: Callable[[Any], Any],
        next_inputs_fn: Callable[[Any], Any] | None = None,
    ) -> None:
        self._sample_fn, self._end_fn, self._next_inputs_fn = sample_fn, end_fn, next_inputs_fn
        self._sample_shape, self._sample_dtype = tf.TensorShape(sample_shape), sample_dtype
        self._batch_size = tf.shape(start_inputs)[0]
        self._start_inputs = tf.convert_to_tensor(start_inputs, name="start_inputs")

    @property
    def batch_size(self) -> Any:
        return self._batch_size

    @property
    def sample_ids_shape(self) -> Any:
        return self._sample_shape

    @property
    def sample_ids_dtype(self) -> Any:
        return self._sample_dtype

    def initialize(self, name: str | None = None) -> Pair:
        return tf.tile([False], [self._batch_size]), self._start_inputs

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        return self._sample_fn(outputs)

    def next_inputs(
        self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None
    ) -> Triple:
        inputs = self._next_inputs_fn(sample_ids) if self._next_inputs_fn else sample_ids
        return self._end_fn(sample_ids), inputs, state


def _as_array(tensor: Any) -> Any:
    array = tf.TensorArray(
        dtype=tensor.dtype, size=tf.shape(tensor)[0], element_shape=tensor.get_shape()[1:]
    )
    return array.unstack(tensor)


def _lookup(embedding: Any) -> Callable[[Any], Any]:
    if callable(embedding):
        return embedding
    return lambda ids: tf.nn.embedding_lookup(embedding, ids)


def _probability(value: Any) -> Any:
    probability = tf.convert_to_tensor(value, name="sampling_probability")
    if probability.get_shape().ndims not in (0, 1):
        raise ValueError(
            "sampling_probability must be either a scalar or a vector. "
            f"saw shape: {probability.get_shape()}"
        )
    return probability


def _one_tensor(outputs: Any) -> Any:
    if not isinstance(outputs, tf.Tensor):
        raise TypeError(f"Expected outputs to be a single Tensor, got: {type(outputs)}")
    return outputs


def _scattered(like: Any, where: Any, values: Any, others: Any, others_values: Any) -> Any:
    """A tensor of the shape of `like` with `values` in some places and others in the others."""
    shape = tf.shape(like)
    chosen = tf.scatter_nd(indices=where, updates=values, shape=shape)
    return chosen + tf.scatter_nd(indices=others, updates=others_values, shape=shape)


def _samples(draw: Callable[[Any], Any], sample_shape: Any) -> Any:
    """What `draw(n)` gives, in the sample's shape."""
    with tf.name_scope(None, "call_sampler", values=[sample_shape]):
        shape = tf.convert_to_tensor(sample_shape, dtype=tf.int32, name="sample_shape")
        missing = tf.cast(tf.equal(tf.rank(shape), 0), tf.int32)
        padded = tf.pad(tf.shape(shape), paddings=[[missing, 0]], constant_values=1)
        shape = tf.reshape(shape, padded)
        drawn = draw(tf.reduce_prod(shape))
        return tf.reshape(drawn, tf.concat([shape, tf.shape(drawn)[1:]], 0))


def _bernoulli(probability: Any, dtype: Any, sample_shape: Any, seed: int | None) -> Any:
    probability = tf.convert_to_tensor(probability, name="probs")
    batch_shape = tf.shape(probability)

    def draw(n: Any) -> Any:
        shape = tf.concat([[n], batch_shape], 0)
        uniform = tf.random_uniform(shape, seed=seed, dtype=probability.dtype)
        return tf.cast(tf.less(uniform, probability), dtype)

    return _samples(draw, sample_shape)


def _categorical(logits: Any, seed: int | None) -> Any:
    logits = tf.convert_to_tensor(logits, name="logits")
    n_events = tf.shape(logits)[-1]
    batch_shape = tf.shape(logits)[:-1]

    def draw(n: Any) -> Any:
        matrix = logits if logits.shape.ndims == 2 else tf.reshape(logits, [-1, n_events])
        dtype = tf.int64 if logits.dtype.size > 4 else tf.int32
        draws = tf.multinomial(matrix, n, seed=seed, output_dtype=dtype)
        draws = tf.reshape(tf.transpose(draws), tf.concat([[n], batch_shape], 0))
        return tf.cast(draws, tf.int32)

    return _samples(draw, ())
