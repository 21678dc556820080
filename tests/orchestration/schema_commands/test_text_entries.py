"""Where the fields of a text proto stand: brackets, comments and strings in every spelling."""

import pytest

from orchestration.local.schema_commands.text_entries import entries

TEXT = """# about all
feature {  # about a
  name: "a } # \\" {" 'more' # not the end
    "and more"
  presence < min_fraction: 1.0 >,
  int_domain: { min: - 3; max: 0x1F }
}
string_domain { value: ["x", "y"] }
"""


def written(text, found):
    return [(entry.name, text[entry.start : entry.end]) for entry in found]


def test_fields_of_the_whole_text():
    found = entries(TEXT, 0, len(TEXT))
    assert [entry.name for entry in found] == ["feature", "string_domain"]
    assert TEXT[found[0].end - 1] == "}"
    assert TEXT[found[1].start : found[1].end] == 'string_domain { value: ["x", "y"] }'


def test_fields_inside_of_braces():
    (feature, domain) = entries(TEXT, 0, len(TEXT))
    inner = entries(TEXT, *feature.body)
    assert written(TEXT, inner) == [
        ("name", """name: "a } # \\" {" 'more' # not the end\n    "and more\""""),
        ("presence", "presence < min_fraction: 1.0 >"),
        ("int_domain", "int_domain: { min: - 3; max: 0x1F }"),
    ]
    assert TEXT[inner[1].end : inner[1].stop] == ","
    numbers = entries(TEXT, *inner[2].body)
    assert written(TEXT, numbers) == [("min", "min: - 3"), ("max", "max: 0x1F")]
    (value,) = entries(TEXT, *domain.body)
    assert (value.is_list, value.body) == (True, None)


@pytest.mark.parametrize(
    "text", ["feature {", "feature { name: }", "feature }", "{ }", 'name: "x', "a { b < } >", "a:"]
)
def test_what_is_no_text_proto(text):
    with pytest.raises(ValueError, match=r"."):
        all_entries(text, 0, len(text))


def all_entries(text, start, end):
    for entry in entries(text, start, end):
        all_entries(text, *(entry.body or (0, 0)))


def test_an_empty_text_has_no_fields():
    assert entries(" # nothing\n", 0, 11) == []
