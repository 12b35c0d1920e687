"""From a FaceSet to a model file."""
