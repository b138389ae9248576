"""One step in three shells: do bash, PowerShell and cmd run the same programs on the same words?

`words(language, text)` brings a step to one form: a list of commands, each a tuple of its
words. What only a shell or a system spells differently is spelt as in bash on Linux.
"""

import re
import shlex
from collections.abc import Callable, Iterator

import tree_sitter_powershell
from tree_sitter import Language, Node, Parser

Command = tuple[str, ...]

# Windows PowerShell takes these for its own commands, with other flags.
POWERSHELL_ALIASES = {"curl", "wget", "sort", "diff", "sleep", "tee", "kill", "ps"}

_PROGRAMS = {
    "py": "python",
    "python3": "python",
    "get-content": "cat",
    "type": "cat",
    "copy": "cp",
    "copy-item": "cp",
    "move": "mv",
    "move-item": "mv",
    "del": "rm",
    "remove-item": "rm",
    "dir": "ls",
    "get-childitem": "ls",
    "start-process": "open",
    "start": "open",
    "xdg-open": "open",
    "set-location": "cd",
    "source": ".",
}
_ACTIVATE = ".venv/bin/activate"


class NotUnderstood(ValueError):
    """The text is not a command of that shell, or one that cannot be compared."""


def words(language: str, text: str) -> list[Command]:
    """The commands of a step, in the form that all shells share.

    >>> words("powershell", '$env:PORT = "8081"\\n.venv\\\\Scripts\\\\irisws serve')
    [('set', 'PORT', '8081'), ('.venv/bin/irisws', 'serve')]
    """
    return [_common(command) for command in _READERS[language](text)]


def _bash(text: str) -> Iterator[Command]:
    for command in _commands(text.replace("\\\n", " "), quotes="\"'", escape="\\"):
        if command[0] == "export":
            yield "set", *command[1].split("=", 1)
        elif command[0] == "unset":
            yield "set", command[1], ""
        elif command[0] in (".", "source"):
            yield command[1:]
        else:
            yield command


def _cmd(text: str) -> Iterator[Command]:
    for command in _commands(text.replace("^\n", " "), quotes='"', escape="^"):
        if command[0].lower() == "set":
            yield "set", *" ".join(command[1:]).split("=", 1)
        else:
            yield command


def _commands(text: str, *, quotes: str, escape: str) -> Iterator[Command]:
    """The commands of a text, one or more a line; a pipe stands as a command of its own."""
    for line in text.splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
        lexer.whitespace_split = True
        lexer.quotes, lexer.escape, lexer.commenters = quotes, escape, ""
        command: Command = ()
        try:
            for word in (*lexer, ";"):
                if word not in ("|", ";", "&&", "&"):
                    command += (word,)
                    continue
                if command:
                    yield command
                command = ()
                if word == "|":
                    yield (word,)
        except ValueError as error:
            raise NotUnderstood(f"{line}: {error}") from None


_POWERSHELL = Parser(Language(tree_sitter_powershell.language()))


def parse_powershell(text: str) -> Node:
    root = _POWERSHELL.parse(text.encode()).root_node
    if root.has_error:
        raise NotUnderstood("this is not PowerShell")
    return root


def _powershell(text: str) -> Iterator[Command]:
    root = parse_powershell(text)
    if "&&" in text or "||" in text:
        raise NotUnderstood("Windows PowerShell 5.1 has no && and no ||")
    for node in _statements(root):
        if node.type == "assignment_expression":
            yield _assignment(node)
        else:
            yield from _pipeline(node)


def _statements(node: Node) -> Iterator[Node]:
    """Every assignment and every chain of commands, in order."""
    if node.type in ("assignment_expression", "pipeline_chain"):
        yield node
        return
    for child in node.named_children:
        if child.type != "comment":
            yield from _statements(child)


def _assignment(node: Node) -> Command:
    name, value = _text(node.named_children[0]), _text(node.named_children[-1])
    if not name.lower().startswith("$env:"):
        raise NotUnderstood(f"{name}: only $env:… can be compared")
    return "set", name[5:], _unquoted(value)


def _pipeline(chain: Node) -> Iterator[Command]:
    for child in chain.children:
        if child.type == "|":
            yield ("|",)
        elif child.type == "command":
            name, *arguments = _command(child)
            if name.lower() == "remove-item" and arguments[0].lower().startswith("env:"):
                yield "set", arguments[0][4:], ""
            else:
                yield name, *arguments
        else:
            raise NotUnderstood(f"{_text(child)}: not a plain command")


def _command(command: Node) -> Iterator[str]:
    for part in command.children:
        if part.type in ("command_name", "command_name_expr"):
            yield _unquoted(_text(part))
        elif part.type == "command_elements":
            for element in part.children:
                if element.type == "redirection":
                    yield from _text(element).split()
                elif element.type != "command_argument_sep":
                    yield _unquoted(_text(element))


def _text(node: Node) -> str:
    return (node.text or b"").decode()


def _unquoted(text: str) -> str:
    quoted = re.fullmatch(r"""(["'])(.*)\1""", text, re.DOTALL)
    return quoted[2] if quoted else text


_READERS: dict[str, Callable[[str], Iterator[Command]]] = {
    "bash": _bash,
    "bat": _cmd,
    "powershell": _powershell,
}


def _common(command: Command) -> Command:
    program, *arguments = command
    if program in ("set", "|"):
        return command
    program = _path(program).removesuffix(".exe")
    program = _PROGRAMS.get(program.lower(), program)
    if program.lower().startswith(_ACTIVATE):  # activate.bat, Activate.ps1
        program = _ACTIVATE
    arguments = ["python" if word in ("python3", "py") else _path(word) for word in arguments]
    return program, *arguments


def _path(word: str) -> str:
    """Windows' spelling of a path as Linux spells it."""
    if "\\" in word and not set(word) & set('{}"$*'):
        word = word.replace("\\", "/")
    return word.replace(".venv/Scripts/", ".venv/bin/").removeprefix("./")
