#!/usr/bin/env python3
"""Claim: what docs/adding-a-driver.md says is true: its commands, in its order, make a driver that
builds and passes its tests and the conformance suite.
Shown by running every ```sh block of the page in a copy of the tree, and the linter over the copy.

usage: run_kit.py        exit 0 when all of it went well
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = "docs/adding-a-driver.md"
SECONDS_MAX = 540


def copy_tree(target: Path) -> None:
    """What git tracks or would track: no build folders."""
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "-co", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True)
    for name in listed.stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)


def commands_of(page: str) -> list[str]:
    blocks = re.findall(r"^```sh\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    text = "".join(blocks).replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def run(command: str, tree: Path, left: float) -> None:
    # The cache serves a copy only if paths are taken from its root.
    env = dict(os.environ, CCACHE_BASEDIR=str(tree), CCACHE_NOHASHDIR="1")
    env.pop("GTEST_OUTPUT", None)
    begun = time.monotonic()
    print(f"+ {command}", flush=True)
    done = subprocess.run(["bash", "-ec", command], cwd=tree, env=env, timeout=left,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        print(done.stdout[-8000:])
        sys.exit(f"run_kit: exit {done.returncode} of: {command}")
    if "No tests were found" in done.stdout or "[==========] 0 tests" in done.stdout:
        sys.exit(f"run_kit: no test was run by: {command}")
    last = "".join(f"  {line}\n" for line in done.stdout.splitlines()[-3:])
    print(f"{last}  {time.monotonic() - begun:.1f} s", flush=True)


def main() -> None:
    deadline = time.monotonic() + SECONDS_MAX
    commands = commands_of((ROOT / PAGE).read_text(encoding="utf-8"))
    if not any("new-driver" in command for command in commands):
        sys.exit(f"run_kit: {PAGE} has no sh block that makes a driver")
    with tempfile.TemporaryDirectory(prefix="tillhost-kit-") as folder:
        tree = Path(folder)
        copy_tree(tree)
        for command in commands + ["python3 .ci/lint/tidy.py"]:
            run(command, tree, deadline - time.monotonic())
    print("run_kit: every command of the page went well")


if __name__ == "__main__":
    main()
