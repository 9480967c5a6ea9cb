"""Python's values as Rust's expressions."""

import json
import math
import re
from numbers import Integral, Real

from .types import FLOATS, INTEGERS, Type, parse_type

LISTS = ("Vec", "[]", "&[]", "VecDeque", "LinkedList", "HashSet", "BTreeSet")
MAPS = ("HashMap", "BTreeMap", "IndexMap")
NOTHING = parse_type("()")
TEXT = parse_type("&str")
ANYTHING = parse_type("serde_json::Value")


def natural_type(value):
    """The type of a value for which nothing is declared.

    ValueError: no type holds it.
    """
    if value is None:
        return parse_type("Option<()>")
    if isinstance(value, bool):
        return parse_type("bool")
    if isinstance(value, Integral):
        return _integer(value)
    if isinstance(value, Real):
        return parse_type("f64")
    if isinstance(value, (list, tuple)):
        return parse_type(f"Vec<{_common(map(natural_type, value))}>")
    if isinstance(value, dict):
        return parse_type(f"std::collections::BTreeMap<{_key_type(value)}, {_common(map(natural_type, value.values()))}>")
    return TEXT


def _integer(value):
    for name in ("i64", "u64", "i128", "u128"):
        type = Type(name, text=name)
        if type.fits(value):
            return type
    raise ValueError("it is too large for 128 bits")


def _key_type(keys):
    type = _common(map(natural_type, keys))
    return type if type.name in INTEGERS or type.name == "bool" else TEXT


def _common(types):
    common = NOTHING
    for type in types:
        common = _both(common, type)
    return common


def _both(left, right):
    """The type that holds the values of two."""
    if str(left) == str(right) or right == NOTHING:
        return left
    if left == NOTHING:
        return right
    names = {left.name, right.name}
    if "Option" in names:
        inner = _both(*(type.arguments[0] if type.name == "Option" else type for type in (left, right)))
        return inner if inner == ANYTHING else parse_type(f"Option<{inner}>")
    numbers = [type for type in (left, right) if type.name in INTEGERS]
    if len(numbers) == 2:
        return parse_type("u128" if names == {"u64", "u128"} else "i128" if "u128" not in names else "serde_json::Value")
    if len(numbers) == 1 and "f64" in names:
        return parse_type("f64")
    if names == {"Vec"}:
        return parse_type(f"Vec<{_both(left.arguments[0], right.arguments[0])}>")
    if names == {"BTreeMap"}:
        keys = {str(type.arguments[0]) for type in (left, right)}
        key = _both(left.arguments[0], right.arguments[0]) if TEXT.text not in keys else TEXT
        return parse_type(f"std::collections::BTreeMap<{key}, {_both(left.arguments[1], right.arguments[1])}>")
    return ANYTHING


def write(value, type):
    """`value` as an expression of `type`; None if it is not one of its values.

    ValueError: Rust has no such text.
    """
    name = type.name
    if name == "Value":
        return _json(value)
    if name == "Option":
        return _option(value, type)
    if name in LISTS:
        return _list(value, type)
    if name in MAPS:
        return _map(value, type)
    if name == "()":
        return _tuple(value, type)
    return _scalar(value, type)


def _scalar(value, type):
    name = type.name
    is_text = not isinstance(value, (list, tuple, dict)) and value is not None
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    if name == "bool":
        return str(value).lower() if isinstance(value, bool) else None
    if name in INTEGERS:
        return str(int(value)) if is_number and isinstance(value, Integral) and type.fits(value) else None
    if name in FLOATS:
        return _float(value, name) if is_number else None
    if name == "&str":
        return quote(str(value)) if is_text else None
    if name == "String":
        return f"String::from({quote(str(value))})" if is_text else None
    if name == "char":
        return _char(value)
    if isinstance(value, str):
        return f"{quote(value)}.into()"
    return write(value, natural_type(value))


def _float(value, name):
    value = float(value)
    if math.isnan(value):
        return f"{name}::NAN"
    if math.isinf(value):
        return f"{name}::INFINITY" if value > 0 else f"{name}::NEG_INFINITY"
    return repr(value)


def _char(value):
    text = str(value)
    if isinstance(value, (list, tuple, dict)) or len(text) != 1:
        return None
    return {"'": r"'\''", '"': "'\"'"}.get(text) or f"'{quote(text)[1:-1]}'"


def _option(value, type):
    if len(type.arguments) != 1:
        return None
    if value is None:
        return "None"
    inner = write(value, type.arguments[0])
    return None if inner is None else f"Some({inner})"


def _list(value, type):
    if not isinstance(value, (list, tuple)) or len(type.arguments) != 1:
        return None
    elements = [write(element, type.arguments[0]) for element in value]
    if None in elements:
        return None
    elements = f"[{', '.join(elements)}]"
    if type.name in ("Vec", "[]", "&[]"):
        return {"Vec": "vec!", "[]": "", "&[]": "&"}[type.name] + elements
    return f"{elements}.into()" if value else "Default::default()"


def _map(value, type):
    if not isinstance(value, dict) or len(type.arguments) < 2:
        return None
    keys = [write(key, type.arguments[0]) for key in _keys(value, type.arguments[0])]
    values = [write(element, type.arguments[1]) for element in value.values()]
    if None in keys or None in values:
        return None
    pairs = ", ".join(f"({key}, {element})" for key, element in zip(keys, values))
    return f"[{pairs}].into()" if pairs else "Default::default()"


def _keys(value, type):
    return [str(key) for key in value] if type.name in ("&str", "String") else list(value)


def _tuple(value, type):
    if not isinstance(value, (list, tuple)) or len(value) != len(type.arguments):
        return None
    elements = [write(element, inner) for element, inner in zip(value, type.arguments)]
    if None in elements:
        return None
    return f"({', '.join(elements)}{',' if len(elements) == 1 else ''})"


def _json(value):
    """A `serde_json::Value`, which has no number that is not finite."""
    if value is None:
        return "serde_json::Value::Null"
    if isinstance(value, (bool, str)) or isinstance(value, Integral) and natural_type(value).name in ("i64", "u64"):
        return f"serde_json::json!({write(value, natural_type(value))})"
    text = json.dumps(_jsonable(value), ensure_ascii=False)
    if not text.isprintable():
        text = json.dumps(_jsonable(value))
    hashes = "#" * (1 + max((len(run) for run in re.findall(r'"(#*)', text)), default=0))
    return f"serde_json::from_str(r{hashes}\"{text}\"{hashes})?"


def _jsonable(value):
    if isinstance(value, (list, tuple)):
        return [_jsonable(element) for element in value]
    if isinstance(value, dict):
        return {str(key): _jsonable(element) for key, element in value.items()}
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value) if math.isfinite(value) else None
    return str(value)


ESCAPES = {"\\": r"\\", '"': r"\"", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\0": r"\0"}


def quote(text):
    """A Rust string literal. What cannot be seen is escaped."""
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise ValueError("it holds half of a surrogate pair")
    return '"' + "".join(ESCAPES.get(char) or (char if char.isprintable() else f"\\u{{{ord(char):x}}}") for char in text) + '"'
