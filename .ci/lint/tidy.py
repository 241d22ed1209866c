#!/usr/bin/env python3
"""The house rules that a compiler and a formatter cannot know. Prints path:line: rule: reason.

usage: tidy.py [ROOT]               exit 0 when clean, 1 with findings
       tidy.py --list-cpp [ROOT]    names the C++ files, each ended by a zero byte
The rules are told in docs/style.md.
"""

import ast
import re
import subprocess
import sys
from pathlib import Path, PurePosixPath
from typing import Iterator, NamedTuple

sys.path.insert(0, str(Path(__file__).parent))
import cpp_text  # noqa: E402
import layers  # noqa: E402

FUNCTION_LINES_MAX = 60
FILE_LINES_MAX = 500
COLUMNS_MAX = 100
CPP = {".h", ".cpp"}
TEXT = CPP | {".def", ".py", ".sh", ".cmake", ".md", ".yaml", ".toml", ".json", ".txt", ".html"}
LIMITED = CPP | {".py", ".sh", ".cmake"}
SCRIPTS = {"dev", "run", "demo", "CMakeLists.txt", ".clang-format"}
OWN_EXAMPLES = (".ci/lint/tests/bad/", ".ci/lint/tests/good/")

# Header of a library → the name under which its single place is counted.
THIRD_PARTY = {
    "zmq.h": "zmq",
    "zmq.hpp": "zmq",
    "msgpack": "msgpack",
    "libserialport.h": "libserialport",
    "hidapi": "hidapi",
    "libusb": "libusb",
    "libudev.h": "libudev",
    "libevdev": "libevdev",
    "sqlite3.h": "SQLite",
    "soci": "SOCI",
    # In three files: certificates of licences, of servers, and of FIDO2 tokens (keys of P-256)
    # have nothing in common.
    "openssl/pem": "OpenSSL X.509",  # docs/decisions/0023-licence-keys.md
    "openssl/pkcs12": "OpenSSL X.509",
    "openssl/x509": "OpenSSL X.509",
    "openssl/x509v3": "OpenSSL X.509",
    "openssl": "OpenSSL",
    "sodium": "libsodium",
    "toml++": "toml++",
    "nlohmann": "nlohmann-json",
    "expat": "expat",
    "zlib": "zlib",
    "curl": "libcurl",
    "pugixml": "pugixml",
    "boost/context": "Boost.Context",
    "boost/asio": "Boost.Asio",
    "boost/beast": "Boost.Beast",
}

# JSON in two: ipc's messages and the bodies of sumpd's exchange are trees with other bounds; and
# of simulators the control socket and the exchange of the neighbours, who share no codec.
# Asio in two: who listens, and one connection.
PLACES_MAX = {
    "OpenSSL X.509": 3,
    "nlohmann-json": 2,
    "nlohmann-json in simulators": 2,
    "Boost.Asio": 2,
}

BANNED = {
    r"\bstd::thread\b": "std::thread is for hal/os",
    r"\bsleep_for\b|\bthis_thread::sleep|\busleep\s*\(|\bnanosleep\b": "waits go through os::Clock",
    r"\bsteady_clock\b|\bsystem_clock\b|\bhigh_resolution_clock\b|\bclock_gettime\b": (
        "time comes from os::Clock"
    ),
    r"(?:\.|->)detach\s*\(": "a thread is joined",
    r"\bvolatile\b": "volatile is not a synchronisation",
}
BANNED_IN_PURE = {
    r"\bstd::\w*mutex\b|<mutex>|<shared_mutex>": "no locks here",
    r"\bfopen\s*\(|<fstream>|(?<![\w>])::open\s*\(|(?<![\w>])::read\s*\(": (
        "no files or descriptors here"
    ),
}
PURE_FOLDERS = ("devd/core/", "hal/drivers/")

DRIVER_HEADINGS = (
    "What it is",
    "Models and firmware",
    "How it is found",
    "Transports and settings",
    "Protocol in one page",
    "States and counters",
    "Lost replies: how the outcome is established",
    "Odd behaviour",
    "Permissions and udev",
    "Tried on real devices",
    "Owner",
)
DRIVER_FILES = ("README.md", "driver.h", "driver.cpp", "protocol.h", "protocol.cpp")

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)
MACHINE_PATH = re.compile(r"(?<![\w.~$}])/(?:work|root|home/\w+)/")
TODO = re.compile(r"\b(?:TODO|FIXME|XXX)\b(?!\((?:before-release|port|perf)\))")


class Finding(NamedTuple):
    path: str
    line: int
    rule: str
    reason: str


class Source(NamedTuple):
    path: str  # from the root, with slashes
    text: str
    code: str  # C++ with comments and literals blanked; empty for other files

    @property
    def suffix(self) -> str:
        return PurePosixPath(self.path).suffix

    @property
    def is_cpp(self) -> bool:
        return self.suffix in CPP

    @property
    def is_test(self) -> bool:
        return self.path.startswith("tests/") or "/test/" in self.path


class Tree:
    """Every text file of the project, read once."""

    def __init__(self, root: Path):
        self.root = root
        self.paths = {path for path in list_files(root) if not path.startswith(OWN_EXAMPLES)}
        self.sources = [source for path in sorted(self.paths) if (source := self.read(path))]
        cmake_files = {
            source.path: source.text
            for source in self.sources
            if source.path.endswith(("CMakeLists.txt", "driver.cmake"))
        }
        table = root / "cmake/Layers.cmake"
        self.layers = layers.Layers(table.read_text() if table.exists() else "", cmake_files)
        self.cmake_text = "\n".join(cmake_files.values())

    def read(self, path: str) -> Source | None:
        name = PurePosixPath(path)
        if name.suffix not in TEXT and name.name not in SCRIPTS:
            return None
        text = (self.root / path).read_text(encoding="utf-8")
        return Source(path, text, cpp_text.code_only(text) if name.suffix in CPP else "")


def list_files(root: Path) -> list[str]:
    """Tracked and new files; in a tree without git, all but build/."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "-co", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=root, capture_output=True, check=True).stdout.decode()
        names = [name for name in listed.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        names = [str(path.relative_to(root)) for path in root.rglob("*")]
        names = [name for name in names if not name.startswith("build/")]
    return [name for name in names if (root / name).is_file()]


def line_at(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def check_layers(source: Source, tree: Tree) -> Iterator[Finding]:
    if not source.is_cpp or source.is_test:
        return
    for match in INCLUDE.finditer(source.text):
        if match.group(1) == '"':
            reason = tree.layers.refusal(source.path, match.group(2))
            if reason:
                yield Finding(source.path, line_at(source.text, match.start()), "layers", reason)


def check_includes(source: Source, tree: Tree) -> Iterator[Finding]:
    """Own header first; includes with quotes are named from the root and exist."""
    if not source.is_cpp:
        return
    includes = list(INCLUDE.finditer(source.text))
    own = str(PurePosixPath(source.path).with_suffix(".h"))
    if source.suffix == ".cpp" and own in tree.paths:
        if not includes or includes[0].group(2) != own:
            yield Finding(source.path, 1, "own-header", f'"{own}" comes first')
    for match in includes:
        quoted, name = match.group(1) == '"', match.group(2)
        if quoted and name not in tree.paths and not is_generated(name, tree):
            line = line_at(source.text, match.start())
            yield Finding(source.path, line, "include", f'"{name}" is not a path from the root')


def is_generated(name: str, tree: Tree) -> bool:
    """A header made at build time is named by the CMakeLists.txt of its folder."""
    path = PurePosixPath(name)
    makefile = tree.root / path.parent / "CMakeLists.txt"
    return makefile.exists() and f"/{path.name}" in makefile.read_text(encoding="utf-8")


def check_third_party(tree: Tree) -> Iterator[Finding]:
    """Each library's headers in one source file, and in no header.

    The simulators share nothing with the product, so that each side has a file of its own.
    """
    places: dict[str, set[str]] = {}
    for source in tree.sources:
        if not source.is_cpp or source.is_test:
            continue
        for match in INCLUDE.finditer(source.text):
            library = third_party(match.group(2)) if match.group(1) == "<" else None
            if library is None:
                continue
            side = " in simulators" if source.path.startswith("simulators/") else ""
            places.setdefault(library + side, set()).add(source.path)
            if source.suffix == ".h":
                line = line_at(source.text, match.start())
                yield Finding(source.path, line, "third-party", f"{library} stays out of headers")
    for library, paths in sorted(places.items()):
        if len(paths) > PLACES_MAX.get(library, 1):
            reason = f"{library} is included in {len(paths)} files: {', '.join(sorted(paths))}"
            yield Finding(sorted(paths)[0], 1, "third-party", reason)


def third_party(header: str) -> str | None:
    for start, library in THIRD_PARTY.items():
        if header == start or header.startswith((start + "/", start + ".", start + "-")):
            return library
    return None


def is_table(path: str) -> bool:
    name = PurePosixPath(path).name
    return name.endswith(("_table.h", "_table.cpp", ".def")) or name == "models.h"


def check_sizes(source: Source, _tree: Tree) -> Iterator[Finding]:
    lines = source.text.splitlines()
    if source.suffix in LIMITED and len(lines) > FILE_LINES_MAX and not is_table(source.path):
        yield Finding(source.path, len(lines), "file-length", f"more than {FILE_LINES_MAX} lines")
    if source.suffix in LIMITED or PurePosixPath(source.path).name in SCRIPTS:
        for number, line in enumerate(lines, 1):
            if len(line) > COLUMNS_MAX:
                yield Finding(source.path, number, "columns", f"{len(line)} > {COLUMNS_MAX}")
    for name, line, length in functions_of(source):
        if length > FUNCTION_LINES_MAX:
            reason = f"{name} has {length} lines, more than {FUNCTION_LINES_MAX}"
            yield Finding(source.path, line, "function-length", reason)


def functions_of(source: Source) -> Iterator[tuple[str, int, int]]:
    if source.is_cpp:
        yield from cpp_text.functions(source.text)
    elif source.suffix == ".py":
        for node in ast.walk(ast.parse(source.text)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield node.name, node.lineno, (node.end_lineno or node.lineno) - node.lineno + 1


def check_banned(source: Source, _tree: Tree) -> Iterator[Finding]:
    if not source.is_cpp or source.path.startswith("hal/os/"):
        return
    rules = dict(BANNED)
    if source.path.startswith(PURE_FOLDERS) and not source.is_test:
        rules.update(BANNED_IN_PURE)
    for pattern, reason in rules.items():
        for match in re.finditer(pattern, source.code):
            yield Finding(source.path, line_at(source.code, match.start()), "banned", reason)


def check_cpp_habits(source: Source, _tree: Tree) -> Iterator[Finding]:
    if not source.is_cpp:
        return
    for match in re.finditer(r"\[\s*=\s*[\],]", source.code):
        line = line_at(source.code, match.start())
        yield Finding(source.path, line, "capture", "[=] hides what is copied")
    for line in cpp_text.tries_behind_values(source.text):
        reason = "in braces behind other values: g++ 12 does not free those when it returns"
        yield Finding(source.path, line, "try-in-braces", reason)
    if source.suffix == ".h" and not re.match(r"\s*#pragma once\b", source.code):
        yield Finding(source.path, 1, "pragma-once", "comes before all other code")
    if source.path.endswith("_test.cpp"):
        opening = source.text.splitlines()[:2]
        if len(opening) < 2 or not all(line.startswith("// ") for line in opening):
            reason = "opens with two comment lines: what is claimed, how it is shown"
            yield Finding(source.path, 1, "test-opening", reason)


def check_text(source: Source, _tree: Tree) -> Iterator[Finding]:
    for number, line in enumerate(source.text.split("\n"), 1):
        if line != line.rstrip():
            yield Finding(source.path, number, "blanks", "blanks at the end of the line")
        if "\t" in line:
            yield Finding(source.path, number, "blanks", "a tab")
        if source.path.startswith(".ci/lint/"):
            continue
        if MACHINE_PATH.search(line):
            yield Finding(source.path, number, "machine-path", "a path of one machine")
        if source.suffix in LIMITED and TODO.search(line):
            yield Finding(source.path, number, "todo", "has no kind")
    if source.text and not source.text.endswith("\n"):
        last = source.text.count("\n") + 1
        yield Finding(source.path, last, "blanks", "the last line has no end")


def check_links(source: Source, tree: Tree) -> Iterator[Finding]:
    if source.suffix != ".md":
        return
    prose = re.sub(
        r"```.*?```|`[^`\n]*`",
        lambda match: re.sub(r"[^\n]", " ", match.group(0)),
        source.text,
        flags=re.DOTALL,
    )
    for match in re.finditer(r"\]\(([^)\s]+)\)", prose):
        goal = match.group(1).split("#")[0]
        if not goal or re.match(r"[a-z]+:", goal):
            continue
        if not (tree.root / PurePosixPath(source.path).parent / goal).exists():
            line = line_at(prose, match.start())
            yield Finding(source.path, line, "link", f"{goal} does not exist")


def check_drivers(tree: Tree) -> Iterator[Finding]:
    """A driver's folder is complete, and its page has the fixed headings in their order."""
    folders = {
        "/".join(path.split("/")[:4])
        for path in tree.paths
        if re.match(r"hal/drivers/[a-z]\w*/\w+/", path)
    }
    for folder in sorted(folders):
        for name in DRIVER_FILES:
            if f"{folder}/{name}" not in tree.paths:
                yield Finding(folder, 0, "driver", f"{name} is missing")
        if not any(path.startswith(f"{folder}/test/") for path in tree.paths):
            yield Finding(folder, 0, "driver", "test/ is missing")
        page = tree.root / folder / "README.md"
        if page.exists():
            found = re.findall(r"^## (.+?)\s*$", page.read_text(encoding="utf-8"), re.MULTILINE)
            fixed = [h for f in found for h in DRIVER_HEADINGS if f.startswith(h)]
            if fixed != list(DRIVER_HEADINGS):
                reason = "headings are, in this order: " + " · ".join(DRIVER_HEADINGS)
                yield Finding(f"{folder}/README.md", 1, "driver", reason)


def check_dead_sources(tree: Tree) -> Iterator[Finding]:
    """Every source is named in some CMakeLists.txt."""
    for source in tree.sources:
        name = PurePosixPath(source.path).name
        if source.suffix == ".cpp" and not re.search(rf"\b{re.escape(name)}\b", tree.cmake_text):
            yield Finding(source.path, 1, "dead", "no CMakeLists.txt names this file")


PER_FILE = (
    check_layers,
    check_includes,
    check_sizes,
    check_banned,
    check_cpp_habits,
    check_text,
    check_links,
)
PER_TREE = (check_third_party, check_drivers, check_dead_sources)


def findings_of(root: Path) -> list[Finding]:
    tree = Tree(root)
    found = [f for source in tree.sources for check in PER_FILE for f in check(source, tree)]
    found += [finding for check in PER_TREE for finding in check(tree)]
    return sorted(found)


def main() -> int:
    arguments = [word for word in sys.argv[1:] if word != "--list-cpp"]
    root = Path(arguments[0] if arguments else ".").resolve()
    if len(arguments) < len(sys.argv) - 1:
        for path in sorted(Tree(root).paths):
            if PurePosixPath(path).suffix in CPP:
                print(path, end="\0")
        return 0
    found = findings_of(root)
    for finding in found:
        print(f"{finding.path}:{finding.line}: {finding.rule}: {finding.reason}")
    print(f"tidy: {len(found)} findings" if found else "tidy: clean")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
