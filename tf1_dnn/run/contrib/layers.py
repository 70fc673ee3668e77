"""tensorflow.contrib.layers: tf_slim's layers, and the encoders that it left out."""

from typing import Any

from tf1_dnn.compat import tf
from tf1_dnn.run.contrib._names import names_from

__getattr__, __dir__ = names_from(
    __name__,
    "tf_slim.layers",
    "tf_slim.layers.layers",
    renamed={
        "initializers": "tf_slim.layers.initializers",
        "regularizers": "tf_slim.layers.regularizers",
        "utils": "tf_slim.layers.utils",
        "dense_to_sparse_tensor": "tf_slim.layers.sparse_ops.dense_to_sparse_tensor",
        "safe_embedding_lookup_sparse": "tensorflow.nn.safe_embedding_lookup_sparse",
    },
)


def embed_sequence(
    ids: Any,
    vocab_size: int | None = None,
    embed_dim: int | None = None,
    unique: bool = False,
    initializer: Any = None,
    regularizer: Any = None,
    trainable: bool = True,
    scope: Any = None,
    reuse: bool | None = None,
) -> Any:
    """The rows of a model variable `embeddings` that belong to `ids`."""
    if not reuse and not (vocab_size and embed_dim):
        raise ValueError(
            "Must specify vocab size and embedding dimension when not reusing. "
            f"Got vocab_size={vocab_size} and embed_dim={embed_dim}"
        )
    shape = [vocab_size, embed_dim]
    known = embed_dim is not None and not (reuse and vocab_size is None)
    with tf.variable_scope(scope, "EmbedSequence", [ids], reuse=reuse):
        embeddings = _embeddings(shape if known else None, initializer, regularizer, trainable)
        if unique:
            return embedding_lookup_unique(embeddings, ids)
        return tf.nn.embedding_lookup(embeddings, ids)


def bow_encoder(
    ids: Any,
    vocab_size: int,
    embed_dim: int,
    sparse_lookup: bool = True,
    initializer: Any = None,
    regularizer: Any = None,
    trainable: bool = True,
    scope: Any = None,
    reuse: bool | None = None,
) -> Any:
    """A bag of words: the mean of the embeddings of each row of `ids`."""
    if not vocab_size or not embed_dim:
        raise ValueError("Must specify vocab size and embedding dimension")
    sparse = isinstance(ids, tf.SparseTensor)
    with tf.variable_scope(scope, "bow_encoder", [ids], reuse=reuse):
        embeddings = _embeddings([vocab_size, embed_dim], initializer, regularizer, trainable)
        if sparse_lookup:
            sparse_ids = ids if sparse else __getattr__("dense_to_sparse_tensor")(ids)
            lookup = tf.nn.safe_embedding_lookup_sparse
            return lookup([embeddings], sparse_ids, combiner="mean", default_id=0)
        if sparse:
            raise TypeError(f"ids are expected to be dense Tensor, got: {ids}")
        return tf.reduce_mean(tf.nn.embedding_lookup(embeddings, ids), axis=1)


def embedding_lookup_unique(
    params: Any, ids: Any, partition_strategy: str = "mod", name: str | None = None
) -> Any:
    """`tf.nn.embedding_lookup` that fetches each row once, however often its id occurs."""
    with tf.name_scope(name, "EmbeddingLookupUnique", [params, ids]):
        ids = tf.convert_to_tensor(ids)
        shape = tf.shape(ids)
        unique_ids, positions = tf.unique(tf.reshape(ids, tf.reduce_prod(shape, keepdims=True)))
        rows = tf.nn.embedding_lookup(params, unique_ids, partition_strategy)
        found = tf.gather(rows, positions)
        result = tf.reshape(found, tf.concat([shape, tf.shape(rows)[1:]], 0))
        result.set_shape(ids.get_shape().concatenate(rows.get_shape()[1:]))
        return result


def _embeddings(shape: Any, initializer: Any, regularizer: Any, trainable: bool) -> Any:
    from tensorflow.contrib import framework

    return framework.model_variable(
        "embeddings",
        shape=shape,
        initializer=initializer,
        regularizer=regularizer,
        trainable=trainable,
    )
