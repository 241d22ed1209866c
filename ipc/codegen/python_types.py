"""The Python side of generate.py: messages.py with one dataclass a struct and one enum an enum.

What bounds mean, and how values travel, stands in ipc/client/python/tillhost/codec.py.
"""
import keyword

PLAIN = {"bool": "bool", "int": "int", "text": "str", "bytes": "bytes", "id": "str"}


def annotation(field, element):
    name = PLAIN.get(element, element)
    if isinstance(field["type"], list):
        return f"list[{name}]"
    return f"Optional[{name}]" if field.get("optional") else name


def spec(schema, field, element):
    """The expression of codec.py that knows the field's type and bounds."""
    is_list = isinstance(field["type"], list)
    prefix = "item_" if is_list else ""
    low, high = field.get(prefix + "min", 0), field.get(prefix + "max", 0)
    if element in ("int", "text", "bytes"):
        one = f"codec.{element.capitalize()}({low}, {high})"
    elif element in ("bool", "id"):
        one = f"codec.{element.capitalize()}()"
    elif element in schema["enums"]:
        one = f"codec.Enum({element})"
    elif element in schema["unions"]:
        one = f"{element}_SPEC"
    else:
        one = f"codec.Struct({element})"
    return f"codec.List({one}, {field.get('min', 0)}, {field['max']})" if is_list else one


def default(schema, field):
    """The expression of the default, or None where the field is required."""
    if field.get("optional"):
        return "None"
    if "default" not in field:
        return None
    value, kind = field["default"], field["type"]
    if isinstance(kind, list):
        return "codec.fresh_list()"
    if kind == "bytes":
        return 'b""'
    if kind == "text":
        return repr(str(value))
    if kind in schema["enums"]:
        return f"{kind}.{value}"
    return repr(value)


def write_enums(schema):
    for name, entry in schema["enums"].items():
        yield f"class {name}(enum.IntEnum):"
        yield f'    """{entry["doc"]}"""'
        yield ""
        yield from (f"    {key} = {number}" for key, number in entry["values"].items())
        yield ""
        yield ""


def write_struct(schema, name, entry, element_of, bounds_text):
    for key in entry["fields"]:
        if keyword.iskeyword(key):
            raise ValueError(f"{name}.{key}: a keyword of Python")
    yield "@codec.message"
    yield f"class {name}:"
    yield f'    """{entry["doc"]}"""'
    yield ""
    for key, field in entry["fields"].items():
        element = element_of(field)
        value = default(schema, field)
        yield f"    #: {field['doc']} ({bounds_text(field)})"
        tail = "" if value is None else f" = {value}"
        yield f"    {key}: {annotation(field, element)}{tail}"
    yield "    _fields = ("
    for key, field in entry["fields"].items():
        required = "default" not in field and not field.get("optional")
        yield f'        ("{key}", {spec(schema, field, element_of(field))}, {required}),'
    yield "    )"
    yield ""
    yield ""


def write_union(name, entry):
    cases = ", ".join(f'"{key}": {case}' for key, case in entry["cases"].items())
    yield f"#: {entry['doc']}"
    yield f"{name} = Union[{', '.join(entry['cases'].values())}]"
    yield f"{name}_SPEC = codec.Cases({{{cases}}})"
    yield ""
    yield ""


def write_module(schema, order, element_of, bounds_text):
    yield '"""Generated from ipc/schema/v1 by ipc/codegen/generate.py; edit the schema instead."""'
    yield "from __future__ import annotations"
    yield ""
    yield "import enum"
    yield "from typing import Optional, Union"
    yield ""
    yield "from tillhost import codec"
    yield ""
    yield f'SCHEMA_HASH = "{schema["hash"]}"'
    yield ""
    yield ""
    yield from write_enums(schema)
    for name in order:
        if name in schema["unions"]:
            yield from write_union(name, schema["unions"][name])
        else:
            yield from write_struct(schema, name, schema["structs"][name], element_of, bounds_text)
    yield "#: Every kind of request: its body and its reply; of a union, what reads it."
    yield "REQUESTS = {"
    for kind, entry in schema["requests"].items():
        reply = entry["reply"] + ("_SPEC" if entry["reply"] in schema["unions"] else "")
        yield f'    "{kind}": ({entry["request"]}, {reply}),'
    yield "}"
