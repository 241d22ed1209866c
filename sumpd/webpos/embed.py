#!/usr/bin/env python3
"""Makes a C++ source with the bytes of a file.

usage: embed.py FILE FUNCTION OUT    FUNCTION as its header declares it, in webpos
"""
import pathlib
import sys

TEMPLATE = """// Generated from {name} by sumpd/webpos/embed.py.
#include "sumpd/webpos/{header}.h"

namespace tillhost::sumpd::webpos {{
namespace {{

constexpr char kBytes[] = {{{numbers}}};

}}  // namespace

std::string_view {function}() {{ return {{kBytes, sizeof kBytes}}; }}

}}  // namespace tillhost::sumpd::webpos
"""


def main(arguments):
    if len(arguments) != 3:
        sys.exit(__doc__)
    file, function, out = arguments
    data = pathlib.Path(file).read_bytes()
    signed = (byte - 256 if byte > 127 else byte for byte in data)
    text = TEMPLATE.format(name=pathlib.Path(file).name, header=function.removesuffix("_text"),
                           numbers=",".join(map(str, signed)), function=function)
    pathlib.Path(out).write_text(text)


if __name__ == "__main__":
    main(sys.argv[1:])
