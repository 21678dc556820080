"""What a .tflite is made of: operations that a phone has, and tables that are filled.

Free of TensorFlow: the file is read by LiteRT's own schema.
"""

import struct
from collections.abc import Iterator
from typing import Any

from ai_edge_litert import schema_py_generated as schema

OPERATOR = schema.BuiltinOperator
VARIABLES = {
    OPERATOR.VAR_HANDLE: "VAR_HANDLE",
    OPERATOR.READ_VARIABLE: "READ_VARIABLE",
    OPERATOR.ASSIGN_VARIABLE: "ASSIGN_VARIABLE",
}


def faults(model: bytes) -> list[str]:
    """Returns why a phone could not run a model; nothing if it could.

    Args:
        model: The content of a .tflite.

    Returns:
        One phrase for each operation that only TensorFlow has, each variable (a variable has no
        value in a file), and each table of a vocabulary that nothing fills: the converter leaves
        such ones behind without a word, and they fail or answer wrongly when asked.
    """
    if not schema.Model.ModelBufferHasIdentifier(model, 0):
        return ["the file is no TFLite model"]
    try:
        return _faults(schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(model, 0)))
    except (struct.error, IndexError, KeyError, TypeError, ValueError, AttributeError):
        return ["the file is damaged"]


def _faults(parsed: Any) -> list[str]:
    codes = [_code(code) for code in parsed.operatorCodes]
    custom = [c.customCode.decode() for c in parsed.operatorCodes if _code(c) == OPERATOR.CUSTOM]
    variables = sorted({VARIABLES[code] for code in codes if code in VARIABLES})
    empty = sorted(_used_tables(parsed, codes) - _filled_tables(parsed, codes))
    return [
        *(f"operation {name} is not one of TFLite's own" for name in custom),
        *(f"{name} reads a variable, which has no value in a file" for name in variables),
        *(f"vocabulary table {table} is never filled" for table in empty),
    ]


def _code(code: Any) -> int:
    """Returns an operation's number; old files hold it in a byte."""
    return int(max(code.builtinCode, code.deprecatedBuiltinCode))


def _operators(graph: Any, codes: list[int], code: int) -> Iterator[Any]:
    return (o for o in graph.operators or () if codes[o.opcodeIndex] == code)


def _used_tables(model: Any, codes: list[int]) -> set[int]:
    graphs = model.subgraphs
    return {
        o.builtinOptions.tableId for g in graphs for o in _operators(g, codes, OPERATOR.HASHTABLE)
    }


def _filled_tables(model: Any, codes: list[int]) -> set[int]:
    """Returns the tables that a subgraph fills, which is called before the first answer."""
    main = model.subgraphs[0]
    called = [
        model.subgraphs[o.builtinOptions.initSubgraphIndex]
        for o in _operators(main, codes, OPERATOR.CALL_ONCE)
    ]
    filled = set()
    for graph in called:
        table_of = {
            int(o.outputs[0]): o.builtinOptions.tableId
            for o in _operators(graph, codes, OPERATOR.HASHTABLE)
        }
        imports = _operators(graph, codes, OPERATOR.HASHTABLE_IMPORT)
        filled |= {table_of[int(o.inputs[0])] for o in imports if int(o.inputs[0]) in table_of}
    return filled
