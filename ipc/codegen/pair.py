"""What the programs share that make one header and its source from the schema."""
import pathlib
import sys

sys.dont_write_bytecode = True
import generate  # noqa: E402


def make(name, header, source, arguments, usage):
    """The whole of such a program: arguments are SCHEMA_DIR and OUT_DIR. Gives its exit status."""
    if len(arguments) != 2:
        sys.exit(usage)
    schema, out = generate.load(arguments[0]), pathlib.Path(arguments[1])
    generate.put_file(out / f"{name}.h", header())
    generate.put_file(out / f"{name}.cpp", source(schema))
    return 0
