#!/usr/bin/env python3
"""Makes the contract from the schema: C++ structs with bounds and codecs, the same in Python, and
the reference pages.

usage: generate.py SCHEMA_DIR --cpp OUT_DIR | --python OUT_DIR | --docs OUT_DIR [--check]
"""
import hashlib
import pathlib
import sys

import yaml

sys.dont_write_bytecode = True
import pages  # noqa: E402
import python_types  # noqa: E402

#: What a C++ header holds: a daemon's messages change without compiling the others anew. One below
#: may use the types of those above.
HEADERS = {
    "messages": ["common", "access", "fiscal_registrar", "payment_terminal", "barcode_scanner",
                 "receipt_printer", "dongle", "sale", "operations", "lease", "admin", "ops",
                 "audit", "events", "client", "host_link"],
    "licence": ["licence"],
}
FILES = [file for files in HEADERS.values() for file in files]
DAEMONS = ["devd", "licd"]
SECTIONS = ["enums", "structs", "unions", "requests"]
PLAIN = {"bool": "bool", "int": "std::int64_t", "text": "std::string", "bytes": "base::Bytes",
         "id": "base::OperationId"}


#: Names of the schema that C++ keeps for itself get an underscore behind them there.
CPP_KEYWORDS = {"operator", "default", "new", "delete"}


class SchemaError(Exception):
    """The schema itself is wrong."""


def load(folder):
    """All files as one dictionary a section; every entry remembers its file."""
    schema = {section: {} for section in SECTIONS}
    digest = hashlib.sha256()
    for name in FILES:
        raw = (pathlib.Path(folder) / f"{name}.yaml").read_bytes()
        digest.update(raw)
        for section, entries in yaml.safe_load(raw).items():
            for key, entry in entries.items():
                if key in schema[section]:
                    raise SchemaError(f"{key} stands twice in {section}")
                schema[section][key] = {**entry, "file": name}
    schema["hash"] = digest.hexdigest()[:16]
    return schema


def part_of(schema, header):
    """What belongs into that header."""
    part = {section: {name: entry for name, entry in schema[section].items()
                      if entry["file"] in HEADERS[header]} for section in SECTIONS}
    return {**part, "whole": schema}


def element(field):
    """The type's name without the list around it."""
    return field["type"][0] if isinstance(field["type"], list) else field["type"]


def enumerator(name):
    return f"{name}_" if name in CPP_KEYWORDS else name


def cpp_name(schema, name):
    schema = schema.get("whole", schema)
    if name in PLAIN:
        return PLAIN[name]
    if name in schema["enums"]:
        return schema["enums"][name].get("cpp", name)
    if name in schema["structs"] or name in schema["unions"]:
        return name
    raise SchemaError(f"unknown type {name}")


def cpp_type(schema, field):
    name = cpp_name(schema, element(field))
    if isinstance(field["type"], list):
        name = f"std::vector<{name}>"
    return f"std::optional<{name}>" if field.get("optional") else name


def ordered(schema):
    """Structs and unions, each behind what it is made of."""
    done, order = set(), []

    def visit(name):
        if name in done or (name not in schema["structs"] and name not in schema["unions"]):
            return
        done.add(name)
        if name in schema["structs"]:
            needs = [element(f) for f in schema["structs"][name]["fields"].values()]
        else:
            needs = list(schema["unions"][name]["cases"].values())
        for need in needs:
            visit(need)
        order.append(name)

    for name in [*schema["structs"], *schema["unions"]]:
        visit(name)
    return order


def initial(schema, field):
    """What stands behind the member: its default, or the empty value."""
    schema = schema.get("whole", schema)
    if field.get("optional") or isinstance(field["type"], list):
        return "{}"
    name, default = field["type"], field.get("default")
    if name == "bool":
        return " = true" if default else " = false"
    if name == "int":
        return f" = {default or 0}"
    if name == "text":
        return f' = "{default}"' if default else "{}" if "default" in field else ""
    if name == "bytes":
        return "{}" if "default" in field else ""
    if name in schema["enums"]:
        return f" = {cpp_name(schema, name)}::{enumerator(default or 'unspecified')}"
    return ""


def header_enums(schema):
    for name, entry in schema["enums"].items():
        if "cpp" not in entry:
            yield f"/// {entry['doc']}"
            yield f"enum class {name} : std::uint8_t {{"
            yield "    unspecified = 0,  ///< never sent; refused when received"
            yield from (f"    {enumerator(key)} = {number},"
                        for key, number in entry["values"].items())
            yield "};"
            yield f"std::string_view name_of({name} value);"
            yield ""


def made_from(schema, entry):
    """What a union is made from: each case, and each case of a union that is one of its cases; with
    the case that then holds it."""
    unions = schema.get("whole", schema)["unions"]
    made = {}
    for case in entry["cases"].values():
        made[case] = case
        made.update({inner: case for inner in unions.get(case, {"cases": {}})["cases"].values()})
    return made


def header_union(schema, name, entry):
    """A variant of its own name: what the compiler would make of one in each file that holds it
    (make, copy, move, end, comparison of every case) stands once, in the source."""
    yield f"struct {name} : std::variant<{', '.join(entry['cases'].values())}> {{"
    yield f"    {name}();"
    yield from (f"    {name}({case} one);" for case in made_from(schema, entry))
    yield f"    {name}(const {name}&);"
    yield f"    {name}({name}&&) noexcept;"
    yield f"    {name}& operator=(const {name}&);"
    yield f"    {name}& operator=({name}&&) noexcept;"
    yield f"    ~{name}();"
    yield f"    friend bool operator==(const {name}&, const {name}&);"
    yield "};"


def header_types(schema):
    for name in ordered(schema):
        entry = schema["structs"].get(name) or schema["unions"][name]
        yield f"/// {entry['doc']}"
        if name in schema["unions"]:
            yield from header_union(schema, name, entry)
            yield f"/// The name of the case, as on the wire."
            yield f"std::string_view case_of(const {name}& value);"
            if "roles" in entry:
                yield "/// The least role that may ask for it."
                yield f"Role role_for(const {name}& value);"
        else:
            yield f"struct {name} {{"
            for key, field in entry["fields"].items():
                declaration = f"{cpp_type(schema, field)} {key}{initial(schema, field)};"
                yield f"    {declaration}  ///< {field['doc']}"
            yield f"    friend bool operator==(const {name}&, const {name}&) = default;"
            yield "};"
        yield f"Value to_value(const {name}& value, Style style = Style::wire);"
        yield f"bool decode(Decoder& decoder, const Value& from, {name}& to);"
        yield ""


def header_top(includes):
    yield "// Generated from ipc/schema/v1 by ipc/codegen/generate.py; edit the schema instead."
    yield "#pragma once"
    yield ""
    yield from (f"#include {include}" if include else "" for include in includes)
    yield ""
    yield "namespace tillhost::contract {"
    yield ""


def write_header(schema, header):
    system = [f"<{name}>" for name in
              ["cstdint", "optional", "string", "string_view", "variant", "vector"]]
    own = ["hal/base/bytes.h", "hal/base/error.h", "hal/base/ids.h",
           *(f"ipc/contract/{name}.h" for name in ["messages"][:header != "messages"]),
           "ipc/contract/value.h"]
    yield from header_top([*system, "", *(f'"{name}"' for name in own)])
    if header == "messages":
        # Defined in the source: another bound alone compiles one file anew.
        yield "extern const std::string_view kSchemaHash;"
        yield ""
    part = part_of(schema, header)
    yield from header_enums(part)
    yield from header_types(part)
    yield "}  // namespace tillhost::contract"


def write_kinds_header(schema):
    yield from header_top(["<cstdint>", "<string_view>"])
    yield "enum class Role : std::uint8_t;"
    yield ""
    yield "/// Who answers a request."
    yield f"enum class Daemon : std::uint8_t {{ {', '.join(DAEMONS)} }};"
    yield ""
    yield "/// Every kind of request; its number is never sent, its name is."
    yield "enum class RequestKind : std::uint8_t {"
    yield "    unspecified = 0,"
    yield from (f"    {key} = {number},  ///< {entry['doc']}"
                for number, (key, entry) in enumerate(schema["requests"].items(), 1))
    yield "};"
    yield "std::string_view name_of(RequestKind kind);"
    yield "/// The least role that may make the request; more may be wanted for what is in it."
    yield "Role role_for(RequestKind kind);"
    yield "Daemon daemon_of(RequestKind kind);"
    yield "/// unspecified if no request has that name."
    yield "RequestKind request_kind_from(std::string_view name);"
    yield ""
    yield "}  // namespace tillhost::contract"


def bounds(schema, field):
    """The arguments that a reader needs: smallest and largest value or length."""
    name = element(field)
    prefix = "item_" if isinstance(field["type"], list) else ""
    if name == "int":
        return f", {field.get(prefix + 'min', 0)}, {field.get(prefix + 'max', 0)}"
    if name in ("text", "bytes"):
        return f", {field.get(prefix + 'min', 0)}U, {field[prefix + 'max']}U"
    return ""


def read_field(schema, key, field):
    may_miss = field.get("optional") or "default" in field
    presence = "Presence::optional" if may_miss else "Presence::required"
    if isinstance(field["type"], list):
        lengths = f'{field.get("min", 0)}, {field["max"]}'
        call = f'decoder.list(from, "{key}", {presence}, {lengths}, to.{key}'
    else:
        call = f'decoder.field(from, "{key}", {presence}, to.{key}'
    return f"{call}{bounds(schema, field)})"


def is_default(schema, key, field):
    """The condition under which the field is not sent; None if it always is."""
    if field.get("optional"):
        return f"!value.{key}.has_value()"
    if "default" not in field:
        return None
    if isinstance(field["type"], list):
        return f"value.{key}.empty()"
    return f"value.{key} == {element_default(schema, field)}"


def element_default(schema, field):
    schema = schema.get("whole", schema)
    name, default = field["type"], field["default"]
    if name == "bool":
        return "true" if default else "false"
    if name == "text":
        return f'"{default}"'
    if name == "bytes":
        return "base::Bytes{}"
    if name in schema["enums"]:
        return f"{cpp_name(schema, name)}::{enumerator(default)}"
    return str(default)


def source_struct(schema, name, entry):
    yield f"Value to_value([[maybe_unused]] const {name}& value, [[maybe_unused]] Style style) {{"
    yield "    Value::Map map;"
    if entry["fields"]:
        yield f"    map.reserve({len(entry['fields'])});"
    for key, field in entry["fields"].items():
        access = f"*value.{key}" if field.get("optional") else f"value.{key}"
        line = f'map.emplace_back("{key}", put({access}, style));'
        condition = is_default(schema, key, field)
        if condition:
            yield f"    if (!({condition})) {{"
            yield f"        {line}"
            yield "    }"
        else:
            yield f"    {line}"
    yield "    return Value(std::move(map));"
    yield "}"
    reads = [read_field(schema, key, field) for key, field in entry["fields"].items()]
    yield f"bool decode(Decoder& decoder, const Value& from, [[maybe_unused]] {name}& to) {{"
    yield f"    return decoder.map(from){''.join(f' &&{chr(10)}           {r}' for r in reads)};"
    yield "}"


def source_roles(schema, name, entry):
    """The table of least roles of a union; what it does not name any requester may."""
    cases = list(entry["cases"])
    for case, role in entry["roles"].items():
        if case not in cases or role not in schema["enums"]["Role"]["values"]:
            raise SchemaError(f"{name}.roles: no case or no role: {case}: {role}")
    least = [enumerator(entry["roles"].get(case, "observer")) for case in cases]
    rows = ", ".join(f"Role::{role}" for role in least)
    yield f"Role role_for(const {name}& value) {{"
    yield f"    static constexpr Role kRoles[] = {{{rows}}};"
    yield "    return kRoles[value.index()];"
    yield "}"


def source_union(schema, name, entry):
    yield f"{name}::{name}() = default;"
    yield from (f"{name}::{name}({case} one) : variant({held}(std::move(one))) {{}}"
                for case, held in made_from(schema, entry).items())
    yield f"{name}::{name}(const {name}&) = default;"
    yield f"{name}::{name}({name}&&) noexcept = default;"
    yield f"{name}& {name}::operator=(const {name}&) = default;"
    yield f"{name}& {name}::operator=({name}&&) noexcept = default;"
    yield f"{name}::~{name}() = default;"
    yield f"bool operator==(const {name}& one, const {name}& other) {{"
    yield f"    using Base = {name}::variant;"
    yield "    return static_cast<const Base&>(one) == static_cast<const Base&>(other);"
    yield "}"
    yield f"std::string_view case_of(const {name}& value) {{"
    names = ", ".join(f'"{key}"' for key in entry["cases"])
    yield f"    static constexpr std::string_view kNames[] = {{{names}}};"
    yield "    return kNames[value.index()];"
    yield "}"
    yield f"Value to_value(const {name}& value, Style style) {{"
    yield "    Value::Map map;"
    yield "    map.emplace_back(std::string(case_of(value)),"
    to_one = "[&](const auto& one) { return to_value(one, style); }"
    yield f"                     std::visit({to_one}, value));"
    yield "    return Value(std::move(map));"
    yield "}"
    yield f"bool decode(Decoder& decoder, const Value& from, {name}& to) {{"
    yield "    const auto* one = decoder.only_entry(from);"
    yield "    if (one == nullptr) {"
    yield "        return false;"
    yield "    }"
    for key, case in entry["cases"].items():
        yield f'    if (one->first == "{key}") {{'
        yield f"        return decoder.nested(*one, to.emplace<{case}>());"
        yield "    }"
    yield f'    return decoder.fail("one of: {", ".join(entry["cases"])}");'
    yield "}"


def source_enum(name, cpp, entry, own):
    if own:
        yield f"std::string_view name_of({name} value) {{"
        yield "    switch (value) {"
        yield f'        case {name}::unspecified: return "unspecified";'
        yield from (f'        case {name}::{enumerator(key)}: return "{key}";'
                    for key in entry["values"])
        yield "    }"
        yield '    return "unspecified";'
        yield "}"
    yield f"bool decode(Decoder& decoder, const Value& from, {cpp}& to) {{"
    rows = ", ".join(f'{{"{key}", {number}}}' for key, number in entry["values"].items())
    yield f"    static constexpr EnumRow kRows[] = {{{rows}}};"
    yield "    const auto number = decoder.enumerator(from, kRows);"
    yield f"    to = static_cast<{cpp}>(number);"
    yield "    return number != 0;"
    yield "}"


def source_requests(schema):
    yield "std::string_view name_of(RequestKind kind) {"
    yield "    switch (kind) {"
    yield '        case RequestKind::unspecified: return "unspecified";'
    yield from (f'        case RequestKind::{key}: return "{key}";' for key in schema["requests"])
    yield "    }"
    yield '    return "unspecified";'
    yield "}"
    yield "RequestKind request_kind_from(std::string_view name) {"
    for key in schema["requests"]:
        yield f'    if (name == "{key}") {{'
        yield f"        return RequestKind::{key};"
        yield "    }"
    yield "    return RequestKind::unspecified;"
    yield "}"
    yield "Role role_for(RequestKind kind) {"
    yield "    switch (kind) {"
    yield "        case RequestKind::unspecified: break;"
    for key, entry in schema["requests"].items():
        if entry.get("role") not in schema["enums"]["Role"]["values"]:
            raise SchemaError(f"request {key}: it must name its role")
        yield f'        case RequestKind::{key}: return Role::{enumerator(entry["role"])};'
    yield "    }"
    yield "    return Role::administrator;"
    yield "}"
    yield "Daemon daemon_of(RequestKind kind) {"
    for key, entry in schema["requests"].items():
        daemon = entry.get("daemon", "devd")
        if daemon not in DAEMONS:
            raise SchemaError(f"request {key}: there is no daemon {daemon}")
        if daemon != "devd":
            yield f"    if (kind == RequestKind::{key}) {{"
            yield f"        return Daemon::{daemon};"
            yield "    }"
    yield "    return Daemon::devd;"
    yield "}"


def source_top(own, others):
    yield "// Generated from ipc/schema/v1 by ipc/codegen/generate.py; edit the schema instead."
    yield f'#include "ipc/contract/{own}.h"'
    yield ""
    yield "#include <utility>"
    yield ""
    yield from (f'#include "ipc/contract/{other}.h"' for other in others)
    yield ""
    yield "namespace tillhost::contract {"
    yield ""


def write_kinds_source(schema):
    yield from source_top("kinds", ["messages"])
    yield from source_requests(schema)
    yield "}  // namespace tillhost::contract"


def write_source(whole, header):
    schema = part_of(whole, header)
    yield from source_top(header, ["decoder"])
    if header == "messages":
        yield f'const std::string_view kSchemaHash = "{whole["hash"]}";'
        yield ""
    for name, entry in schema["enums"].items():
        yield from source_enum(name, entry.get("cpp", name), entry, "cpp" not in entry)
    for name in ordered(schema):
        if name in schema["unions"]:
            yield from source_union(whole, name, schema["unions"][name])
            if "roles" in schema["unions"][name]:
                yield from source_roles(whole, name, schema["unions"][name])
        else:
            yield from source_struct(schema, name, schema["structs"][name])
        yield ""
    yield "}  // namespace tillhost::contract"


def put_file(path, lines):
    text = "\n".join(lines) + "\n"
    if not path.exists() or path.read_text() != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def main(arguments):
    if len(arguments) < 3:
        sys.exit(__doc__)
    schema, mode, out = load(arguments[0]), arguments[1], pathlib.Path(arguments[2])
    if mode == "--cpp":
        put_file(out / "kinds.h", write_kinds_header(schema))
        put_file(out / "kinds.cpp", write_kinds_source(schema))
        for header in HEADERS:
            put_file(out / f"{header}.h", write_header(schema, header))
            put_file(out / f"{header}.cpp", write_source(schema, header))
        return 0
    if mode == "--python":
        lines = python_types.write_module(schema, ordered(schema), element, pages.field_bounds_text)
        put_file(out / "messages.py", lines)
        return 0
    texts = {file: pages.write_page(schema, file, element) for file in FILES}
    texts["errors"] = pages.write_errors_page(
        pathlib.Path(__file__).parents[2] / "hal" / "base" / "error.def")
    stale = []
    for file, lines in texts.items():
        text = "\n".join(lines) + "\n"
        page = out / f"{file}.md"
        if "--check" in arguments:
            if not page.exists() or page.read_text() != text:
                stale.append(str(page))
        else:
            put_file(page, text.splitlines())
    for page in stale:
        command = f"ipc/codegen/generate.py ipc/schema/v1 --docs {out}"
        print(f"{page} is not what the schema says; run {command}")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
