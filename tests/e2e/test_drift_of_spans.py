"""Whole runs on data in spans, of which the newest drifts from the one before it, or does not."""

import random

import pytest

from tests.e2e.small import Small

pytestmark = pytest.mark.slow
NODE = "SpanDistributionValidator"
ROWS = 700


class InSpans(Small):
    """The small use case, its rows in folders of spans."""

    def __init__(self, root):
        super().__init__(root)
        self.rows = root / "rows"
        text = self.config.read_text().replace(str(self.data), f'"{self.rows}/span-{{SPAN}}/*.csv"')
        self.config.write_text(text)

    def add(self, span, seed, shift=0.0):
        """Writes a span, in which column a is moved; its label does not follow that."""
        draw = random.Random(seed)
        lines = ["a,b,y"]
        for _ in range(ROWS):
            a, b = draw.gauss(0, 1), draw.gauss(0, 1)
            lines.append(f"{a + shift:.4f},{b:.4f},{int(a + b + draw.gauss(0, 0.5) > 0)}")
        path = self.rows / f"span-{span}" / "rows.csv"
        path.parent.mkdir(parents=True)
        path.write_text("\n".join(lines) + "\n")


def nodes(done):
    return {node["id"]: (node["state"], node["fact"]) for node in done.json["nodes"]}


def drifted(done):
    """The columns in which the spans differ: whether that refused, and what was said of it."""
    return {
        gate["slice"]: (gate["binding"], gate["detail"])
        for gate in done.json["gates"]
        if gate["metric"] == "span drift" and not gate["passed"]
    }


def test_the_newest_span_is_held_against_the_one_before_it(tmp_path):
    small = InSpans(tmp_path)
    small.add(3, seed=1)
    first = small.run()
    assert first.code == 0, first.stdout + first.stderr
    assert NODE not in nodes(first)  # there is no span before

    small.add(5, seed=2)
    same = small.run("--set", "data_gate.drift=refuse")
    assert same.code == 0, same.stdout + same.stderr
    assert same.json["verdict"] == "pushed"
    state, fact = nodes(same)[NODE]
    assert state == "ran"
    assert fact.startswith("ok · at most ")
    assert drifted(same) == {}
    measured = {g["slice"] for g in same.json["gates"] if g["metric"] == "span drift"}
    assert {"column=a", "column=b"} <= measured
    pushed = small.pushed()

    small.add(6, seed=3, shift=1.0)
    refused = small.run("--set", "data_gate.drift=refuse")
    assert refused.code == 1
    assert refused.json["headline"].startswith("data gate refused: drift of a: ")
    ((column, (binding, detail)),) = drifted(refused).items()
    assert (column, binding) == ("column=a", True)
    assert detail.startswith("drift of a: Jensen-Shannon divergence ")
    assert detail.endswith(" in the span before")
    assert nodes(refused)["Trainer"][0] == "skipped"
    assert small.pushed() == pushed
    assert "drift of a" in small.command("explain").stdout

    warned = small.run()
    assert warned.code == 0, warned.stdout + warned.stderr
    assert warned.json["verdict"] == "pushed"
    assert drifted(warned) == {"column=a": (False, detail)}
    assert nodes(warned)[NODE][1].startswith("warning: drift of a · ")
    assert small.pushed()[:-1] == pushed

    # The last push was of this very span: only the span before tells that it is another.
    again = small.run("--set", "evaluation.min_slice_size=51")
    assert nodes(again)[NODE][0] == "cached"
    assert nodes(again)["DistributionValidator"][1].startswith("ok · ")
    assert set(drifted(again)) == {"column=a"}

    # The span before it is compared with the one before that, and is as it was.
    earlier = small.run("--span", "5", "--set", "evaluation.min_slice_size=52")
    assert drifted(earlier) == {}
    assert nodes(earlier)[NODE][1].startswith("ok · ")

    off = small.run("--set", "data_gate.drift=off")
    assert off.code == 0, off.stdout + off.stderr
    assert not {NODE, "DistributionValidator"} & nodes(off).keys()
