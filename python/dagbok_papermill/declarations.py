"""What the cell with the tag `parameters` declares."""

import re
from dataclasses import dataclass

from .types import FLOATS, INTEGERS

TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)
      | (?P<text>[bc]?r(?P<hashes>\#*)".*?"(?P=hashes)|[bc]?"(?:\\.|[^"\\])*")
      | (?P<char>b?'(?:\\(?:u\{[^}]*\}|x..|.)|[^'\\])')
      | (?P<number>\d(?:[\w]|\.(?=\d)|(?<=[eE])[+-](?=\d)|\.(?![\w.]))*)
      | (?P<word>'?(?:r\#)?\w+)
      | (?P<sign>::|->|[^\s\w])
      | (?P<space>\s+)""",
    re.VERBOSE | re.DOTALL,
)
NUMBER = re.compile(
    r"""(?:0x[\da-fA-F_]+?|0[bo][\d_]+|\d[\d_]*(?P<fraction>\.[\d_]*)?(?P<exponent>[eE][+-]?[\d_]+)?)
        (?P<suffix>[iuf](?:\d+|size))?""",
    re.VERBOSE,
)
KEYWORDS = ("let", "const", "static")


@dataclass
class Declaration:
    """A `let`, `const` or `static` with one name."""

    name: str
    keyword: str = "let"
    declared: str = ""
    inferred: str = ""
    default: str = ""
    help: str = ""


@dataclass
class Token:
    kind: str
    text: str
    start: int
    end: int


def declarations(source):
    """All declarations of the cell, in order; anything else in it is passed over."""
    source = _without_commands(source)
    tokens, comments = _tokens(source)
    found = []
    for statement in _statements(tokens):
        declaration = _declaration(statement, source)
        if declaration:
            declaration.help = _help(statement, comments, source)
            found.append(declaration)
    return found


def _without_commands(source):
    """The cell without the lines for the kernel at its start."""
    lines = source.splitlines(keepends=True)
    start = next((idx for idx, line in enumerate(lines) if line.strip() and not re.match(r"\s*(//|[:%!])", line)), len(lines))
    return "".join("\n" if re.match(r"\s*[:%!]", line) else line for line in lines[:start]) + "".join(lines[start:])


def _tokens(source):
    tokens, comments = [], []
    for match in TOKEN.finditer(source):
        token = Token(match.lastgroup, match.group(), match.start(), match.end())
        if match.group("text") is not None:
            token.kind = "text"
        if token.kind == "comment":
            comments.append(token)
        elif token.kind != "space":
            tokens.append(token)
    return tokens, comments


def _statements(tokens):
    """The tokens up to each semicolon at the top, or to the end of an item's block."""
    statement, depth = [], 0
    for token in tokens:
        statement.append(token)
        if token.kind != "sign":
            continue
        depth += token.text in "([{"
        depth -= token.text in ")]}"
        is_item = statement[0].text not in KEYWORDS
        if depth == 0 and (token.text == ";" or token.text == "}" and is_item):
            yield statement
            statement = []
    if statement:
        yield statement


def _declaration(statement, source):
    words = [token.text for token in statement]
    start = next((idx for idx, word in enumerate(words) if word in KEYWORDS), None)
    if start is None or not _is_prefix(words[:start]) or "=" not in words:
        return None
    equals = words.index("=")
    pattern = words[start + 1 : equals]
    keyword = words[start]
    if pattern[:1] == ["mut"]:
        keyword, pattern = f"{keyword} mut", pattern[1:]
    if not pattern or not re.fullmatch(r"(r#)?\w+", pattern[0]) or pattern[1:2] not in ([], [":"]):
        return None
    colon = statement[start].end if len(pattern) < 2 else statement[equals - len(pattern) + 1].end
    value = [token for token in statement[equals + 1 :] if not (token.text == ";" and token is statement[-1])]
    return Declaration(
        name=pattern[0].removeprefix("r#"),
        keyword=keyword,
        declared=source[colon : statement[equals].start].strip() if len(pattern) > 1 else "",
        inferred=_type(value) or "",
        default=source[value[0].start : value[-1].end] if value else "",
    )


def _is_prefix(words):
    """Whether these stand before a declaration: nothing, or attributes and `pub`."""
    return re.fullmatch(r"(#\[.*\]|pub(\(\w+\))?)*", "".join(words)) is not None


def _help(statement, comments, source):
    """The comment behind the declaration, on its last line."""
    end = statement[-1].end
    line_end = source.find("\n", end)
    line_end = len(source) if line_end < 0 else line_end
    behind = [comment for comment in comments if end <= comment.start <= line_end]
    between = source[end : behind[0].start] if behind else "?"
    return re.sub(r"^(//+[/!]?|/\*)|\*/$", "", behind[0].text).strip() if not between.strip() else ""


def _type(tokens):
    """The type of an expression of literals, None of any other."""
    words = [token.text for token in tokens]
    kinds = [token.kind for token in tokens]
    if len(tokens) >= 2 and words[-2] == "as" and words[-1] in {**INTEGERS, **dict.fromkeys(FLOATS)}:
        return words[-1]
    if len(tokens) == 3 and words[1] == "::" and words[0] in {**INTEGERS, **dict.fromkeys(FLOATS)}:
        return words[0]
    if kinds and set(kinds) <= {"number", "sign"} and "number" in kinds and set(words) - set("+-*/%()") == _numbers(tokens):
        types = {_number_type(word) for word in _numbers(tokens)}
        return types.pop() if len(types) == 1 else None
    if kinds == ["text"]:
        return "&str" if words[0][0] in '"r' else None
    if kinds == ["char"]:
        return "char" if words[0][0] == "'" else None
    if words in (["true"], ["false"]):
        return "bool"
    return _compound(tokens, words)


def _numbers(tokens):
    return {token.text for token in tokens if token.kind == "number"}


def _number_type(word):
    match = NUMBER.fullmatch(word)
    if not match:
        return None
    return match["suffix"] or ("f64" if match["fraction"] or match["exponent"] else "i32")


def _compound(tokens, words):
    text_first = bool(tokens) and tokens[0].kind == "text"
    if text_first and words[1:] in ([".", "to_string", "(", ")"], [".", "to_owned", "(", ")"]):
        return "String"
    if words[:4] == ["String", "::", "from", "("] or words == ["String", "::", "new", "(", ")"]:
        return "String"
    if words[:2] == ["Some", "("] and words[-1:] == [")"]:
        return _of("Option<{}>", [tokens[2:-1]])
    if words[:3] == ["vec", "!", "["] and words[-1:] == ["]"]:
        return _of("Vec<{}>", _elements(tokens[3:-1]))
    if words[:1] == ["["] and words[-1:] == ["]"]:
        elements = _elements(tokens[1:-1])
        return _of(f"[{{}}; {len(elements)}]", elements)
    return None


def _elements(tokens):
    """The elements of a list; the one of `[element; n]`."""
    elements, depth = [[]], 0
    for token in tokens:
        depth += token.kind == "sign" and token.text in "([{"
        depth -= token.kind == "sign" and token.text in ")]}"
        if depth == 0 and token.text == ";":
            break
        if depth == 0 and token.text == ",":
            elements.append([])
        else:
            elements[-1].append(token)
    return [element for element in elements if element]


def _of(pattern, elements):
    types = {_type(element) for element in elements}
    return pattern.format(types.pop()) if len(types) == 1 and None not in types else None
