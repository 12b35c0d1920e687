"""Labelled faces: all supported layouts are read into one ``FaceSet``; other packages never see the files."""
