#!/usr/bin/env python3
"""Claim: a program outside this tree is built with what docs/clients.md has installed, and runs.
Shown by installing the client into an empty folder, building docs/examples/till.cpp there by the
page's own lines for CMake and for pkg-config, and importing the Python package from there.

usage: run_client_package.py BUILD_FOLDER        exit 0 when all of it went well
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/clients.md").read_text(encoding="utf-8")
PREFIX = "/opt/tillhost"
USAGE = 2


def block_with(words: str, language: str) -> str:
    """The page's code block of that language that holds these words."""
    found = [one for one in re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.M | re.S)
             if words in one]
    if len(found) != 1:
        sys.exit(f"run_client_package: {len(found)} blocks with \"{words}\" on the page")
    return found[0]


def run(command: str, folder: Path, expected: int = 0) -> str:
    print(f"+ {command}", flush=True)
    done = subprocess.run(["bash", "-ec", command], cwd=folder, text=True, timeout=240,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != expected:
        sys.exit(f"run_client_package: exit {done.returncode}, not {expected}:\n{done.stdout}")
    return done.stdout


def refuses_no_arguments(program: Path) -> None:
    if "usage: till_example DEVICE JOURNAL" not in run(str(program), program.parent, USAGE):
        sys.exit(f"run_client_package: {program} does not say how it is used")


def main(build: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prefix = str(folder / "prefix")
        install = block_with("--component client", "sh").strip()
        run(install.replace("build/release", build).replace(PREFIX, prefix), folder)

        till = folder / "till"
        till.mkdir()
        shutil.copy(ROOT / "docs/examples/till.cpp", till)
        (till / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.25)\nproject(till CXX)\n"
            + block_with("find_package(tillhost", "cmake"), encoding="utf-8")
        run(f"cmake -G Ninja -B b -D CMAKE_PREFIX_PATH={prefix} && cmake --build b", till)
        refuses_no_arguments(till / "b" / "till")

        run(block_with("pkg-config --cflags", "sh").replace(PREFIX, prefix), till)
        refuses_no_arguments(till / "till")

        path = re.search(r"`PYTHONPATH=(\S+)`", PAGE)[1].replace(PREFIX, prefix)
        os.environ["PYTHONPATH"] = path
        said = run("/usr/bin/python3 -B -c 'import tillhost; print(tillhost.__file__)'", folder)
        if not said.startswith(path):
            sys.exit(f"run_client_package: the package came from {said}")
    print("a program outside the tree builds and runs")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(str(Path(sys.argv[1]).resolve()))
