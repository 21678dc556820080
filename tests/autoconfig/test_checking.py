import io

import pytest

import autoconfig
from autoconfig.checking import require_loadable
from autoconfig.command import init
from orchestration.local.arguments import parser
from tests.autoconfig.tables import frame, write
from usecase.errors import UserError

FAULTS = {
    "use_case_yaml": [
        lambda text: text + "\nbogus: 1\n",
        lambda text: text.replace("features:", "features: ["),
        lambda text: text.replace("  height: numeric", "  heigth: numeric"),
        lambda text: text.replace("metric: auc", "metric: ouch"),
        lambda text: text.replace("rows.csv", "gone.csv"),
        lambda text: text.replace("positive_class: ill", "positive_class: I'll"),
        lambda text: text.replace("name: label", "name: height"),
        lambda text: text + "# \udcff\n",
    ],
    "schema_text": [
        lambda text: text + "feature {",
        lambda text: text.replace('value: "well"', ""),
        lambda text: text.replace('name: "height"', 'name: "hight"'),
        lambda text: text.replace("type: FLOAT", "type: BYTES"),
    ],
}
ALL = [(field, fault) for field, faults in FAULTS.items() for fault in faults]


def asked(data, *more):
    return parser().parse_args(["init", "--data", data, "--label", "label", *more])


def test_what_is_inferred_can_be_loaded(tmp_path):
    data = write(tmp_path, frame(when="2024-01-31", x=range(300)))
    require_loadable(autoconfig.infer(data, "label"), data)


@pytest.mark.parametrize(("field", "fault"), ALL)
def test_what_cannot_be_loaded_is_told(tmp_path, field, fault):
    data = write(tmp_path, frame())
    inferred = autoconfig.infer(data, "label")
    spoiled = inferred._replace(**{field: fault(getattr(inferred, field))})
    assert spoiled != inferred
    with pytest.raises(UserError, match=r"inferred from .*rows\.csv cannot be loaded: ") as caught:
        require_loadable(spoiled, data)
    assert "nothing was written" in caught.value.expected
    assert "/tmp" not in caught.value.what.replace(str(tmp_path), "")


@pytest.mark.parametrize("more", [(), ("--overwrite",)])
@pytest.mark.parametrize(("field", "fault"), [ALL[0], ALL[-1]])
def test_it_is_told_before_anything_is_written(tmp_path, monkeypatch, field, fault, more):
    data = write(tmp_path, frame())
    root = tmp_path / "root"
    init(asked(data), io.StringIO(), root)
    config, schema = root / "configs/rows.yaml", root / "schema/rows/schema.pbtxt"
    config.write_text("mine")
    before = sorted(root.rglob("*")), config.read_text(), schema.read_text()
    right = autoconfig.inference.infer

    def wrong(*arguments, **options):
        inferred = right(*arguments, **options)
        return inferred._replace(**{field: fault(getattr(inferred, field))})

    monkeypatch.setattr("autoconfig.inference.infer", wrong)
    out = io.StringIO()
    with pytest.raises(UserError, match="cannot be loaded"):
        init(asked(data, *more), out, root)
    assert (sorted(root.rglob("*")), config.read_text(), schema.read_text()) == before
    assert "height: numeric" in out.getvalue()  # so that a person can tell which column it is
    with pytest.raises(UserError, match="cannot be loaded"):
        init(asked(data, "--name", "new"), out, root)
    assert not (root / "configs/new.yaml").exists()
