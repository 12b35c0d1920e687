"""Labelled faces: every layout that exists in the wild is read into one ``FaceSet``; nothing downstream knows about files."""
