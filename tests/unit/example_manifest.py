"""A small manifest, well formed, for tests to take apart."""

from __future__ import annotations

import hashlib

MANIFEST = """\
schema = 1

[[model]]
id = "small"
file = "small.onnx"
sha256 = "{digest}"
bytes = 5
role = "example"

[[model.inputs]]
name = "pixels"
dtype = "float32"
shape = ["N", 2, 3]

[[model.outputs]]
name = "scores"
dtype = "float32"
shape = ["N", 1]

[model.licence]
weights = "CC0-1.0"
code = "MIT"
training_data = "not published"

[[model.sources]]
registry = "PyPI"
package = "example"
version = "1.0"
archive = "example-1.0-py3-none-any.whl"
archive_sha256 = "{digest}"
member = "example/small.onnx"
member_sha256 = "{digest}"
""".format(digest=hashlib.sha256(b"model").hexdigest())
