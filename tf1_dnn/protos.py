"""TensorFlow's messages that TensorBoard does not carry, made from their definitions."""

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format


def make_messages(definition: str) -> list[Any]:
    """The classes of a FileDescriptorProto's messages, in its order.

    `definition` is its text. What it depends on must have been imported.
    """
    file = text_format.Parse(definition, descriptor_pb2.FileDescriptorProto())
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(file.SerializeToString())
    names = [f"{file.package}.{message.name}" for message in file.message_type]
    return [message_factory.GetMessageClass(pool.FindMessageTypeByName(name)) for name in names]
