"""How messages travel: between dataclasses and plain maps, with every bound checked both ways.

A field equal to its default is not sent; one that is not known is ignored; one that is missing or
outside its bounds is a FieldError naming its path. "readable" is the form for JSON: names of
enumerators instead of numbers, hex digits instead of bytes; both are understood when read.
"""
from __future__ import annotations

import dataclasses
import re
from typing import Any

from tillhost.errors import FieldError

UUID_7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def message(cls):
    """A dataclass of keyword arguments that checks its bounds when it is made."""
    def check(self) -> None:
        for name, spec, required in cls._fields:
            value = getattr(self, name)
            if value is not None or required:
                spec.check(value, name)

    cls.__post_init__ = check
    return dataclasses.dataclass(kw_only=True)(cls)


def fresh_list() -> Any:
    return dataclasses.field(default_factory=list)


class Spec:
    """One type with its bounds."""

    def check(self, value: Any, path: str) -> None:
        """FieldError unless `value` may be sent."""
        raise NotImplementedError

    def dump(self, value: Any, readable: bool) -> Any:
        """What travels; the value was checked."""
        return value

    def load(self, value: Any, path: str) -> Any:
        """The value that travelled so."""
        self.check(value, path)
        return value


class Bool(Spec):
    def check(self, value, path):
        if not isinstance(value, bool):
            raise FieldError(path, f"true or false, not {type(value).__name__}")


class Int(Spec):
    def __init__(self, low: int, high: int) -> None:
        self.low, self.high = low, high

    def check(self, value, path):
        if isinstance(value, bool) or not isinstance(value, int):
            raise FieldError(path, f"an integer from {self.low} to {self.high}, "
                                   f"not {type(value).__name__}")
        if not self.low <= value <= self.high:
            raise FieldError(path, f"an integer from {self.low} to {self.high}, not {value}")


class Text(Spec):
    def __init__(self, low: int, high: int) -> None:
        self.low, self.high = low, high

    def check(self, value, path):
        wanted = f"text of {self.low} to {self.high} characters"
        if not isinstance(value, str):
            raise FieldError(path, f"{wanted}, not {type(value).__name__}")
        if not self.low <= len(value) <= self.high:
            raise FieldError(path, f"{wanted}, not {len(value)}")


class Bytes(Spec):
    def __init__(self, low: int, high: int) -> None:
        self.low, self.high = low, high

    def check(self, value, path):
        if not isinstance(value, bytes):
            raise FieldError(path, f"bytes, not {type(value).__name__}")
        if not self.low <= len(value) <= self.high:
            raise FieldError(path, f"{self.low} to {self.high} bytes, not {len(value)}")

    def dump(self, value, readable):
        return value.hex() if readable else value

    def load(self, value, path):
        if isinstance(value, str):
            try:
                value = bytes.fromhex(value)
            except ValueError:
                raise FieldError(path, "bytes, or an even number of hex digits") from None
        return super().load(value, path)


class Id(Spec):
    def check(self, value, path):
        if not isinstance(value, str) or not UUID_7.fullmatch(value.lower()):
            raise FieldError(path, "a UUID of version 7, of make_operation_id()")


class Enum(Spec):
    def __init__(self, cls) -> None:
        self.cls = cls

    def check(self, value, path):
        if not isinstance(value, self.cls):
            names = ", ".join(f"{one.name} ({one.value})" for one in self.cls)
            raise FieldError(path, f"one of {names}")

    def dump(self, value, readable):
        return value.name if readable else int(value)

    def load(self, value, path):
        for one in self.cls:
            if value == one.name or (value == one.value and not isinstance(value, bool)):
                return one
        return super().load(None, path)


class Struct(Spec):
    def __init__(self, cls) -> None:
        self.cls = cls

    def check(self, value, path):
        if not isinstance(value, self.cls):
            raise FieldError(path, f"a {self.cls.__name__}, not {type(value).__name__}")
        for name, spec, required in self.cls._fields:
            part = getattr(value, name)
            if part is not None or required:
                spec.check(part, f"{path}.{name}" if path else name)

    def dump(self, value, readable):
        defaults = {one.name: one for one in dataclasses.fields(self.cls)}
        sent = {}
        for name, spec, required in self.cls._fields:
            part = getattr(value, name)
            if required or not _is_default(part, defaults[name]):
                sent[name] = spec.dump(part, readable)
        return sent

    def load(self, value, path):
        if not isinstance(value, dict):
            raise FieldError(path or "message", f"a map of fields, not {type(value).__name__}")
        parts = {}
        for name, spec, required in self.cls._fields:
            whole = f"{path}.{name}" if path else name
            if value.get(name) is not None:
                parts[name] = spec.load(value[name], whole)
            elif required:
                raise FieldError(whole, "is required")
        return self.cls(**parts)


class Cases(Spec):
    """A map with one entry, whose name says which struct it holds."""

    def __init__(self, cases) -> None:
        self.cases = cases

    def check(self, value, path):
        for name, cls in self.cases.items():
            if isinstance(value, cls):
                Struct(cls).check(value, f"{path}.{name}")
                return
        raise FieldError(path, f"one of: {', '.join(self.cases)}")

    def dump(self, value, readable):
        for name, cls in self.cases.items():
            if isinstance(value, cls):
                return {name: Struct(cls).dump(value, readable)}
        raise AssertionError("it was checked")

    def load(self, value, path):
        if not isinstance(value, dict) or len(value) != 1:
            raise FieldError(path, "a map with exactly one entry, the name of the case")
        (name, body), = value.items()
        if name not in self.cases:
            raise FieldError(path, f"one of: {', '.join(self.cases)}")
        return Struct(self.cases[name]).load(body, f"{path}.{name}")


class List(Spec):
    def __init__(self, item: Spec, low: int, high: int) -> None:
        self.item, self.low, self.high = item, low, high

    def check(self, value, path):
        self._check_length(value, path)
        for index, one in enumerate(value):
            self.item.check(one, f"{path}[{index}]")

    def dump(self, value, readable):
        return [self.item.dump(one, readable) for one in value]

    def load(self, value, path):
        self._check_length(value, path)
        return [self.item.load(one, f"{path}[{index}]") for index, one in enumerate(value)]

    def _check_length(self, value, path):
        wanted = f"a list of {self.low} to {self.high} entries"
        if not isinstance(value, (list, tuple)):
            raise FieldError(path, f"{wanted}, not {type(value).__name__}")
        if not self.low <= len(value) <= self.high:
            raise FieldError(path, f"{wanted}, not {len(value)}")


def _is_default(value: Any, of: dataclasses.Field) -> bool:
    if of.default_factory is not dataclasses.MISSING:
        return len(value) == 0
    return value == of.default


def dump(value: Any, readable: bool = False) -> dict:
    """The map that travels. FieldError if a bound is broken (a field may have been set since)."""
    spec = Struct(type(value))
    spec.check(value, "")
    return spec.dump(value, readable)


def load(cls, value: Any):
    """The message of that class. FieldError naming the first field that is wrong."""
    return Struct(cls).load(value, "")
