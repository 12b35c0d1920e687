"""The runtime half: a model file on faces, with numpy, Pillow and onnxruntime only."""
