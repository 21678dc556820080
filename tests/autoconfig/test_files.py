import pytest

from autoconfig.files import write
from autoconfig.inference import Inferred
from usecase.errors import ConfigError, UserError

INFERRED = Inferred("made", "name: made\n", "feature {}\n", ())


def written(root, inferred=INFERRED, *, overwrite=False):
    return write(inferred, root, "rows.csv", overwrite=overwrite)


def test_both_files_are_where_configurations_look(tmp_path):
    done = written(tmp_path)
    assert done.config == tmp_path / "configs/made.yaml"
    assert done.schema == tmp_path / "schema/made/schema.pbtxt"
    assert done.config.read_text() == "name: made\n"
    assert done.schema.read_text() == "feature {}\n"
    assert done.new


def test_files_that_say_the_same_stay_as_they_are(tmp_path):
    before = written(tmp_path).config.stat()
    done = written(tmp_path)
    assert not done.new
    assert done.config.stat().st_mtime_ns == before.st_mtime_ns


@pytest.mark.parametrize("path", ["configs/made.yaml", "schema/made/schema.pbtxt"])
def test_what_somebody_edited_is_not_replaced(tmp_path, path):
    written(tmp_path)
    (tmp_path / path).write_text("mine")
    with pytest.raises(ConfigError, match="there already") as caught:
        written(tmp_path)
    assert "--overwrite" in caught.value.fix
    assert f"run --config {tmp_path}/configs/made.yaml --data rows.csv" in caught.value.fix
    assert (tmp_path / path).read_text() == "mine"


def test_overwriting_keeps_a_copy_each_time(tmp_path):
    config = written(tmp_path).config
    for mine in ("first", "second"):
        config.write_text(mine)
        written(tmp_path, overwrite=True)
    assert config.read_text() == "name: made\n"
    copies = sorted(config.parent.glob("made.yaml.bak*"))
    assert [c.read_text() for c in copies] == ["first", "second"]


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "schema").write_text("a file")
    with pytest.raises(UserError, match="cannot be written"):
        written(tmp_path)
    assert not (tmp_path / "configs").exists()
