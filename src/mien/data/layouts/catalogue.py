"""All supported layouts of labelled faces, in the order in which they are tried."""

from __future__ import annotations

from mien.data.layouts import (
    affectnet_npy,
    arrays,
    ckplus,
    coco,
    expw,
    ferplus,
    ferplus_pictures,
    filenames,
    folders,
    kdef,
    labelstudio,
    listed,
    parquet,
    tables,
    webdataset,
    yolo,
)
from mien.data.layouts.layout import Layout
from mien.data.layouts.survey import Survey


def _matches_folders(survey: Survey) -> bool:
    """Folders named by expressions, or two and more of any name unless a table or their own names label the pictures."""
    return folders.matches(survey) or (
        folders.matches_own(survey) and not filenames.matches(survey) and not listed.lists_pictures(survey)
    )


def _matches_file_names(survey: Survey) -> bool:
    """Pictures named by expressions, unless a table labels them."""
    return filenames.matches(survey) and not listed.lists_pictures(survey)


# The first match is used, so the order goes from special to general: FER+ includes a FER2013 table, whose column names are more
# specific than a course table's two columns; RAF-DB and AffectNet have their own lists; CK+ and JAFFE are recognised by file
# names, and CK+ would also match class folders, which would also match numbered pictures.
LAYOUTS = (
    Layout(
        "parquet",
        "Parquet, Arrow or Feather files with columns image and label, as in Hugging Face data sets, or a column for each pixel",
        "Parquet files",
        parquet.matches,
        parquet.read,
    ),
    Layout(
        "arrays",
        "arrays of faces and labels in .npz, .npy or HDF5 files: images and labels, x_train and y_train, Training_pixel, ...",
        "arrays",
        arrays.matches,
        arrays.read,
    ),
    Layout(
        "ferplus",
        "FER+ votes (fer2013new.csv) joined to fer2013.csv",
        "tables of pixels",
        ferplus.matches,
        ferplus.read,
        self_contained=False,
    ),
    Layout(
        "fer2013-csv",
        "fer2013.csv, icml_face_data.csv, or train.csv and test.csv of the FER2013 challenge: emotion, pixels, Usage",
        "tables of pixels",
        tables.matches_fer2013,
        tables.read_fer2013,
    ),
    Layout(
        "course-csv",
        "tables of pixels: a label or an id, and pixels in one column or in one column each",
        "tables of pixels",
        tables.matches_course,
        tables.read_course,
    ),
    Layout(
        "ferplus-pictures",
        "FER+ as pictures: folders with label.csv (name, box and votes)",
        "pictures",
        ferplus_pictures.matches,
        ferplus_pictures.read,
        self_contained=False,
    ),
    Layout(
        "expw",
        "ExpW: label.lst (name, box and code) and its photos",
        "pictures",
        expw.matches,
        expw.read,
        self_contained=False,
    ),
    Layout(
        "yolo",
        "YOLO exports: data.yaml, images, and labels with boxes",
        "pictures",
        yolo.matches,
        yolo.read,
        self_contained=False,
    ),
    Layout(
        "coco",
        "COCO exports: a JSON file with images, annotations and categories, and its photos",
        "pictures",
        coco.matches,
        coco.read,
        self_contained=False,
    ),
    Layout(
        "label-studio",
        "Label Studio's exports in JSON, with choices or boxes, and its pictures",
        "pictures",
        labelstudio.matches,
        labelstudio.read,
        self_contained=False,
    ),
    Layout(
        "affectnet-npy",
        "AffectNet with annotations in files: images/12.jpg and annotations/12_exp.npy",
        "pictures",
        affectnet_npy.matches,
        affectnet_npy.read,
        self_contained=False,
    ),
    Layout(
        "ck+original",
        "the original CK+: cohn-kanade-images, and Emotion with S005_001_00000011_emotion.txt",
        "pictures",
        ckplus.matches,
        ckplus.read,
        self_contained=False,
    ),
    Layout(
        "webdataset",
        "WebDataset shards: 00001.jpg and 00001.cls, in tar archives or unpacked",
        "pictures",
        webdataset.matches,
        webdataset.read,
    ),
    Layout(
        "kdef",
        "KDEF: file names such as AF01ANS.JPG",
        "pictures",
        kdef.matches,
        kdef.read,
        self_contained=False,
    ),
    Layout(
        "raf-db",
        "RAF-DB: list_patition_label.txt and its pictures",
        "pictures",
        listed.matches_raf_db,
        listed.read_raf_db,
        self_contained=False,
    ),
    Layout(
        "affectnet",
        "AffectNet: a table with subDirectory_filePath and expression, and its pictures",
        "pictures",
        listed.matches_affectnet,
        listed.read_affectnet,
        self_contained=False,
    ),
    Layout(
        "ck+",
        "CK+48: class folders of S010_004_00000017.png",
        "pictures",
        folders.matches_ck,
        folders.read_ck,
    ),
    Layout("jaffe", "JAFFE: file names such as KA.AN1.39.tiff", "pictures", folders.matches_jaffe, folders.read_jaffe),
    Layout("folders", "a folder per class, with or without split folders", "pictures", _matches_folders, folders.read),
    Layout(
        "file-names",
        "pictures named by expressions: happy_001.png, 12-sad.jpg",
        "pictures",
        _matches_file_names,
        filenames.read,
    ),
    Layout(
        "numbered",
        "pictures with a table of names (or ids) and labels; or numbered pictures without a table, unlabelled",
        "pictures",
        listed.matches_numbered,
        listed.read_numbered,
        self_contained=False,
    ),
)
"""The supported layouts, in the order in which they are tried."""
