"""Rust types, as far as parameters have them."""

import re
from dataclasses import dataclass, replace

INTEGERS = {f"{sign}{bits}": (sign == "i", bits) for sign in "iu" for bits in (8, 16, 32, 64, 128)}
INTEGERS |= {"isize": (True, 64), "usize": (False, 64)}
FLOATS = ("f32", "f64")


@dataclass(frozen=True)
class Type:
    """`name` is what decides how a value is written: `Vec` for any path that ends so, `[]` for arrays, `()` for tuples."""

    name: str
    arguments: tuple = ()
    text: str = ""

    def __str__(self):
        return self.text

    def with_length(self, length):
        """The array type of as many elements."""
        return replace(self, text=f"[{self.arguments[0]}; {length}]")

    def fits(self, number):
        """Whether the integer type holds `number`."""
        signed, bits = INTEGERS[self.name]
        low, high = (-(1 << bits - 1), 1 << bits - 1) if signed else (0, 1 << bits)
        return low <= number < high


def is_constant(type):
    """Whether a `const` can have the type."""
    inner = type.arguments if type.name in ("Option", "()", "[]") else ()
    return type.name in (*INTEGERS, *FLOATS, "bool", "char", "&str") or bool(inner) and all(map(is_constant, inner))


def parse_type(text):
    """The type that `text` writes; what it does not know has a name that no value is written for."""
    tokens = re.findall(r"'\w+|[\w]+|::|->|\S", text)
    type, rest = _type(tokens)
    return replace(type, text=text) if not rest else Type("?", text=text)


def _type(tokens):
    first, rest = (tokens[0], tokens[1:]) if tokens else ("", [])
    if first == "&":
        rest = rest[1:] if rest[:1] and rest[0].startswith("'") else rest
        inner, rest = _type(rest)
        return Type(f"&{inner.name}", inner.arguments, f"&{inner}"), rest
    if first == "(":
        arguments, rest = _list(rest, ")")
        return Type("()", arguments, "(" + ", ".join(map(str, arguments)) + ("," if len(arguments) == 1 else "") + ")"), rest
    if first == "[":
        element, rest = _type(rest)
        end = rest.index("]") if "]" in rest else len(rest)
        length = "".join(rest[:end])
        return Type("[]", (element,), f"[{element}{length.replace(';', '; ')}]"), rest[end + 1 :]
    if not re.fullmatch(r"\w+", first):
        return Type("?", text=first), []
    path = first
    while rest[:1] == ["::"] and len(rest) > 1 and re.fullmatch(r"\w+", rest[1]):
        path, rest = f"{path}::{rest[1]}", rest[2:]
    arguments = ()
    if rest[:1] == ["<"]:
        arguments, rest = _list(rest[1:], ">")
    text = path + (f"<{', '.join(map(str, arguments))}>" if arguments else "")
    return Type(path.split("::")[-1], arguments, text), rest


def _list(tokens, end):
    types = []
    while tokens and tokens[0] != end:
        if tokens[0] == ",":
            tokens = tokens[1:]
            continue
        before = len(tokens)
        type, tokens = _type(tokens)
        types.append(type)
        if len(tokens) == before:
            break
    return tuple(types), tokens[1:]
