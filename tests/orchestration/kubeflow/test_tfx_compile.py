"""What a digest of a node's code is made of."""

from hypothesis import given
from hypothesis import strategies as st

from orchestration.kubeflow.tfx_compile import _without_machine

FILES = {"/home/a/mine/util.py": "1", "/home/a/mine/sub/util.py": "2", "models/taxi.py": "3"}
NAMES = st.sampled_from(["a", "b", "c"])
# Below one folder, so that it can lie elsewhere.
TREES = st.dictionaries(st.tuples(NAMES, NAMES), st.text("0123456789abcdef", min_size=1))


def test_files_of_one_name_all_count():
    assert _without_machine(FILES) == {"util.py": "1 2", "models/taxi.py": "3"}
    for name in FILES:
        changed = {**FILES, name: "4"}
        assert _without_machine(changed) != _without_machine(FILES)


@given(TREES)
def test_it_does_not_matter_where_files_lie(tree):
    here, there = (
        _without_machine({f"{root}/{folder}/{name}.py": d for (folder, name), d in files})
        for root, files in (("/home/me", tree.items()), ("/x/y", reversed(tree.items())))
    )
    assert here == there


@given(TREES, st.data())
def test_a_change_of_any_file_is_a_change(tree, data):
    if not tree:
        return
    files = {f"/home/{folder}/{name}.py": digest for (folder, name), digest in tree.items()}
    name = data.draw(st.sampled_from(sorted(files)))
    assert _without_machine({**files, name: "changed"}) != _without_machine(files)
