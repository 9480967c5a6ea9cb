"""Parameters of Rust notebooks for papermill.

papermill has entry points for engines, none for languages. The one of this package is an engine; loading it registers how
parameters are written in Rust, also for papermill's own engine.
"""

import papermill  # noqa: F401  papermill loads `engine` while it is imported; the other way round would be a circle.

__version__ = "0.1.0"
