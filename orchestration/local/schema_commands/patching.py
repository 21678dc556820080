"""A text-format proto, changed where it has to be: comments and all else stay as written."""

from collections.abc import Iterator, Sequence
from typing import Any

from google.protobuf import text_format
from google.protobuf.message import Message

from orchestration.local.schema_commands.text_entries import Entry, entries
from orchestration.local.schema_commands.text_layout import Edit, applied, insertion, removal
from usecase.errors import UserError

Values = dict[str, Any]
_NONE: list[Any] = []


class PatchError(UserError):
    """A text that cannot be changed without writing all of it anew."""


def patch(text: str, new: Message) -> str:
    """Returns the text, changed so that it says what `new` says.

    Messages in a list are told apart by their `name`, and keep their order; new ones come last.

    Args:
        text: A message in text format.
        new: What it is to say.

    Raises:
        PatchError: If the text would have to be written anew to say so.
    """
    try:
        old = text_format.Parse(text, type(new)())
        result = applied(text, list(_edits(text, (0, len(text)), old, new, top=True)))
        same = text_format.Parse(result, type(new)()) == new
    except (ValueError, text_format.ParseError) as error:
        raise _unpatchable(str(error)) from error
    if not same:
        raise _unpatchable("the result would say something else")
    return result


def _edits(
    text: str, span: tuple[int, int], old: Message, new: Message, *, top: bool = False
) -> Iterator[Edit]:
    """Yields what has to change between the braces of a message."""
    written = entries(text, *span)
    before, after = _values(old), _values(new)
    gone: list[Entry] = []
    added: list[tuple[str, Any]] = []
    for name in {**before, **after}:
        was, now = before.get(name), after.get(name)
        if was == now:
            continue
        found = [entry for entry in written if entry.name == name]
        if isinstance(was, list) or isinstance(now, list):
            was, now = was or _NONE, now or _NONE
            inner, left_out, more = _of_list(text, name, found, was, now)
            yield from inner
            gone += left_out
            added += more
        elif was is None:
            added.append((name, now))
        elif now is None:
            gone += found
        elif isinstance(now, Message):
            yield from _edits(text, _body(_only(found)), was, now)
        else:
            entry = _only(found)
            yield Edit(entry.start, entry.end, _printed(type(new)(), name, now))
    for entry in gone:
        yield removal(text, entry, comments=top)
    kept = [entry for entry in written if entry not in gone]
    for name, value in added:
        beside = [entry for entry in kept if entry.name == name] or kept
        lines = _printed(type(new)(), name, value, lines=top)
        yield insertion(text, beside[-1] if beside else None, span[0], lines)


def _of_list(
    text: str, name: str, found: Sequence[Entry], was: list[Any], now: list[Any]
) -> tuple[list[Edit], list[Entry], list[tuple[str, Any]]]:
    """Returns edits inside of a list's items, the items that go, and those to add."""
    if not any(isinstance(item, Message) for item in (*was, *now)):
        if now[: len(was)] == was:
            return [], [], [(name, [item]) for item in now[len(was) :]]
        return [], list(found), [(name, [item]) for item in now]
    if len(found) != len(was):
        raise ValueError(f'"{name}" is written as a list in brackets')
    wanted = {item.name: item for item in now}
    names = [item.name for item in was]
    if len(wanted) != len(now) or len({*names}) != len(was):
        raise ValueError(f'"{name}" is there twice with one name')
    edits: list[Edit] = []
    for entry, item in zip(found, was, strict=True):
        if item.name in wanted and item != wanted[item.name]:
            edits += _edits(text, _body(entry), item, wanted[item.name])
    left_out = [e for e, item in zip(found, was, strict=True) if item.name not in wanted]
    return edits, left_out, [(name, [item]) for item in now if item.name not in names]


def _values(message: Message) -> Values:
    """Returns what is set, by field: scalars, messages, or lists of either."""
    single = (str, bytes, int, float, bool, Message)
    return {
        field.name: value if isinstance(value, single) else list(value)
        for field, value in message.ListFields()
    }


def _only(found: Sequence[Entry]) -> Entry:
    if len(found) != 1:
        raise ValueError("a field is not written once")
    return found[0]


def _body(entry: Entry) -> tuple[int, int]:
    if entry.body is None:
        raise ValueError(f'"{entry.name}" is not written in braces')
    return entry.body


def _printed(holder: Message, name: str, value: Any, *, lines: bool = False) -> str:
    """Returns a field as text: on one line, or one line for each field of a message."""
    if isinstance(value, Message):
        getattr(holder, name).CopyFrom(value)
    elif isinstance(value, list):
        getattr(holder, name).extend(value)
    else:
        setattr(holder, name, value)
    text = text_format.MessageToString(holder, as_one_line=True, as_utf8=True).strip()
    (item,) = value if isinstance(value, list) else [value]
    if not lines or not isinstance(item, Message):
        return text
    inner = []
    fields = sorted(_values(item).items(), key=lambda pair: isinstance(pair[1], Message | list))
    for field, set_to in fields:
        for part in set_to if isinstance(set_to, list) else [set_to]:
            one = [part] if isinstance(set_to, list) else part
            inner.append(f"  {_printed(type(item)(), field, one)}")
    return "\n".join([f"{name} {{", *inner, "}"])


def _unpatchable(why: str) -> PatchError:
    return PatchError(
        f"the schema's text cannot be changed in place: {why}",
        expected="one `feature { ... }` for each column, each name once",
        fix="write it so, or make the change by hand",
    )
