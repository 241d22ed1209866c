"""Reads C++ as text, without a compiler: blanks out comments and strings, finds functions.

It knows no templates and no macros, only brackets; that is enough to count lines and to find words.
"""

import re
from typing import NamedTuple

TOKENS = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<mark>[^(\s]*)\(.*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'",
    re.DOTALL,
)
CONTAINER = re.compile(r"\b(namespace|class|struct|union|enum|extern)\b")
AFTER_PARAMETERS = ("const", "noexcept", "override", "final", "mutable", "try")


class Function(NamedTuple):
    name: str
    line: int  # where its declaration begins, counted from 1
    lines: int


def code_only(text: str) -> str:
    """The same text with comments and insides of literals blanked; lines stay in place."""

    def blank(match: re.Match) -> str:
        token = match.group(0)
        quote = '"' if token.endswith('"') else " "
        inner = re.sub(r"[^\n]", " ", token[1:-1])
        return quote + inner + quote if len(token) > 1 else token

    return TOKENS.sub(blank, text)


def without_directives(code: str) -> str:
    """Blanks preprocessor directives with their continuation lines."""
    return re.sub(
        r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*",
        lambda match: re.sub(r"[^\n]", " ", match.group(0)),
        code,
        flags=re.MULTILINE,
    )


def closing_brace(code: str, opening: int) -> int:
    depth = 0
    for position in range(opening, len(code)):
        if code[position] == "{":
            depth += 1
        elif code[position] == "}":
            depth -= 1
            if depth == 0:
                return position
    return len(code) - 1


def is_member_initialiser(head: str) -> bool:
    """Whether the brace after `head` initialises a member, as in `Thing() : a_{1}, b_{2} {}`."""
    last_word = re.search(r"(\w+)\s*$", head)
    in_list = re.search(r"\)\s*(?:noexcept\s*)?:(?!:)", head)
    return bool(in_list and last_word and last_word.group(1) not in AFTER_PARAMETERS)


def has_parameters(head: str) -> bool:
    """Whether a body follows: round brackets, all closed, and not `namespace` or `extern "C"`."""
    if re.match(r"\s*(?:namespace|extern)\b", head):
        return False
    return "(" in head and head.count("(") == head.count(")")


def functions(text: str) -> list[Function]:
    """The functions defined at namespace or class level; lambdas belong to their function."""
    code = without_directives(code_only(text))
    found: list[Function] = []
    head_start = position = 0
    while position < len(code):
        letter = code[position]
        if letter in ";}":
            head_start = position + 1
        elif letter == "{":
            head = code[head_start:position]
            if "(" in head and is_member_initialiser(head):
                position = closing_brace(code, position) + 1
                continue
            plain = re.sub(r"\b(?:public|private|protected)\s*:", " ", head)
            if plain.rstrip().endswith("="):  # a table, however long
                position = closing_brace(code, position)
            elif has_parameters(plain):
                end = closing_brace(code, position)
                found.append(describe(code, head, head_start, end))
                position = end
                head_start = position + 1
            elif CONTAINER.search(plain):
                head_start = position + 1
            else:
                position = closing_brace(code, position)
        position += 1
    return found


def describe(code: str, head: str, head_start: int, end: int) -> Function:
    start = head_start + len(head) - len(head.lstrip())
    label = re.match(r"(?:public|private|protected)\s*:\s*", code[start:])
    start += label.end() if label else 0
    name = re.search(r"([~\w:]+)\s*\(", head)
    first = code.count("\n", 0, start) + 1
    last = code.count("\n", 0, end) + 1
    return Function(name.group(1) if name else "?", first, last - first + 1)


def is_block(code: str, opening: int) -> bool:
    """Whether the brace at `opening` begins statements, and not the values of an initialiser."""
    head = code[:opening].rstrip()
    last_word = re.search(r"\w+$", head)
    if last_word and last_word.group(0) in (*AFTER_PARAMETERS, "else", "do"):
        return True
    if re.search(r"\)[\w\s]*->[\w\s:<>,*&]+$", head[-200:]):  # a lambda that names its result
        return True
    return not head or head[-1] in ");{}:]"


def tries_behind_values(text: str) -> list[int]:
    """The lines of each TRY in an initialiser's braces that has values before it."""
    code = without_directives(code_only(text))
    found: list[int] = []
    open_brackets: list[list] = []  # block, initialiser, has a value before
    for match in re.finditer(r"[(){}\[\],]|\bTRY\b", code):
        token = match.group(0)
        if token in "([{":
            initialiser = token == "{" and not is_block(code, match.start())
            open_brackets.append([token == "{" and not initialiser, initialiser, False])
        elif token in ")]}":
            if open_brackets:
                open_brackets.pop()
        elif token == ",":
            if open_brackets:
                open_brackets[-1][2] = True
        else:
            for block, initialiser, has_value in reversed(open_brackets):
                if block:
                    break
                if initialiser and has_value:
                    found.append(code.count("\n", 0, match.start()) + 1)
                    break
    return found
