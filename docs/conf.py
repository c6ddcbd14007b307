"""How the documentation site is built: `make docs`. Nothing is fetched, and no page loads anything.

The source folder is the repository's root, so that the same relative links work on this site and
where the files are read in place; `include_patterns` says which of them are pages.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "src"))

from agecheck import __version__  # noqa: E402

project = "agecheck"
author = "The agecheck authors"
copyright = author
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
root_doc = "docs/index"
include_patterns = [
    "docs/**.md",
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CHANGELOG.md",
    "attacks/**.md",
    "benchmarks/README.md",
    "models/README.md",
    "models/cards/*.md",
    "examples/README.md",
    "examples/site/README.md",
    "THIRD_PARTY_NOTICES.md",
]
exclude_patterns = [".*", "build", "dist", "src", "tests"]
source_suffix = {".md": "markdown"}

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4

# Docstrings put code in single backticks, as the Markdown pages do.
default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_class_signature = "mixed"
napoleon_numpy_docstring = False
napoleon_use_rtype = False
# What belongs to Python or a library has its own documentation elsewhere; nothing is fetched to
# link to it. Every name of our own must lead somewhere.
nitpick_ignore_regex = [
    (r"py:.*", r"(?!agecheck\b).*\..*"),
    (r"py:.*", r"[a-z_]+|NDArray|TypeError|ValueError"),
    # Aliases and protocols that are described in words where they are used.
    (r"py:class", r"Picture|Liveness|agecheck\.calibration\.Fusion"),
    (r"py:class", r"agecheck\.relying_party\.replay_(sql|redis)\..*"),
    (r"py:class", r"RgbFrame|agecheck\.live_session\..*|agecheck\.token\.formats\.TokenFormat"),
]

html_theme = "furo"
html_title = f"agecheck {version}"
html_static_path = ["_static"]
html_extra_path = ["_extra"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_show_sourcelink = False
html_copy_source = False
pygments_style = "default"
pygments_dark_style = "github-dark"


_property_docs: dict[str, list[str]] = {}


def _keep(_app: Sphinx, what: str, name: str, _obj: object, _options: object, lines: list[str]):
    if what == "property":
        _property_docs[name] = list(lines)


def _put_back(_app: Sphinx, what: str, name: str, _obj: object, _options: object, lines: list[str]):
    if what == "property":
        lines[:] = _property_docs.pop(name)


def setup(app: Sphinx) -> None:
    """Keep napoleon off properties: it takes the words before a colon for a type."""
    app.connect("autodoc-process-docstring", _keep, priority=400)
    app.connect("autodoc-process-docstring", _put_back, priority=600)
