"""Counts the tests of one ctest run: prints "PASSED FAILED".

A GoogleTest program counts by its test cases, as its own report in the results folder tells; any
other ctest entry counts as one. A program that dies before it reports is one failure.
"""

import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path


def cases_of(report: Path) -> tuple[int, int]:
    """Passed and failed cases of one GoogleTest report; skipped cases are neither."""
    root = ElementTree.parse(report).getroot()
    failed = int(root.get("failures", "0")) + int(root.get("errors", "0"))
    skipped = sum(1 for _ in root.iter("skipped"))
    disabled = int(root.get("disabled", "0"))
    return int(root.get("tests", "0")) - failed - skipped - disabled, failed


def count(results: Path) -> tuple[int, int]:
    summary = results / "ctest.junit"
    if not summary.exists() or summary.stat().st_size == 0:
        return 0, 0
    passed_all = failed_all = 0
    for case in ElementTree.parse(summary).getroot().iter("testcase"):
        entry_failed = case.get("status") != "run"
        report = results / f"{case.get('name')}.xml"
        passed, failed = (0, 1) if entry_failed else (1, 0)
        if report.exists():
            passed, failed = cases_of(report)
            if entry_failed and failed == 0:
                failed = 1
        passed_all += passed
        failed_all += failed
    return passed_all, failed_all


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: tally.py RESULTS_DIR", file=sys.stderr)
        return 2
    print(*count(Path(sys.argv[1])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
