#!/usr/bin/env python3
"""Makes contract/shapes.h and .cpp from the schema: what the fields of messages are, for readers
of forms that do not tell a number from a text.

usage: shapes.py SCHEMA_DIR OUT_DIR
"""
import sys

sys.dont_write_bytecode = True
import generate  # noqa: E402
import pair  # noqa: E402

KINDS = {"bool": "boolean", "int": "integer", "text": "text", "bytes": "bytes", "id": "id"}


def header():
    yield from generate.header_top(["<cstdint>", "<span>", "<string_view>", "",
                                    '"ipc/contract/kinds.h"'])
    yield "enum class ShapeKind : std::uint8_t {"
    yield "    boolean,"
    yield "    integer,  ///< signed, 64 bits"
    yield "    text,"
    yield "    bytes,"
    yield "    id,          ///< of an operation"
    yield "    enumerator,  ///< a word"
    yield "    record,"
    yield "    choice,  ///< exactly one of its fields"
    yield "};"
    yield "struct TypeShape;"
    yield "struct FieldShape {"
    yield "    std::string_view name;"
    yield "    ShapeKind kind = ShapeKind::text;"
    yield "    const TypeShape* type = nullptr;  ///< of a record and a choice"
    yield "    bool is_list = false;"
    yield "    bool may_miss = false;  ///< it is optional or has a default"
    yield "};"
    yield "/// A struct or a union of the schema; bounds are the decoders' matter."
    yield "struct TypeShape {"
    yield "    std::string_view name;"
    yield "    ShapeKind kind = ShapeKind::record;"
    yield "    std::span<const FieldShape> fields{};"
    yield "    bool has_bytes = false;  ///< in it or below it"
    yield "};"
    yield "/// The body of such a request, or of its reply. Of an unspecified one: no fields."
    yield "const TypeShape& request_shape(RequestKind kind);"
    yield "const TypeShape& reply_shape(RequestKind kind);"
    yield "/// EventBody."
    yield "const TypeShape& event_body_shape();"
    yield ""
    yield "}  // namespace tillhost::contract"


def row(schema, key, field):
    name = generate.element(field)
    is_list = isinstance(field["type"], list)
    may_miss = bool(field.get("optional") or "default" in field)
    kind, of = KINDS.get(name, "enumerator"), "nullptr"
    if name in schema["structs"] or name in schema["unions"]:
        kind, of = "record" if name in schema["structs"] else "choice", f"&k{name}"
    flags = f"{str(is_list).lower()}, {str(may_miss).lower()}"
    return f'    {{"{key}", ShapeKind::{kind}, {of}, {flags}}},'


def type_shape(schema, name):
    is_struct = name in schema["structs"]
    if is_struct:
        fields = schema["structs"][name]["fields"]
    else:
        fields = {key: {"type": case} for key, case in schema["unions"][name]["cases"].items()}
    kind = "record" if is_struct else "choice"
    bytes_below = str(has_bytes(schema, name)).lower()
    if not fields:
        yield f'constexpr TypeShape k{name}{{"{name}", ShapeKind::{kind}}};'
        return
    yield f"constexpr FieldShape k{name}Fields[] = {{"
    yield from (row(schema, key, field) for key, field in fields.items())
    yield "};"
    yield f'constexpr TypeShape k{name}{{"{name}", ShapeKind::{kind}, k{name}Fields,'
    yield f"                             {bytes_below}}};"


def has_bytes(schema, name):
    if name in schema["structs"]:
        types = [generate.element(f) for f in schema["structs"][name]["fields"].values()]
    else:
        types = schema["unions"].get(name, {"cases": {}})["cases"].values()
    return any(each == "bytes" or has_bytes(schema, each) for each in types)


def needed(schema):
    """Types that messages are made of, each behind what it is made of."""
    waiting, found = ["EventBody"], set()
    for entry in schema["requests"].values():
        waiting += [entry["request"], entry["reply"]]
    while waiting:
        name = waiting.pop()
        if name in found or name not in {**schema["structs"], **schema["unions"]}:
            continue
        found.add(name)
        if name in schema["structs"]:
            waiting += map(generate.element, schema["structs"][name]["fields"].values())
        else:
            waiting += schema["unions"][name]["cases"].values()
    return [name for name in generate.ordered(schema) if name in found]


def source(schema):
    yield from generate.source_top("shapes", [])
    yield "namespace {"
    yield ""
    for name in needed(schema):
        yield from type_shape(schema, name)
    yield ""
    yield 'constexpr TypeShape kNone{"", ShapeKind::record};'
    yield ""
    yield "}  // namespace"
    yield ""
    for part in ("request", "reply"):
        yield f"const TypeShape& {part}_shape(RequestKind kind) {{"
        yield "    switch (kind) {"
        yield "        case RequestKind::unspecified: break;"
        for key, entry in schema["requests"].items():
            yield f"        case RequestKind::{key}: return k{entry[part]};"
        yield "    }"
        yield "    return kNone;"
        yield "}"
    yield "const TypeShape& event_body_shape() { return kEventBody; }"
    yield ""
    yield "}  // namespace tillhost::contract"


if __name__ == "__main__":
    sys.exit(pair.make("shapes", header, source, sys.argv[1:], __doc__))
