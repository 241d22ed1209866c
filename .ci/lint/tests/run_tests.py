"""Claim: the linter finds every fault it is there for, and nothing in code that is right.

Shown on two example trees (bad/ with the findings it must give, good/ with none), on small texts,
and by configuring a tiny project whose dependencies are forbidden. Prints "PASSED FAILED".
"""

import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(HERE.parent))
sys.path.insert(0, str(ROOT / ".ci"))
import cpp_text  # noqa: E402
import tally  # noqa: E402
import tidy  # noqa: E402


def findings_in(example: str) -> list[str]:
    """The findings of one example tree, in a folder of its own with the real table of layers."""
    with tempfile.TemporaryDirectory() as place:
        tree = Path(place) / "tree"
        shutil.copytree(HERE / example, tree)
        (tree / "expected.txt").unlink(missing_ok=True)
        (tree / "cmake").mkdir()
        shutil.copy(ROOT / "cmake/Layers.cmake", tree / "cmake/Layers.cmake")
        return [f"{f.path}:{f.line}: {f.rule}" for f in tidy.findings_of(tree)]


class Examples(unittest.TestCase):
    def test_every_fault_of_the_bad_tree_is_found_and_no_other(self):
        expected = (HERE / "bad/expected.txt").read_text().split("\n")[:-1]
        self.assertEqual(findings_in("bad"), expected)

    def test_every_rule_has_a_bad_example(self):
        found = {line.rsplit(" ", 1)[1] for line in findings_in("bad")}
        source = (HERE.parent / "tidy.py").read_text()
        self.assertEqual(found, set(re.findall(r'Finding\(.*?, "([a-z-]+)",', source)))

    def test_the_good_tree_is_clean(self):
        self.assertEqual(findings_in("good"), [])


class Functions(unittest.TestCase):
    def lengths(self, text: str) -> list[tuple[str, int]]:
        return [(found.name, found.lines) for found in cpp_text.functions(text)]

    def test_counts_from_the_declaration_to_the_closing_brace(self):
        self.assertEqual(self.lengths("int f(int a,\n      int b) {\n}\n"), [("f", 3)])

    def test_a_lambda_belongs_to_its_function(self):
        text = "void f() {\n  auto g = [] {\n    h();\n  };\n}\n"
        self.assertEqual(self.lengths(text), [("f", 5)])

    def test_a_constructor_with_brace_initialisers_is_one_function(self):
        text = "struct A {\n  A(int a) : a_{a}, b_{2} {\n    go();\n  }\n  int a_, b_;\n};\n"
        self.assertEqual(self.lengths(text), [("A", 3)])

    def test_members_behind_an_access_word_begin_at_their_own_line(self):
        text = "class A {\npublic:\n\n  int f() const {\n    return 1;\n  }\n};\n"
        self.assertEqual(self.lengths(text), [("f", 3)])

    def test_braces_in_literals_and_comments_do_not_count(self):
        text = "void f() {\n  put('{', \"}{\"); // {\n  /* { */\n}\nvoid g() {}\n"
        self.assertEqual(self.lengths(text), [("f", 4), ("g", 1)])

    def test_a_digit_separator_opens_no_literal(self):
        self.assertEqual(self.lengths("void f() {\n  g(12'50, '{');\n}\n"), [("f", 3)])

    def test_tables_and_types_are_not_functions(self):
        text = "int kA[] = {\n 1,\n};\nauto kB = make({\n {1},\n});\nstruct S {\n int a;\n};\n"
        self.assertEqual(self.lengths(text), [])


class TriesInBraces(unittest.TestCase):
    def lines(self, text: str) -> list[int]:
        return cpp_text.tries_behind_values(text)

    def test_one_behind_a_value_is_found_however_deep(self):
        self.assertEqual(self.lines("auto f() {\n  return A{b,\n  g({.c = d(TRY(e()))})};\n}"), [3])
        self.assertEqual(self.lines("auto f() {\n  return g({a(), TRY(e())});\n}"), [2])

    def test_the_first_value_and_an_argument_have_nothing_to_lose(self):
        self.assertEqual(self.lines("auto f() { return A{TRY(e()), b}; }"), [])
        self.assertEqual(self.lines("auto f() { return g(a, TRY(e())); }"), [])

    def test_a_block_is_no_initialiser(self):
        text = "auto f(int a, int b) {\n g(a, [&](int c) -> R<D> { TRY(e()); });\n"
        text += " if (a) { g(b, c); TRY(e()); } else { TRY(e()); }\n}"
        self.assertEqual(self.lines(text), [])


class LayersAtConfigureTime(unittest.TestCase):
    def configure(self, body: str) -> subprocess.CompletedProcess:
        """Configures a project of interface libraries that uses the tree's own modules."""
        with tempfile.TemporaryDirectory() as place:
            lists = (
                "cmake_minimum_required(VERSION 3.25)\nproject(tiny LANGUAGES NONE)\n"
                "add_library(till_options INTERFACE)\n"
                f'list(APPEND CMAKE_MODULE_PATH "{ROOT}/cmake")\n'
                f"include(Layers)\ninclude(Module)\n{body}\ntill_check_layers()\n"
            )
            Path(place, "CMakeLists.txt").write_text(lists)
            command = ["cmake", "-S", place, "-B", f"{place}/build"]
            return subprocess.run(command, capture_output=True, text=True)

    def test_an_allowed_dependency_configures(self):
        done = self.configure("till_library(NAME base)\ntill_library(NAME os DEPS base)")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_forbidden_dependency_is_refused_by_name(self):
        done = self.configure("till_library(NAME base DEPS os)\ntill_library(NAME os DEPS base)")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("base may not depend on os", done.stderr)

    def test_a_driver_may_not_depend_on_another_driver(self):
        body = "till_library(NAME driver_a)\ntill_library(NAME driver_b DEPS driver_a)"
        done = self.configure(body)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("driver_b may not depend on driver_a", done.stderr)

    def test_a_target_in_no_layer_is_refused(self):
        done = self.configure("till_library(NAME stray)")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("stray stands in no layer", done.stderr)


class Tally(unittest.TestCase):
    def count(self, ctest: str, reports: dict[str, str]) -> tuple[int, int]:
        with tempfile.TemporaryDirectory() as place:
            Path(place, "ctest.junit").write_text(f"<testsuite>{ctest}</testsuite>")
            for name, text in reports.items():
                Path(place, f"{name}.xml").write_text(text)
            return tally.count(Path(place))

    def test_counts_the_cases_of_a_report_and_other_entries_as_one(self):
        entries = '<testcase name="a" status="run"/><testcase name="b" status="run"/>'
        report = '<testsuites tests="5" failures="0" errors="0" disabled="1"/>'
        self.assertEqual(self.count(entries, {"a": report}), (5, 0))

    def test_a_failed_program_without_a_failed_case_is_one_failure(self):
        report = '<testsuites tests="5" failures="0" errors="0"/>'
        entry = '<testcase name="a" status="fail"/>'
        self.assertEqual(self.count(entry, {"a": report}), (5, 1))
        self.assertEqual(self.count(entry, {}), (0, 1))

    def test_a_skipped_case_is_not_a_passed_one(self):
        report = '<testsuites tests="2" failures="0"><case><skipped/></case></testsuites>'
        entry = '<testcase name="a" status="run"/>'
        self.assertEqual(self.count(entry, {"a": report}), (1, 0))


def main() -> int:
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__])
    result = unittest.TextTestRunner(stream=sys.stderr, verbosity=0).run(suite)
    failed = len(result.failures) + len(result.errors)
    print(result.testsRun - failed, failed)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
