"""Swift for iOS: a model's rows and answers, and the class that makes one of the other."""

from serving.contract import Input, Metadata
from serving.phone import source

TYPES = {"float32": "Float32", "int64": "Int64", "string": "String"}
INT64_MIN = -(2**63)

FILE = """\
// Runs {file} ({model}) on iOS. Written by `python -m serving snippet swift` from the model's
// metadata: write it anew when the model's inputs or classes change.
//
// It calls the C functions of TensorFlowLiteC, on which TensorFlowLiteSwift stands (Podfile:
// pod "TensorFlowLiteC"), because TensorFlowLiteSwift takes no text.
import Foundation
import TensorFlowLiteC

/// One row of raw values; nil is a missing one.
struct {type}Row {{
{properties}
}}

{answer}

struct {type}Error: Error {{
    let what: String
}}

/// The model; one call at a time, which the lock sees to.
final class {type}Model {{
    private let model: OpaquePointer
    private let interpreter: OpaquePointer
    private let runner: OpaquePointer
    private let lock = NSLock()

    init(path: String) throws {{
        guard let model = TfLiteModelCreateFromFile(path) else {{
            throw {type}Error(what: "not readable: \\(path)")
        }}
        guard let interpreter = TfLiteInterpreterCreate(model, nil) else {{
            TfLiteModelDelete(model)
            throw {type}Error(what: "no interpreter for \\(path)")
        }}
        guard let runner = TfLiteInterpreterGetSignatureRunner(interpreter, {signature}) else {{
            TfLiteInterpreterDelete(interpreter)
            TfLiteModelDelete(model)
            throw {type}Error(what: "no signature in \\(path)")
        }}
        (self.model, self.interpreter, self.runner) = (model, interpreter, runner)
    }}

    deinit {{
        TfLiteSignatureRunnerDelete(runner)
        TfLiteInterpreterDelete(interpreter)
        TfLiteModelDelete(model)
    }}

    /// Returns one answer a row.
    func predict(_ rows: [{type}Row]) throws -> [{type}Answer] {{
        if rows.isEmpty {{ return [] }}
        lock.lock()
        defer {{ lock.unlock() }}
        for name in [{names}] {{
            try check(TfLiteSignatureRunnerResizeInputTensor(runner, name, [Int32(rows.count)], 1))
        }}
        try check(TfLiteSignatureRunnerAllocateTensors(runner))
{inputs}
        try check(TfLiteSignatureRunnerInvoke(runner))
        var answers = [Float32](repeating: 0, count: rows.count * {width})
        let output = TfLiteSignatureRunnerGetOutputTensor(runner, {output})
        try check(TfLiteTensorCopyToBuffer(output, &answers, answers.count * 4))
        return {answers}
    }}

    private func put<Number>(_ values: [Number], _ name: String) throws {{
        let tensor = TfLiteSignatureRunnerGetInputTensor(runner, name)
        let bytes = values.count * MemoryLayout<Number>.stride
        try check(TfLiteTensorCopyFromBuffer(tensor, values, bytes))
    }}
{text}
    private func check(_ status: TfLiteStatus) throws {{
        if status != kTfLiteOk {{ throw {type}Error(what: "status \\(status.rawValue)") }}
    }}
}}
"""

# As tensorflow/lite/string_util.h lays text out.
TEXT = """
    /// Writes text as a tensor holds it: how many there are, where each begins and the last ends
    /// (all Int32), then their UTF-8 bytes.
    private func putText(_ values: [String], _ name: String) throws {
        var header = [Int32(values.count)]
        var content: [UInt8] = []
        let start = 4 * (values.count + 2)
        for value in values {
            header.append(Int32(start + content.count))
            content.append(contentsOf: Array(value.utf8))
        }
        header.append(Int32(start + content.count))
        let bytes = header.withUnsafeBytes { Array($0) } + content
        let tensor = TfLiteSignatureRunnerGetInputTensor(runner, name)
        try check(TfLiteTensorRealloc(bytes.count, tensor))
        guard let place = TfLiteTensorData(tensor) else { throw TYPEError(what: "no memory") }
        bytes.withUnsafeBytes { place.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
    }
"""


def write(metadata: Metadata, file_name: str, type_name: str) -> str:
    """Returns the source; `serving.phone.snippet.write` says what of."""
    has_text = any(tensor.dtype == "string" for tensor in metadata.inputs)
    width = metadata.output.row_shape
    return FILE.format(
        file=file_name,
        model=source.one_line(metadata.model),
        type=type_name,
        properties=source.lines(map(_property, metadata.inputs), 4),
        answer=_answer(metadata, type_name),
        signature=_text(metadata.signature),
        names=", ".join(_text(tensor.name) for tensor in metadata.inputs),
        inputs=source.lines(map(_input, metadata.inputs), 8),
        width=width[0] if width else 1,
        output=_text(metadata.output.name),
        answers=_answers(metadata, type_name),
        text=TEXT.replace("TYPE", type_name) if has_text else "",
    )


def _property(tensor: Input) -> str:
    return f"var {source.name(tensor.name)}: {TYPES[tensor.dtype]}?{source.about(tensor)}"


def _input(tensor: Input) -> str:
    put = "putText" if tensor.dtype == "string" else "put"
    field = f"$0.{source.name(tensor.name)}"
    return f"try {put}(rows.map {{ {field} ?? {_missing(tensor)} }}, {_text(tensor.name)})"


def _missing(tensor: Input) -> str:
    if tensor.dtype == "float32":
        return "Float32.nan"
    if tensor.dtype == "string":
        return _text(str(tensor.missing))
    return _integer(int(tensor.missing))


def _answers(metadata: Metadata, type_name: str) -> str:
    output, width = metadata.output.name, metadata.output.row_shape
    if not width:
        return f"answers.map {{ {type_name}Answer({output}: $0) }}"
    row = f"answers[$0 * {width[0]}..<($0 + 1) * {width[0]}]"
    return f"rows.indices.map {{ {type_name}Answer({output}: Array({row})) }}"


def _answer(metadata: Metadata, type_name: str) -> str:
    label = metadata.label
    of_row = "[Float32]" if metadata.output.row_shape else "Float32"
    body = [f"let {metadata.output.name}: {of_row}"]
    kind = "String" if label.classes and isinstance(label.classes[0], str) else "Int64"
    classes = [_class(value) for value in label.classes]
    if label.task == "multiclass":
        best = "probabilities.indices.max { probabilities[$0] < probabilities[$1] }!"
        body += [
            "/// In the order of the probabilities.",
            f"static let classes: [{kind}] = [{', '.join(classes)}]",
            f"var label: {kind} {{ Self.classes[{best}] }}",
        ]
    elif label.task == "binary":
        body.append(f"var isPositive: Bool {{ probability >= {label.decision_threshold} }}")
        if classes:
            body.append(f"var label: {kind} {{ isPositive ? {classes[1]} : {classes[0]} }}")
    head = f"/// The answer to one row.\nstruct {type_name}Answer {{"
    return f"{head}\n{source.lines(body, 4)}\n}}"


def _class(value: str | int) -> str:
    return _text(value) if isinstance(value, str) else _integer(value)


def _integer(value: int) -> str:
    return "Int64.min" if value == INT64_MIN else str(value)


def _text(text: str) -> str:
    return source.quoted(text, lambda character: f"\\u{{{ord(character):x}}}")
