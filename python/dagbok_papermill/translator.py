"""papermill's parameters as Rust."""

import contextvars
import weakref

from papermill.exceptions import PapermillException
from papermill.models import Parameter
from papermill.translators import Translator

from .declarations import Declaration, declarations
from .types import is_constant, parse_type
from .values import natural_type, write

KEYWORDS = set(
    "abstract as async await become box break const continue do dyn else enum extern false final fn for gen if impl in let "
    "loop macro match mod move mut override priv pub ref return static struct trait true try type typeof unsafe unsized use "
    "virtual where while yield".split()
)

# papermill asks for a notebook's parameters right before it writes their new values, but then it hands over the values
# alone. The weak reference ends with the notebook, so that another notebook never gets these types.
_parameters_cell = contextvars.ContextVar("parameters_cell", default=None)


class RustTranslator(Translator):
    """Reads the cell with the tag `parameters`, and writes the one with the new values."""

    @classmethod
    def translate(cls, val):
        return write(val, natural_type(val))

    @classmethod
    def comment(cls, cmt_str):
        return "\n".join(f"// {line}".rstrip() for line in cmt_str.splitlines())

    @classmethod
    def assign(cls, name, str_val):
        return f"let {name} = {str_val};"

    @classmethod
    def codify(cls, parameters, comment="Parameters"):
        cell = _parameters_cell.get()
        _parameters_cell.set(None)
        known = declarations(_source(cell())) if cell and cell() is not None else []
        known = {declaration.name: declaration for declaration in known}
        lines = [cls.comment(comment)]
        for name, value in parameters.items():
            declaration = known.get(name) or Declaration(name=name)
            try:
                lines.append(_declare(declaration, value))
            except ValueError as error:
                raise PapermillException(f"the parameter `{name}` cannot be written in Rust: {error}") from None
        return "\n".join(lines) + "\n"

    @classmethod
    def inspect(cls, parameters_cell):
        _parameters_cell.set(weakref.ref(parameters_cell))
        return [
            Parameter(
                name=declaration.name,
                inferred_type_name=declaration.declared or declaration.inferred or "None",
                default=declaration.default,
                help=declaration.help,
            )
            for declaration in declarations(_source(parameters_cell))
        ]


def _source(cell):
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)


def _declare(declaration, value):
    type = _type(declaration, value)
    text = write(value, type)
    if text is None:  # The compiler says better what does not fit.
        text = write(value, natural_type(value))
    name = _identifier(declaration.name)
    keyword = "const" if not declaration.default and name.isupper() and is_constant(type) else declaration.keyword
    return f"{keyword} {name}: {type} = {text};"


def _type(declaration, value):
    """The declared type; else the one of the default, if the value has that; else the value's own."""
    if declaration.declared:
        return parse_type(declaration.declared)
    if declaration.inferred:
        type = parse_type(declaration.inferred)
        if type.name == "[]" and isinstance(value, (list, tuple)):
            type = type.with_length(len(value))
        if write(value, type) is not None:
            return type
    return natural_type(value)


def _identifier(name):
    if not name.isidentifier() or name == "_":
        raise ValueError("its name is no identifier")
    if name in ("self", "Self", "super", "crate"):
        raise ValueError("its name is a keyword")
    return f"r#{name}" if name in KEYWORDS else name
