"""Who may include whom: the table of cmake/Layers.cmake, and which file belongs to which target.

Nothing is repeated here. The allowed dependencies are read out of cmake/Layers.cmake, the folders
and sources of the targets out of the CMakeLists.txt files.
"""

import re
from pathlib import PurePosixPath
from typing import NamedTuple

DECLARATION = re.compile(
    r"\b(till_library|till_program|hal_add_driver)\s*\(\s*NAME\s+(\S+?)([\s)][^)]*?)?\)", re.DOTALL
)
KEYWORDS = ("DEPS", "EXTERNAL", "PUBLIC_EXTERNAL", "LABELS")


class Target(NamedTuple):
    name: str
    folder: str
    is_program: bool
    stems: frozenset[str]  # its sources from the root, without their endings


def without_comments(text: str) -> str:
    return re.sub(r"#[^\n]*", "", text)


def sources_of(arguments: str) -> list[str]:
    match = re.search(r"\bSOURCES\b(.*?)(?:\b(?:" + "|".join(KEYWORDS) + r")\b|$)", arguments, re.S)
    return match.group(1).split() if match else []


def targets_in(path: str, text: str) -> list[Target]:
    """The libraries, programs and drivers that one CMakeLists.txt (or driver.cmake) declares."""
    folder = str(PurePosixPath(path).parent)
    found = []
    for kind, name, arguments in DECLARATION.findall(without_comments(text)):
        if kind == "hal_add_driver":
            name = "driver_" + name.replace("/", "_")
        stems = frozenset(
            str((PurePosixPath(folder) / file).with_suffix("")) for file in sources_of(arguments)
        )
        found.append(Target(name, folder, kind == "till_program", stems))
    return found


class Layers:
    def __init__(self, table: str, cmake_files: dict[str, str]):
        table = without_comments(table)
        self.allowed = {
            name: set(rest.split())
            for name, rest in re.findall(r"till_allow\((\w+)([^)]*)\)", table)
        }
        self.by_kind = {}
        for prefix, variable in (("driver_", "TILL_DRIVER_MAY"), ("sim_", "TILL_SIMULATOR_MAY")):
            row = re.search(rf"set\({variable}\s+([^)]*)\)", table)
            self.by_kind[prefix] = set(row.group(1).split()) if row else set()
        self.targets = [
            target
            for path, text in sorted(cmake_files.items())
            for target in targets_in(path, text)
        ]

    def target_of(self, path: str) -> Target | None:
        """The target that owns a file: the one that lists it, else the nearest folder's first."""
        stem = str(PurePosixPath(path).with_suffix(""))
        for target in self.targets:
            if stem in target.stems:
                return target
        folders = [str(parent) for parent in PurePosixPath(path).parents]
        for folder in folders:
            here = [target for target in self.targets if target.folder == folder]
            if here:
                return min(here, key=lambda target: target.is_program)
        return None

    def refusal(self, from_path: str, to_path: str) -> str | None:
        """Why `from_path` may not include `to_path`, or nothing if it may."""
        source, goal = self.target_of(from_path), self.target_of(to_path)
        if source is None or goal is None or source.name == goal.name:
            return None
        if to_path.startswith("tests/") or "/test/" in to_path:
            return f"{source.name} may not include tests"
        if source.is_program:
            own_side = from_path.startswith("simulators/")
            foreign = to_path.startswith("simulators/") and not own_side
            return f"program {source.name} may not include simulators" if foreign else None
        allowed = self.allowed.get(source.name)
        if allowed is None:
            kind = next((k for k in self.by_kind if source.name.startswith(k)), None)
            allowed = self.by_kind[kind] if kind else set()
        if goal.name in allowed:
            return None
        return f"{source.name} may not include {goal.name} (cmake/Layers.cmake)"
