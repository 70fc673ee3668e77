"""tf.contrib.learn.preprocessing: documents as word ids, and as bytes."""

import collections
import pickle
import re
from typing import Any, Callable, Iterable, Iterator

import numpy as np

from tf1_dnn.compat import tf

# Capitals together, a capitalized word before another, or whatever else belongs together.
TOKENIZER_RE = re.compile(r"[A-Z]{2,}(?![a-z])|[A-Z][a-z]+(?=[A-Z])|[\'\w\-]+", re.UNICODE)

Documents = Iterable[str]


def tokenizer(iterator: Documents) -> Iterator[list[str]]:
    """The tokens of each document."""
    for document in iterator:
        yield TOKENIZER_RE.findall(document)


class CategoricalVocabulary:
    """Categories with ids, in the order in which they come; 0 is for those unknown."""

    def __init__(self, unknown_token: str = "<UNK>", support_reverse: bool = True) -> None:
        self._unknown_token, self._support_reverse = unknown_token, support_reverse
        self._freq: dict[Any, int] = collections.defaultdict(int)
        self._freeze = False
        self._name_all([])

    def _name_all(self, categories: list[Any]) -> None:
        names = [self._unknown_token, *categories]
        self._mapping = {name: i for i, name in enumerate(names)}
        self._reverse_mapping = names

    def __len__(self) -> int:
        return len(self._mapping)

    def freeze(self, freeze: bool = True) -> None:
        """Let no category in any more."""
        self._freeze = freeze

    def get(self, category: Any) -> int:
        """The category's id; a new one gets the next, unless the vocabulary is frozen."""
        if category not in self._mapping:
            if self._freeze:
                return 0
            self._mapping[category] = len(self._mapping)
            self._reverse_mapping.append(category)
        return self._mapping[category]

    def add(self, category: Any, count: int = 1) -> None:
        """Count a category."""
        if self.get(category) > 0:
            self._freq[category] += count

    def trim(self, min_frequency: int, max_frequency: int = -1) -> None:
        """Keep those that came more often than `min_frequency`, the most frequent first."""
        by_name = sorted(self._freq.items(), key=lambda item: (isinstance(item[0], str), item[0]))
        by_count = sorted(by_name, key=lambda item: item[1], reverse=True)
        kept = {
            category: count
            for category, count in by_count
            if count > min_frequency and not 0 < max_frequency <= count
        }
        self._name_all(list(kept))
        self._freq = kept

    def reverse(self, class_id: int) -> Any:
        """The category of an id."""
        if not self._support_reverse:
            raise ValueError(
                "This vocabulary wasn't initialized with support_reverse to support reverse() "
                "function."
            )
        return self._reverse_mapping[class_id]


class VocabularyProcessor:
    """Documents as rows of word ids, padded with 0 to `max_document_length`."""

    def __init__(
        self,
        max_document_length: int,
        min_frequency: int = 0,
        vocabulary: CategoricalVocabulary | None = None,
        tokenizer_fn: Callable[[Documents], Iterator[list[str]]] | None = None,
    ) -> None:
        self.max_document_length, self.min_frequency = max_document_length, min_frequency
        self.vocabulary_ = vocabulary or CategoricalVocabulary()
        self._tokenizer = tokenizer_fn or tokenizer

    def fit(self, raw_documents: Documents, unused_y: Any = None) -> "VocabularyProcessor":
        """Learn the vocabulary of the documents."""
        for tokens in self._tokenizer(raw_documents):
            for token in tokens:
                self.vocabulary_.add(token)
        if self.min_frequency > 0:
            self.vocabulary_.trim(self.min_frequency)
        self.vocabulary_.freeze()
        return self

    def fit_transform(self, raw_documents: Documents, unused_y: Any = None) -> Iterator[Any]:
        """Learn the vocabulary of the documents, and give their ids."""
        self.fit(raw_documents)
        return self.transform(raw_documents)

    def transform(self, raw_documents: Documents) -> Iterator[Any]:
        """The ids of each document, int64."""
        for tokens in self._tokenizer(raw_documents):
            ids = np.zeros(self.max_document_length, np.int64)
            for i, token in enumerate(tokens[: self.max_document_length]):
                ids[i] = self.vocabulary_.get(token)
            yield ids

    def reverse(self, documents: Iterable[Any]) -> Iterator[str]:
        """The words of rows of ids."""
        for ids in documents:
            yield " ".join(self.vocabulary_.reverse(i) for i in ids)

    def save(self, filename: str) -> None:
        """Write it to a file."""
        with tf.gfile.Open(filename, "wb") as file:
            file.write(pickle.dumps(self))

    @classmethod
    def restore(cls, filename: str) -> "VocabularyProcessor":
        """Read what `save` wrote: a pickle, so only of files that you trust."""
        with tf.gfile.Open(filename, "rb") as file:
            return pickle.loads(file.read())


class ByteProcessor:
    """Documents as rows of bytes, padded with 0 to `max_document_length`."""

    def __init__(self, max_document_length: int) -> None:
        self.max_document_length = max_document_length

    def fit(self, x: Any) -> None:
        """Bytes need no vocabulary."""

    def fit_transform(self, x: Documents) -> Iterator[Any]:
        """As `transform`."""
        return self.transform(x)

    def transform(self, x: Documents) -> Iterator[Any]:
        """The bytes of each document, uint8."""
        for document in x:
            encoded = document.encode() if isinstance(document, str) else document
            found = np.frombuffer(encoded[: self.max_document_length], dtype=np.uint8)
            yield np.pad(found, (0, self.max_document_length - len(found)), "constant")

    def reverse(self, x: Iterable[Any]) -> Iterator[str]:
        """The text of rows of bytes, empty where they are not UTF-8."""
        for row in x:
            encoded = np.trim_zeros(row.astype(np.int8), trim="b").tobytes()
            try:
                yield encoded.decode()
            except UnicodeDecodeError:
                yield ""
