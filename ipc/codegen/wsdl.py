#!/usr/bin/env python3
"""Makes the WSDL of the device contract over SOAP from the schema and the table of routes.

usage: wsdl.py SCHEMA_DIR ROUTES_DEF FILE [--check]
"""
import pathlib
import sys
from xml.sax.saxutils import escape, quoteattr

sys.dont_write_bytecode = True
import generate  # noqa: E402
import openapi  # noqa: E402

NAMESPACE = "urn:tillhost:devices:1"
#: In the place of the server's own address, which puts it there.
ADDRESS = "https://localhost:8443/devices/soap"
#: Longer lists are unbounded: some validators unroll them.
COUNTED_MAX = 100
NUMBER_MAX = 2**53 - 1
#: In a type without fields: zeep leaves out elements of types that have nothing at all.
NOTHING = '<xs:attribute name="nothing" type="xs:boolean"/>'
FAULTS = {
    "refused": "Nothing came of this request.",
    "outcome_unknown": "It may have been carried out: no failure. Ask again under the same id, "
                       "never under another one.",
}
WAIT = {"type": "int", "min": 0, "max": openapi.WAIT_MS_MAX, "optional": True,
        "doc": "how long the answer may be waited for; of an operation: until it is final, or only "
               "a person can settle it"}
BOOK = {"type": "int", "min": 0, "max": NUMBER_MAX, "optional": True,
        "doc": "of an earlier answer: another devd, or one whose book was emptied, refuses with "
               "other_book"}
TOLD_BOOK = {"type": "int", "min": 0, "max": NUMBER_MAX, "doc": "HelloReply.book"}
OWN_REQUEST_FIELDS = {"waitMs": WAIT, "book": BOOK}


def tag(name, inside="", /, **attributes):
    """One element on a line; without what is None."""
    said = "".join(f" {key}={quoteattr(str(value))}"
                   for key, value in attributes.items() if value is not None)
    return f"<{name}{said}>{inside}</{name}>" if inside else f"<{name}{said}/>"


def block(opening, lines, name):
    yield opening
    yield from ("  " + line for line in lines)
    yield f"</{name}>"


def documentation(text):
    return tag("xs:annotation", tag("xs:documentation", escape(text)))


def facets(low, high, kind):
    return (tag(f"xs:min{kind}", value=low) if low or kind == "Inclusive" else "") + tag(
        f"xs:max{kind}", value=high)


def simple(field):
    """The name of a field's type, or None and what it is restricted to."""
    name = generate.element(field)
    prefix = "item_" if isinstance(field["type"], list) else ""
    low, high = field.get(prefix + "min", 0), field.get(prefix + "max", 0)
    plain = {"int": ("xs:long", "Inclusive"), "text": ("xs:string", "Length"),
             "bytes": ("xs:hexBinary", "Length")}
    if name == "bool":
        return "xs:boolean", ""
    if name == "id":
        return "tns:OperationId", ""
    if name not in plain:
        return f"tns:{name}", ""
    base, kind = plain[name]
    return None, tag("xs:simpleType", tag("xs:restriction", facets(low, high, kind), base=base))


def counted(field):
    """minOccurs and maxOccurs; none where they are 1."""
    least = 1 if openapi.is_required(field) else 0
    most = 1
    if isinstance(field["type"], list):
        least, most = min(least, field.get("min", 0)), field["max"]
    if most > COUNTED_MAX:
        most = "unbounded"
    return {"minOccurs": None if least == 1 else least, "maxOccurs": None if most == 1 else most}


def doc_of(field):
    said = field.get("default")
    if said in (None, "", []) or isinstance(field["type"], list):
        return field["doc"]
    return f"{field['doc']}; without it {str(said).lower() if isinstance(said, bool) else said}"


def element(key, field):
    name, restriction = simple(field)
    return tag("xs:element", documentation(doc_of(field)) + restriction, name=key, type=name,
               **counted(field))


def record_type(name, doc, fields):
    inside = [element(key, field) for key, field in fields.items()]
    content = block("<xs:sequence>", inside, "xs:sequence") if inside else [NOTHING]
    return block(f'<xs:complexType name="{name}">', [documentation(doc), *content],
                 "xs:complexType")


def choice_type(name, entry):
    cases = [tag("xs:element", name=key, type=f"tns:{case}")
             for key, case in entry["cases"].items()]
    inside = [documentation(entry["doc"]), *block("<xs:choice>", cases, "xs:choice")]
    return block(f'<xs:complexType name="{name}">', inside, "xs:complexType")


def words_type(name, entry):
    words = "".join(tag("xs:enumeration", value=word) for word in entry["values"])
    return [tag("xs:simpleType", documentation(entry["doc"])
                + tag("xs:restriction", words, base="xs:string"), name=name)]


def schema_type(schema, name):
    if name in schema["structs"]:
        entry = schema["structs"][name]
        return record_type(name, entry["doc"], entry["fields"])
    if name in schema["unions"]:
        return choice_type(name, schema["unions"][name])
    return words_type(name, schema["enums"][name])


def root_element(name, fields):
    inside = [element(key, field) for key, field in fields.items()]
    opening = f'<xs:element name="{name}"><xs:complexType><xs:sequence>'
    yield from block(opening, inside, "xs:sequence")
    yield "</xs:complexType></xs:element>"


def request_fields(schema, kind):
    fields = dict(schema["structs"][schema["requests"][kind]["request"]]["fields"])
    fields.pop("session", None)
    for name, field in OWN_REQUEST_FIELDS.items():
        if name in fields:
            raise generate.SchemaError(f"{kind}.{name}: has another meaning in SOAP")
        fields[name] = field
    return fields


def event_fields():
    topics = {"type": "text", "min": 1, "max": openapi.TOPICS_MAX * 81,
              "doc": f"1 to {openapi.TOPICS_MAX}, commas between: device/ID, operation/ID, "
                     "prompt/ID, scan/ID, lease/ID, devices or alarms"}
    after = {"type": "text", "min": 0, "max": 1000, "optional": True,
             "doc": "as the last answer for the same topics had it; without it: from now on, "
                    "answered at once"}
    return {"topics": topics, "after": after, "waitMs": WAIT}


def own_types(schema):
    event = schema["structs"]["Event"]["fields"]
    topic = {"type": "text", "max": 80, "doc": "topic"}
    yield from record_type("OneEvent", "What happened; a gap is an event of its own.", {
        "topic": topic, **{key: event[key] for key in ("epoch", "seq", "at_ms", "body")}})
    yield from record_type("Events", "Events, oldest first.", {
        "events": {"type": ["OneEvent"], "max": 101, "default": [], "doc": "what happened"},
        "after": {"type": "text", "max": 1000, "doc": "where the next request goes on"}})
    yield from record_type("Refusal", "Why there is no reply.", {
        "error": {"type": "Error", "doc": "the contract's error; effect unknown stands in "
                                          "outcome_unknown only"},
        "field": {"type": "text", "max": 2000, "optional": True, "doc": "path of a wrong field"},
        "request_id": {"type": "text", "max": 64, "doc": "as sumpd's log has it"}})
    pattern = tag("xs:pattern", value=openapi.UUID7.strip("^$"))
    yield tag("xs:simpleType", documentation("UUID of version 7, made by the client")
              + tag("xs:restriction", pattern, base="xs:string"), name="OperationId")


def types(schema, kinds):
    roots = {"Error", "EventBody"}
    for kind in kinds:
        fields = schema["structs"][schema["requests"][kind]["request"]]["fields"]
        roots |= {schema["requests"][kind]["reply"], *map(generate.element, fields.values())}
    for name in openapi.used_types(schema, roots):
        yield from schema_type(schema, name)
    yield from own_types(schema)
    for kind in kinds:
        reply = {"type": schema["requests"][kind]["reply"], "doc": "the contract's reply"}
        yield from root_element(kind, request_fields(schema, kind))
        yield from root_element(f"{kind}_reply", {"reply": reply, "book": TOLD_BOOK})
    yield from root_element("events", event_fields())
    told = {"type": "Events", "doc": "what happened"}
    yield from root_element("events_reply", {"reply": told, "book": TOLD_BOOK})
    yield from (tag("xs:element", documentation(doc), name=name, type="tns:Refusal")
                for name, doc in FAULTS.items())


def messages(kinds):
    for kind in kinds:
        for name in (kind, f"{kind}_reply"):
            yield tag("wsdl:message", tag("wsdl:part", name="parameters", element=f"tns:{name}"),
                      name=name)
    for name in FAULTS:
        yield tag("wsdl:message", tag("wsdl:part", name="fault", element=f"tns:{name}"), name=name)


def port_type(docs):
    for kind, doc in docs.items():
        yield tag("wsdl:operation", tag("wsdl:documentation", escape(doc))
                  + tag("wsdl:input", message=f"tns:{kind}")
                  + tag("wsdl:output", message=f"tns:{kind}_reply")
                  + "".join(tag("wsdl:fault", name=name, message=f"tns:{name}")
                            for name in FAULTS), name=kind)


def binding(kinds, soap):
    yield tag(f"{soap}:binding", style="document",
              transport="http://schemas.xmlsoap.org/soap/http")
    body = tag(f"{soap}:body", use="literal")
    for kind in kinds:
        inside = tag(f"{soap}:operation", soapAction=f"{NAMESPACE}#{kind}", style="document")
        inside += tag("wsdl:input", body) + tag("wsdl:output", body)
        inside += "".join(tag("wsdl:fault", tag(f"{soap}:fault", name=name, use="literal"),
                              name=name) for name in FAULTS)
        yield tag("wsdl:operation", inside, name=kind)


def service():
    for name, soap in (("DevicesSoap", "soap"), ("DevicesSoap12", "soap12")):
        yield tag("wsdl:port", tag(f"{soap}:address", location=ADDRESS), name=name,
                  binding=f"tns:{name}Binding")


def page(schema, kinds):
    docs = {kind: f"{schema['requests'][kind]['doc']} For tokens of the role "
                  f"{schema['requests'][kind]['role']} and above." for kind in kinds}
    docs["events"] = "Events, waited for. For tokens of the role observer and above."
    # With its own names, so that it can be taken out.
    schema_opening = (f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" '
                      f'xmlns:tns="{NAMESPACE}" targetNamespace="{NAMESPACE}" '
                      'elementFormDefault="qualified" attributeFormDefault="unqualified">')
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield f'<wsdl:definitions name="Devices" targetNamespace="{NAMESPACE}"'
    yield f'    xmlns:tns="{NAMESPACE}" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"'
    yield '    xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"'
    yield '    xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/">'
    yield tag("wsdl:documentation", "The device contract for web tills; HTTP Authorization: Bearer")
    whole = block(schema_opening, types(schema, kinds), "xs:schema")
    yield from block("<wsdl:types>", whole, "wsdl:types")
    yield from messages(docs)
    yield from block('<wsdl:portType name="Devices">', port_type(docs), "wsdl:portType")
    for name, soap in (("DevicesSoap", "soap"), ("DevicesSoap12", "soap12")):
        yield from block(f'<wsdl:binding name="{name}Binding" type="tns:Devices">',
                         binding(docs, soap), "wsdl:binding")
    yield from block('<wsdl:service name="Devices">', service(), "wsdl:service")
    yield "</wsdl:definitions>"


def main(arguments):
    if len(arguments) < 3:
        sys.exit(__doc__)
    schema, file = generate.load(arguments[0]), pathlib.Path(arguments[2])
    kinds = [route[2] for route in openapi.routes_of(pathlib.Path(arguments[1]))]
    text = "\n".join(page(schema, kinds)) + "\n"
    if "--check" not in arguments:
        file.write_text(text, encoding="utf-8")
    elif not file.exists() or file.read_text(encoding="utf-8") != text:
        print(f"{file} is not what the schema says: the contract of web tills changed; run "
              f"ipc/codegen/wsdl.py {' '.join(arguments[:3])}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
