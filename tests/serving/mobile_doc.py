"""The code in docs/MOBILE.md, which `python -m tests.serving.mobile_doc` writes anew."""

import json
import re

from orchestration.plan import make_plan
from serving.phone import snippet
from serving.phone.metadata import parse_metadata
from tests.serving.edge_world import metadata
from usecase.paths import PROJECT_ROOT

DOCUMENT = PROJECT_ROOT / "docs" / "MOBILE.md"
SNIPPET = "<!-- {0}: generated -->\n```{0}\n{1}```\n<!-- /{0} -->"


def taxi():
    """Returns the metadata of the bundled taxi model, as far as code depends on them."""
    declaration = make_plan("configs/taxi.yaml").declaration
    inputs = [
        {
            "name": column.input_name,
            "column": column.name,
            "dtype": column.dtype,
            "missing": "NaN" if column.dtype == "float32" else column.missing,
        }
        for column in declaration.inputs
    ]
    label = {"name": declaration.label.name, "classes": [], "decision_threshold": 0.5}
    content = metadata(model="taxi", inputs=inputs, label=label)
    return parse_metadata(json.dumps(content), "taxi")


def with_snippets(text):
    """Returns the document with the code that is generated today."""
    for language in snippet.LANGUAGES:
        code = SNIPPET.format(language, snippet.write(language, taxi(), "model.tflite"))
        place = SNIPPET.format(language, "@").replace("@", ".*?")
        text, count = re.subn(place, lambda _, code=code: code, text, flags=re.DOTALL)
        assert count == 1, f"docs/MOBILE.md has {count} places for {language}"
    return text


if __name__ == "__main__":
    DOCUMENT.write_text(with_snippets(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
