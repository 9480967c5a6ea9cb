"""What papermill loads when it starts."""

from papermill.engines import NBClientEngine
from papermill.translators import papermill_translators

from .translator import RustTranslator

# The language is `Rust` in notebooks that evcxr has saved.
for name in ("rust", "Rust", "dagbok"):
    papermill_translators.register(name, RustTranslator)


class DagbokEngine(NBClientEngine):
    """papermill's own engine, which runs a notebook of any Rust kernel with Dagbok: `papermill --engine dagbok`."""

    @classmethod
    def nb_kernel_name(cls, nb, name=None):
        return name or "dagbok"

    @classmethod
    def nb_language(cls, nb, language=None):
        return language or "rust"
