"""Kotlin for Android: a model's rows and answers, and the class that makes one of the other."""

from serving.contract import Input, Metadata
from serving.phone import source

TYPES = {"float32": "Float", "int64": "Long", "string": "String"}
INT64_MIN = -(2**63)

FILE = """\
// Runs {file} ({model}) on Android. Written by `python -m serving snippet kotlin` from the model's
// metadata: write it anew when the model's inputs or classes change.
//
// The classes are those of org.tensorflow.lite in com.google.ai.edge.litert:litert 1.x.
// build.gradle.kts: implementation("com.google.ai.edge.litert:litert:1.4.2")
import java.io.Closeable
import java.nio.ByteBuffer
import org.tensorflow.lite.Interpreter

/** One row of raw values; null is a missing one. */
data class {type}Row(
{properties}
)

{answer}

/**
 * The model. Close it after use.
 *
 * @param model the file, mapped into memory or in a direct buffer
 */
class {type}Model(model: ByteBuffer) : Closeable {{
    private val interpreter = Interpreter(model)

    /** Returns one answer a row; one call at a time, which the lock sees to. */
    @Synchronized
    fun predict(rows: List<{type}Row>): List<{type}Answer> {{
        if (rows.isEmpty()) return emptyList()
{batch}
        val inputs = mapOf<String, Any>(
{inputs}
        )
        val answers = {answers}
        interpreter.runSignature(inputs, mapOf<String, Any>({output} to answers), {signature})
        return answers{drop}.map {{ {type}Answer(it) }}
    }}

    override fun close() = interpreter.close()
}}
"""

PLAIN_BATCH = """\
        val batch = rows"""

# Of org.tensorflow.lite's Java, read in TensorImpl.java and tensor_jni.cc.
TEXT_BATCH = """\
        // Text goes in as UTF-8 bytes: given a String, the Java API adds a byte 0 to it, and no
        // vocabulary has such a word. It takes empty bytes (a missing value), but not in the first
        // row; so a row of no meaning goes first, and its answer is dropped.
        val batch = listOf({type}Row({filler})) + rows"""


def write(metadata: Metadata, file_name: str, type_name: str) -> str:
    """Returns the source; `serving.phone.snippet.write` says what of."""
    texts = [tensor for tensor in metadata.inputs if tensor.dtype == "string"]
    filler = ", ".join(f'{source.name(tensor.name)} = "-"' for tensor in texts)
    batch = TEXT_BATCH.format(type=type_name, filler=filler) if texts else PLAIN_BATCH
    return FILE.format(
        file=file_name,
        model=source.one_line(metadata.model),
        type=type_name,
        properties=source.lines(map(_property, metadata.inputs), 4),
        answer=_answer(metadata, type_name),
        batch=batch,
        inputs=source.lines(map(_input, metadata.inputs), 12),
        answers=_answers(metadata),
        output=_text(metadata.output.name),
        signature=_text(metadata.signature),
        drop=".drop(1)" if texts else "",
    )


def _property(tensor: Input) -> str:
    return f"val {source.name(tensor.name)}: {TYPES[tensor.dtype]}? = null,{source.about(tensor)}"


def _input(tensor: Input) -> str:
    value = f"(batch[it].{source.name(tensor.name)} ?: {_missing(tensor)})"
    arrays = {
        "float32": f"FloatArray(batch.size) {{ {value[1:-1]} }}",
        "int64": f"LongArray(batch.size) {{ {value[1:-1]} }}",
        "string": f"Array(batch.size) {{ {value}.toByteArray() }}",
    }
    return f"{_text(tensor.name)} to {arrays[tensor.dtype]},"


def _missing(tensor: Input) -> str:
    if tensor.dtype == "float32":
        return "Float.NaN"
    if tensor.dtype == "string":
        return _text(str(tensor.missing))
    # Kotlin reads the lowest number as minus one that is too large.
    return "Long.MIN_VALUE" if tensor.missing == INT64_MIN else f"{tensor.missing}L"


def _answers(metadata: Metadata) -> str:
    width = metadata.output.row_shape
    return f"Array(batch.size) {{ FloatArray({width[0]}) }}" if width else "FloatArray(batch.size)"


def _answer(metadata: Metadata, type_name: str) -> str:
    label = metadata.label
    of_row = "FloatArray" if metadata.output.row_shape else "Float"
    head = "/** The answer to one row. */\n"
    head += f"class {type_name}Answer(val {metadata.output.name}: {of_row})"
    classes = ", ".join(_class(value) for value in label.classes)
    kind = "String" if label.classes and isinstance(label.classes[0], str) else "Long"
    if label.task == "multiclass":
        body = [
            "private val best: Int get() = probabilities.indices.maxBy { probabilities[it] }",
            f"val label: {kind} get() = CLASSES[best]",
            "",
            "companion object {",
            "    /** In the order of the probabilities. */",
            f"    val CLASSES = listOf({classes})",
            "}",
        ]
    elif label.task == "regression":
        return head
    else:
        body = [f"val isPositive: Boolean get() = probability >= {label.decision_threshold}f"]
        if label.classes:
            negative, positive = map(_class, label.classes)
            body.append(f"val label: {kind} get() = if (isPositive) {positive} else {negative}")
    return f"{head} {{\n{source.lines(body, 4)}\n}}".replace("    \n", "\n")


def _class(value: str | int) -> str:
    if isinstance(value, str):
        return _text(value)
    return "Long.MIN_VALUE" if value == INT64_MIN else f"{value}L"


def _text(text: str) -> str:
    return source.quoted(text, _escape, also="$")


def _escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[k : k + 4]}" for k in range(0, len(units), 4))
