"""What tests of compiled pipelines share: changed configurations, and looks into a spec."""

import json

from orchestration.kubeflow.compile import compile_pipeline
from orchestration.plan import make_plan
from usecase.paths import PROJECT_ROOT

TAXI = PROJECT_ROOT / "configs" / "taxi.yaml"
ITS_SECTION = TAXI.read_text(encoding="utf-8").rpartition("\nkubeflow:")[0]
IMAGE = "registry.example.com/pipeline:1"


def plan_of(tmp_path, section, *, changes=(), **options):
    """Returns a plan of the taxi use case with another section `kubeflow`, a JSON tree.

    Args:
        tmp_path: Where its configuration goes.
        section: None for none; `image` and `storage` are there by themselves.
        changes: Pairs of text in the rest of the configuration, and what stands there instead.
        options: Those of `make_plan`.
    """
    text = ITS_SECTION
    for old, new in changes:
        assert text.count(old) == 1
        text = text.replace(old, new)
    if section is not None:
        whole = {"image": IMAGE, "storage": {"claim": "shared", "mount_path": "/mnt/x"}, **section}
        text += f"\nkubeflow: {json.dumps(whole)}\n"
    path = tmp_path / "case.yaml"
    path.write_text(text, encoding="utf-8")
    return make_plan(str(path), elsewhere=True, **options)


def compiled(tmp_path, section, target="kfp", *, told=None, **options):
    """Returns what such a plan is compiled to; `told` are options of `compile_pipeline`."""
    return compile_pipeline(plan_of(tmp_path, section, **options), target, **(told or {}))


def tasks_of(spec):
    return spec["root"]["dag"]["tasks"]


def container_of(spec, node):
    return spec["deploymentSpec"]["executors"][f"{node}_executor"]["container"]


def argument_of(spec, node, name):
    """Returns the value of an argument, None if it is not there; `--name=value` or two parts."""
    args = container_of(spec, node)["args"]
    for arg, after in zip(args, [*args[1:], ""], strict=True):
        if arg == name:
            return after
        if arg.startswith(f"{name}="):
            return arg.partition("=")[2]
    return None


def parameter_of(spec, node, name):
    """Returns the value that a node is given."""
    return tasks_of(spec)[node]["inputs"]["parameters"][name]["runtimeValue"]["constant"]
