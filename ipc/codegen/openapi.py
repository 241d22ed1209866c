#!/usr/bin/env python3
"""Makes the OpenAPI page of the device contract over HTTP from the schema and the table of routes.

usage: openapi.py SCHEMA_DIR ROUTES_DEF FILE [--check]
"""
import json
import pathlib
import re
import sys

sys.dont_write_bytecode = True
import generate  # noqa: E402

ROUTE = re.compile(r'^X\((\w+), "([^"]*)", (\w+), "([^"]*)"\)$')
METHODS = {"get": "get", "put": "put", "post": "post", "remove": "delete"}
UUID7 = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-7[0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}$"
#: As in sumpd/webpos/web_tills.h and events.h.
WAIT_MS_MAX = 25000
TOPICS_MAX = 16


def reference(name):
    return {"$ref": f"#/components/schemas/{name}"}


def one(schema, field):
    """The schema of a field's type, without the list around it."""
    name = generate.element(field)
    prefix = "item_" if isinstance(field["type"], list) else ""
    low, high = field.get(prefix + "min", 0), field.get(prefix + "max", 0)
    if name == "bool":
        return {"type": "boolean"}
    if name == "int":
        return {"type": "integer", "format": "int64", "minimum": low, "maximum": high}
    if name == "text":
        return {"type": "string", "minLength": low, "maxLength": high}
    if name == "bytes":
        return {"type": "string", "pattern": "^([0-9a-fA-F]{2})*$", "minLength": 2 * low,
                "maxLength": 2 * high}
    if name == "id":
        return {"type": "string", "format": "uuid", "pattern": UUID7}
    return reference(name)


def property_of(schema, field):
    made = one(schema, field)
    if isinstance(field["type"], list):
        made = {"type": "array", "minItems": field.get("min", 0), "maxItems": field["max"],
                "items": made}
    if "$ref" in made:  # beside a reference nothing else counts in OpenAPI 3.0
        return {"allOf": [made], "description": field["doc"]}
    if "default" in field and not isinstance(field["type"], list):
        made["default"] = field["default"]
    return {**made, "description": field["doc"]}


def is_required(field):
    return not field.get("optional") and "default" not in field


def struct_schema(schema, entry, without=()):
    fields = {key: field for key, field in entry["fields"].items() if key not in without}
    made = {"type": "object", "description": entry["doc"],
            "properties": {key: property_of(schema, field) for key, field in fields.items()}}
    required = [key for key, field in fields.items() if is_required(field)]
    return {**made, "required": required} if required else made


def union_schema(entry):
    return {"type": "object", "description": f"{entry['doc']} Exactly one of the properties.",
            "properties": {key: reference(case) for key, case in entry["cases"].items()},
            "minProperties": 1, "maxProperties": 1}


def enum_schema(entry):
    return {"type": "string", "description": entry["doc"], "enum": list(entry["values"])}


def used_types(schema, roots):
    """All types that these are made of, they among them."""
    done, waiting = set(), list(roots)
    while waiting:
        name = waiting.pop()
        if name in done or not any(name in schema[kind] for kind in ("structs", "unions", "enums")):
            continue
        done.add(name)
        if name in schema["structs"]:
            waiting += [generate.element(f) for f in schema["structs"][name]["fields"].values()]
        elif name in schema["unions"]:
            waiting += schema["unions"][name]["cases"].values()
    return sorted(done)


def type_schema(schema, name):
    if name in schema["structs"]:
        return struct_schema(schema, schema["structs"][name])
    if name in schema["unions"]:
        return union_schema(schema["unions"][name])
    return enum_schema(schema["enums"][name])


def parameter(name, where, made, required, doc):
    return {"name": name, "in": where, "required": required, "description": doc, "schema": made}


WAIT = parameter("waitMs", "query",
                 {"type": "integer", "minimum": 0, "maximum": WAIT_MS_MAX}, False,
                 "how long the answer may be waited for; of an operation: until it is final, or "
                 "only a person can settle it")
BOOK = parameter("book", "query", {"type": "integer", "format": "int64", "minimum": 0}, False,
                 "X-Device-Book of an earlier answer: another devd, or one whose book was emptied, "
                 "refuses with other_book")


def parameters_of(schema, request, path, query):
    fields = schema["structs"][request]["fields"]
    for name in re.findall(r"{(\w+)}", path):
        yield parameter(name, "path", one(schema, fields[name]), True, fields[name]["doc"])
    for name in query.split():
        field = fields[name.rstrip("#?")]
        made = {key: value for key, value in property_of(schema, field).items()
                if key != "description"}
        yield parameter(name.rstrip("#?"), "query", made, False, field["doc"])
    yield WAIT
    yield BOOK


def answers(reply):
    good = {"description": "the contract's reply",
            "headers": {"X-Device-Book": {"schema": {"type": "integer", "format": "int64"},
                                          "description": "HelloReply.book"}},
            "content": {"application/json": {"schema": reply}}}
    return {"200": good, "default": {"$ref": "#/components/responses/Refused"}}


def operation(schema, method, path, kind, query):
    entry = schema["requests"][kind]
    made = {"operationId": kind, "summary": entry["doc"],
            "description": f"For tokens of the role {entry['role']} and above.",
            "parameters": list(parameters_of(schema, entry["request"], path, query)),
            "responses": answers(reference(entry["reply"]))}
    elsewhere = {"session", *re.findall(r"{(\w+)}", path), *re.findall(r"\w+", query)}
    body = struct_schema(schema, schema["structs"][entry["request"]], elsewhere)
    if method != "get" and body["properties"]:
        made["requestBody"] = {"required": "required" in body,
                               "content": {"application/json": {"schema": body}}}
    return made


def events_path():
    topics = parameter("topics", "query", {"type": "string"}, True,
                       f"1 to {TOPICS_MAX}, commas between: device/ID, operation/ID, prompt/ID, "
                       "scan/ID, lease/ID, devices or alarms")
    after = parameter("after", "query", {"type": "string"}, False,
                      "`after` of the last answer for the same topics; without it: from now on, "
                      "answered at once")
    last = parameter("Last-Event-ID", "header", {"type": "string"}, False,
                     "of a stream, in the place of `after`: id of the last event")
    stream = ("each event named as its body's case, its id the place behind it, its data an "
              "OneEvent; first one named open; comment lines while there is nothing")
    content = {"application/json": {"schema": reference("Events")},
               "text/event-stream": {"schema": {"type": "string", "description": stream}}}
    good = {"description": "what happened; a gap is an event of its own", "content": content}
    return {"get": {
        "operationId": "events", "summary": "Events, waited for or as a stream (Accept).",
        "description": "For tokens of the role observer and above.",
        "parameters": [topics, after, last, WAIT],
        "responses": {"200": good, "default": {"$ref": "#/components/responses/Refused"}}}}


def own_schemas(schema):
    event = schema["structs"]["Event"]["fields"]
    fields = {"topic": {"type": "string", "description": "topic"},
              **{key: property_of(schema, event[key]) for key in ("epoch", "seq", "at_ms", "body")}}
    return {"OneEvent": {"type": "object", "properties": fields, "required": list(fields)},
            "Events": {"type": "object", "required": ["events", "after"], "properties": {
                "events": {"type": "array", "items": reference("OneEvent")},
                "after": {"type": "string", "description": "where the next request goes on"}}},
            "Refusal": {"type": "object", "required": ["error"],
                        "properties": {"error": reference("Error")}}}


def routes_of(path):
    for line in path.read_text().splitlines():
        found = ROUTE.match(line)
        if found:
            yield found.groups()
        elif line.startswith("X("):
            raise ValueError(f"{path}: not one route a line: {line}")


def page(schema, routes):
    paths, roots = {}, {"Error", "EventBody"}
    for method, path, kind, query in routes:
        made = operation(schema, method, path, kind, query)
        paths.setdefault(path, {})[METHODS[method]] = made
        entry = schema["requests"][kind]
        roots |= {entry["request"], entry["reply"]}
    paths["/v1/events"] = events_path()
    refused = {"description": "Refused, with the contract's error. Effect unknown (504): it may "
                              "have been carried out; ask again under the same id, never under "
                              "another one.",
               "content": {"application/json": {"schema": reference("Refusal")}}}
    types = {name: type_schema(schema, name) for name in used_types(schema, roots)}
    return {"openapi": "3.0.3",
            "info": {"title": "tillhost devices", "version": "1",
                     "description": "The device contract (docs/ipc) for web tills."},
            "security": [{"token": []}], "paths": paths,
            "components": {
                "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
                "responses": {"Refused": refused}, "schemas": {**types, **own_schemas(schema)}}}


def main(arguments):
    if len(arguments) < 3:
        sys.exit(__doc__)
    schema, file = generate.load(arguments[0]), pathlib.Path(arguments[2])
    made = page(schema, list(routes_of(pathlib.Path(arguments[1]))))
    text = json.dumps(made, indent=1, ensure_ascii=False) + "\n"
    if "--check" not in arguments:
        file.write_text(text, encoding="utf-8")
    elif not file.exists() or file.read_text(encoding="utf-8") != text:
        print(f"{file} is not what the schema says: the contract of web tills changed; run "
              f"ipc/codegen/openapi.py {' '.join(arguments[:3])}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
