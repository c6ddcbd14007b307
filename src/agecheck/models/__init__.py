"""The model bundle: a manifest of digests, and the .onnx files that it covers."""
