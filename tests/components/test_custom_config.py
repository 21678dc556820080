"""What a node is told comes out of its property as it went in."""

from hypothesis import given
from hypothesis import strategies as st
from tfx.utils import proto_utils

from components.custom_config import packed, unpacked

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
VALUES = st.recursive(
    st.booleans() | TEXTS | st.floats(allow_nan=False, allow_infinity=False),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(TEXTS, below, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(TEXTS, VALUES, max_size=3))
def test_what_is_packed_is_unpacked(told):
    assert unpacked(proto_utils.proto_to_json(packed(told))) == told


def test_one_other_value_is_another_property():
    one, other = ({"types": {"a": kind}} for kind in ("int64", "bytes"))
    assert proto_utils.proto_to_json(packed(one)) == proto_utils.proto_to_json(packed(dict(one)))
    assert proto_utils.proto_to_json(packed(one)) != proto_utils.proto_to_json(packed(other))
