"""Plain data as bytes and back: MessagePack, with whole numbers of any size.

In come structs, dicts, lists, texts and numbers; out go bytes, and from them the same again. Knows no meaning.
"""

from typing import Any, TypeVar

import msgspec
from msgspec.msgpack import Ext

T = TypeVar("T")

_INTEGER = 1
"""The extension that holds a whole number beyond 64 bits, such as a sum of absurd values, in decimal figures."""


def encode(value: Any) -> bytes:
    """Plain data as bytes."""
    try:
        return msgspec.msgpack.encode(value)
    except OverflowError:
        return msgspec.msgpack.encode(_in_parts(value))


def decode(data: bytes | msgspec.Raw, kind: type[T]) -> T:
    """What `encode` made bytes of, as a `kind`. Raises msgspec.DecodeError where they are something else."""
    return msgspec.convert(msgspec.msgpack.decode(data, ext_hook=_integer), kind)


def _in_parts(value: Any) -> Any:
    """A value whose parts are encoded each for itself, so that only what holds a large number takes longer."""
    if isinstance(value, int):
        return Ext(_INTEGER, str(value).encode())
    if isinstance(value, dict):
        return {key: msgspec.Raw(encode(member)) for key, member in value.items()}
    if isinstance(value, msgspec.Struct):
        fields = msgspec.structs.astuple if value.__struct_config__.array_like else msgspec.structs.asdict
        return _in_parts(fields(value))
    return [msgspec.Raw(encode(element)) for element in value]


def _integer(code: int, data: memoryview) -> int:
    if code != _INTEGER:
        raise msgspec.ValidationError(f"no such extension: {code}")
    return int(bytes(data))
