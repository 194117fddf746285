import numpy as np
import pytest
from PIL import Image

from freyvae.data import load_images, numbered, read_labels
from freyvae.data.labels import labels_in_words, labels_of_folders, most_frequent
from freyvae.errors import BadInput


@pytest.fixture
def animals(tmp_path):
    """Two folders of pictures, cat and dog, with two and one in them."""
    for level, name in enumerate(["cat/1.png", "cat/young/2.png", "dog/1.png"]):
        path = tmp_path / "animals" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((4, 4), 80 * level, "uint8")).save(path)
    return tmp_path / "animals"


def table(folder, text, name="labels.csv"):
    (folder / name).write_text(text)
    return folder / name


def test_the_first_folder_is_the_label(animals):
    assert load_images(animals).labels == ("cat", "cat", "dog")
    assert load_images(animals / "cat").labels is None


@pytest.mark.parametrize("header", ["File,Label", "label_of_image,FileName", "Image,class"])
def test_the_column_of_file_names_may_be_in_capitals(animals, tmp_path, header):
    rows = {"dog/1.png": "loud", "cat/young/2.png": "small", "cat/1.png": "quiet"}
    is_first = not header.startswith("label")
    lines = [",".join(row if is_first else row[::-1]) for row in rows.items()]
    images = load_images(animals, labels=table(tmp_path, "\n".join([header, *lines])))
    assert images.labels == tuple(rows[file] for file in images.files)


def test_pictures_outside_of_any_folder_leave_none_labelled():
    assert labels_of_folders(["a/1.png", "b/2.png", "3.png"]) is None
    assert labels_of_folders(["a/1.png", "a/2.png"]) is None


def test_a_folder_that_holds_all_pictures_is_no_label_and_those_in_it_are():
    assert labels_of_folders(["all/a/1.png", "all/a/x/2.png", "all/b/1.png"]) == ("a", "a", "b")
    assert labels_of_folders(["all/a/1.png", "all/2.png"]) is None
    assert labels_of_folders([]) is None


def test_a_table_goes_by_file_names_in_any_order_and_may_know_more(animals, tmp_path):
    csv = table(tmp_path, "file,label\ndog/1.png,loud\ncat/young/2.png,small\nelsewhere.png,x\ncat/1.png,quiet\n")
    images = load_images(animals, labels=csv)
    assert dict(zip(images.files, images.labels, strict=True)) == {
        "cat/1.png": "quiet",
        "cat/young/2.png": "small",
        "dog/1.png": "loud",
    }


def test_names_without_folders_will_do_where_they_are_unique(tmp_path):
    csv = table(tmp_path, "path,weight,class\n2.png,7,b\n1.png,8,a\n")
    assert read_labels(csv, count=2, files=["x/1.png", "y/2.png"]) == ("a", "b")
    assert read_labels(f"{csv}:weight", count=2, files=["x/1.png", "y/2.png"]) == ("8", "7")
    with pytest.raises(BadInput, match=r"no label for x/1\.png and 1 more"):
        read_labels(csv, count=2, files=["x/1.png", "y/1.png"])


@pytest.mark.parametrize(
    ("names", "files"),
    [
        (["C:\\cells\\b\\1.tif", "C:\\cells\\a\\2.tif"], ["a/2.tif", "b/1.tif"]),
        (["/home/me/b/1.tif", "/home/me/a/2.tif"], ["a/2.tif", "b/1.tif"]),
        (["1", "2"], ["2.tif", "b/1.tif"]),
        (["elsewhere/2.tif", "1.tif", "2.tif"], ["a/2.tif", "1.tif"]),
        (["'-20C.png", "'=a.png"], ["=a.png", "-20C.png"]),  # as our own tables have them
    ],
)
def test_names_may_be_written_otherwise(tmp_path, names, files):
    csv = table(tmp_path, "file,label\n" + "".join(f"{name},{row}\n" for row, name in enumerate(names)))
    assert read_labels(csv, count=2, files=files) == (str(len(names) - 1), str(len(names) - 2))


def test_a_column_of_file_names_may_be_called_anything(tmp_path):
    csv = table(tmp_path, "dose,picture,stage\n7,b/2.png,late\n8,1.png,early\n")
    assert read_labels(f"{csv}:stage", count=2, files=["a/1.png", "b/2.png"]) == ("early", "late")
    assert read_labels(table(tmp_path, "name,stage\n2.png,late\n1.png,early\n"), count=2, files=["1.png", "2.png"]) == (
        "early",
        "late",
    )
    # numbers are no names, though files are called by numbers
    assert read_labels(table(tmp_path, "digit\n2\n1\n"), count=2, files=["1.png", "2.png"]) == ("2", "1")


def test_the_mark_between_values_is_that_which_fits_all_rows(tmp_path):
    csv = table(tmp_path, "file;stage;dose, µM\n2.png;late;0,5\n1.png;early;1\n")
    assert read_labels(f"{csv}:stage", count=2, files=["1.png", "2.png"]) == ("early", "late")


def test_two_bytes_a_character_are_read(tmp_path):
    (tmp_path / "labels.csv").write_bytes("file\tlabel\n1.png\tspät\n".encode("utf-16"))
    assert read_labels(tmp_path / "labels.csv", count=1, files=["1.png"]) == ("spät",)


@pytest.mark.parametrize("mark", [";", "\t"])
def test_spreadsheets_of_many_countries_separate_by_other_marks(tmp_path, mark):
    csv = table(tmp_path, f"file{mark}label\n2.png{mark}b, or so\n1.png{mark}a\n")
    assert read_labels(csv, count=2, files=["1.png", "2.png"]) == ("a", "b, or so")


def test_rows_are_images_in_order_where_there_are_no_names(tmp_path):
    assert read_labels(table(tmp_path, "stage\n3\n1\n"), count=2, files=None) == ("3", "1")
    tabs = table(tmp_path, "file\tlabel\na\tx\nb\ty\n", "labels.tsv")
    assert read_labels(tabs, count=2, files=None) == ("x", "y")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file,label\n", "no labels in it"),
        ("file,label\na.png,x\n", r"no label for b\.png \(the first row is of a\.png\); give every image one"),
        ("file,label\na.png,x\na.png,y\nb.png,x\n", r"a\.png has more than one row"),
        ("file,label\na.png,x,y\n", "row 1 has 3 values where the header has 2"),
        ("file,colour,size\na.png,x,1\n", r"which column holds the labels\? There are colour, size"),
        ("file,label\na.png,\nb.png,x\n", r"no label for a\.png"),
        ("stage\nx\n", "1 rows for 2 images; give a row for each; add a column `file`"),
        ('file,label\n"a.png,x\n', "it is no table in UTF-8"),
    ],
)
def test_a_table_that_does_not_say_one_label_an_image_is_refused(tmp_path, text, message):
    with pytest.raises(BadInput, match=message):
        read_labels(table(tmp_path, text), count=2, files=["a.png", "b.png"])


def test_other_files_and_columns_are_refused(tmp_path):
    csv = table(tmp_path, "file,label\na.png,x\n")
    for labels, message in [
        (tmp_path / "labels.xlsx", "from a .csv or .tsv file, not from"),
        (tmp_path / "none.csv", "No such file"),
        (f"{csv}:colour", "no column 'colour'; there are file, label"),
    ]:
        with pytest.raises(BadInput, match=message):
            read_labels(labels, count=1, files=["a.png"])


def test_labels_are_numbered_in_their_order_and_counted():
    names, numbers = numbered(["dog", "cat", "dog"])
    assert names == ("cat", "dog")
    np.testing.assert_array_equal(numbers, [1, 0, 1])
    assert labels_in_words(["dog", "cat", "dog"]) == "2 labels: dog 2, cat 1"
    assert labels_in_words([str(label) for label in range(20)]).endswith("11 1 and 8 more")


def test_labels_of_some_images_are_numbered_among_those_of_all():
    names, numbers = most_frequent(["b", "c"], 3, among=["a", "a", "a", "b", "b", "c"])
    assert (names, numbers.tolist()) == (["a", "b", "c"], [1, 2])
    names, numbers = most_frequent(["b", "c"], 2, among=["a", "a", "a", "b", "b", "c"])
    assert (names, numbers.tolist()) == (["a", "others"], [1, 1])
