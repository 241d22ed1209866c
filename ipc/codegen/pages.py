"""The reference pages of the contract (docs/ipc)."""
import re


def field_bounds_text(field):
    parts = []
    if "min" in field or "max" in field:
        counted = field["type"] if isinstance(field["type"], str) else ""
        unit = {"text": " characters", "bytes": " bytes"}.get(counted, "")
        unit = " entries" if isinstance(field["type"], list) else unit
        parts.append(f"{field.get('min', 0)} … {field.get('max', '')}{unit}")
    if "default" in field:
        default = field["default"]
        parts.append(f"default {'empty' if default in ('', []) else default}")
    elif field.get("optional"):
        parts.append("may be absent")
    else:
        parts.append("required")
    return ", ".join(parts)


def write_page(schema, file, element):
    yield f"# {file}"
    yield ""
    yield f"Generated from `ipc/schema/v1/{file}.yaml`; edit the schema instead."
    yield (
        "A field equal to its default is not sent. Unknown fields are ignored. "
        "Enumerators travel as numbers and are read as names too."
    )
    for name, entry in schema["requests"].items():
        if entry["file"] == file:
            bodies = f"Body `{entry['request']}`, reply `{entry['reply']}`."
            bodies += f" Answered by {entry['daemon']}." if "daemon" in entry else ""
            may = f"For role `{entry['role']}` and above."
            yield f"\n## request `{name}`\n\n{entry['doc']} {bodies} {may}"
    for name, entry in schema["enums"].items():
        if entry["file"] == file:
            yield f"\n## enum `{name}`\n\n{entry['doc']}\n\n| name | number |\n|---|---|"
            yield from (f"| {key} | {number} |" for key, number in entry["values"].items())
    for name, entry in schema["unions"].items():
        if entry["file"] == file:
            yield f"\n## union `{name}`\n\n{entry['doc']} A map with one entry, one of:\n"
            roles = entry.get("roles", {})
            yield "| case | body |\n|---|---|" if not roles else (
                "| case | body | role, where it is more than the request's |\n|---|---|---|")
            for key, case in entry["cases"].items():
                yield f"| {key} | `{case}` |" + (f" {roles.get(key, '')} |" if roles else "")
    for name, entry in schema["structs"].items():
        if entry["file"] == file:
            yield f"\n## struct `{name}`\n\n{entry['doc']}"
            if entry["fields"]:
                yield "\n| field | type | bounds | meaning |\n|---|---|---|---|"
            for key, field in entry["fields"].items():
                is_list = isinstance(field["type"], list)
                kind = f"list of {element(field)}" if is_list else field["type"]
                yield f"| {key} | {kind} | {field_bounds_text(field)} | {field['doc']} |"


def write_errors_page(table):
    """Every error code, from hal/base/error.def."""
    yield "# errors"
    yield ""
    yield "Generated from `hal/base/error.def`; edit that instead. What to do about a reaction and"
    yield "an effect stands in [docs/clients.md](../clients.md). A code keeps its name and number."
    row = re.compile(r'^X\((\w+), +(\d+), +(\w+), +"([^"]*)"\)$')
    for line in table.read_text().splitlines():
        found = row.match(line)
        if line.startswith("// --- "):
            yield f"\n## {line[7:]}\n\n| code | number | reaction | means |\n|---|---|---|---|"
        elif found:
            yield f"| {found[1]} | {found[2]} | {found[3]} | {found[4]} |"
        elif line.startswith("X("):
            raise ValueError(f"{table}: not one error a line: {line}")
