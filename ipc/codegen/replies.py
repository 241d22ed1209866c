#!/usr/bin/env python3
"""Makes contract/replies.h and .cpp from the schema: replies by the kind of their request, for
programs that carry them on without knowing each of them.

usage: replies.py SCHEMA_DIR OUT_DIR
"""
import sys

sys.dont_write_bytecode = True
import generate  # noqa: E402
import pair  # noqa: E402


def header():
    yield from generate.header_top(['"hal/base/result.h"', '"ipc/contract/kinds.h"',
                                    '"ipc/contract/value.h"'])
    yield "/// The body of the reply to such a request, written for people: enumerators by name,"
    yield "/// bytes as hex digits. Fields that the schema does not have are left out. Errors:"
    yield "/// bad_field (it is no such reply), unknown_kind."
    yield "base::Result<Value> readable_reply(RequestKind kind, const Value& reply);"
    yield "/// Whether its body names the session of the connection."
    yield "bool has_session(RequestKind kind);"
    yield ""
    yield "}  // namespace tillhost::contract"


def source(schema):
    yield from generate.source_top("replies", ["decoder", "licence", "messages"])
    yield "namespace {"
    yield ""
    yield "template <class T>"
    yield "base::Result<Value> readable(const Value& reply) {"
    yield '    const T typed = TRY(from_value<T>(reply, "reply"));'
    yield "    return to_value(typed, Style::readable);"
    yield "}"
    yield ""
    yield "}  // namespace"
    yield ""
    yield "base::Result<Value> readable_reply(RequestKind kind, const Value& reply) {"
    yield "    switch (kind) {"
    yield "        case RequestKind::unspecified: break;"
    for key, entry in schema["requests"].items():
        yield f"        case RequestKind::{key}: return readable<{entry['reply']}>(reply);"
    yield "    }"
    yield '    return base::make_error(base::ErrorCode::unknown_kind, "no request");'
    yield "}"
    yield "bool has_session(RequestKind kind) {"
    for key, entry in schema["requests"].items():
        if "session" in schema["structs"][entry["request"]]["fields"]:
            yield f"    if (kind == RequestKind::{key}) {{"
            yield "        return true;"
            yield "    }"
    yield "    return false;"
    yield "}"
    yield ""
    yield "}  // namespace tillhost::contract"


if __name__ == "__main__":
    sys.exit(pair.make("replies", header, source, sys.argv[1:], __doc__))
