#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds the rules of the source tree: who includes whom, sizes, headers, calls that libraries do not make.

usage: layering_test.py SOURCE_ROOT
       layering_test.py --self-test
"""
import pathlib
import re
import sys

# A room, and the rooms that it knows. A path belongs to the longest name that begins it.
ROOMS = {
    "src/base": set(),
    "src/wire": {"src/base"},
    "dsp": {"src/base"},
    "dsp/fec": {"src/base"},
    "src/framing": {"src/base", "dsp/fec"},
    "config": {"src/base"},
    "crypto": {"src/base"},
    "dataplane": {"src/base"},
    "src/delivery": {"src/base", "src/framing", "src/wire"},
    "src/delivery/files": {"src/base"},
    "src/delivery/ledger": {"src/base", "src/delivery/files", "crypto"},
    "src/delivery/spool": {"src/base", "src/delivery/files", "src/framing", "src/wire", "crypto"},
    "src/delivery/publisher": {"src/base"},
    "src/control": {"src/base"},
    "src/app": {"src/base", "src/wire", "dsp", "dsp/fec", "src/framing", "src/delivery",
                "src/delivery/files", "src/delivery/ledger", "src/delivery/publisher", "src/delivery/spool", "src/control", "config",
                "crypto", "dataplane"},
}
# Single headers that a room knows besides: parameters without code.
EXTRA_HEADERS = {"config": {"dsp/waveform.h", "dsp/fec/coding.h", "src/framing/parameters.h", "crypto/wireguard.h"}}
APPLICATION = "src/app"

# Third-party headers, and the only rooms that include them; what is not listed is refused.
THIRD_PARTY = {
    r"liquid/.*": {"dsp"},
    r"fec\.h": {"dsp/fec"},
    r"pcap(/.*|\.h)": {"src/wire"},
    r"sndfile\.h": {"src/wire"},
    r"toml\+\+/.*": {"config"},
    r"hwy/.*": {"dsp", "dsp/fec", "src/wire"},
    r"rte_.*|linux/.*|ifaddrs\.h": {"dataplane"},
    r"nats/.*": {"src/delivery/publisher"},
    r"sodium(/.*|\.h)|blake2\.h|openssl/.*": {"crypto"},
    r"prometheus/.*|spdlog/.*|systemd/.*": {"src/control"},
    r"nlohmann/.*": {"src/wire", "src/control", "src/app"},
    r"CLI/.*": {"src/app"},
    r"fmt/.*": {"src/wire", "config", "src/control", "src/app"},
    r"arpa/inet\.h": {"src/base", "src/wire", "src/app"},
    r"(sys|net|netinet|arpa)/.*|netdb\.h|ifaddrs\.h|unistd\.h|fcntl\.h|poll\.h|sched\.h":
        {"src/wire", "src/delivery/files", "src/control", "crypto", "dataplane", "src/app"},
}
STANDARD = re.compile(r"[a-z_0-9]+")
INTRINSICS = re.compile(r".*intrin\.h|arm_neon\.h|arm_sve\.h")

# Calls that a library does not make: it returns errors, and gets time and chance as arguments.
BANNED_IN_LIBRARIES = {
    r"\bstd::(cout|cerr|clog)\b": "writes to a standard stream",
    r"\b(printf|fprintf|vprintf|puts|fputs|putchar|perror|syslog)\s*\(": "writes to a standard stream",
    r"\b(fmt|std)::print(ln)?\b": "writes to a standard stream",
    r"_clock::now\s*\(": "reads a clock",
    r"\b(clock_gettime|gettimeofday)\s*\(": "reads a clock",
    r"\b(random_device|srand)\b|\brand\s*\(": "draws random numbers of its own",
    r"(?<![:\w])(std::)?(exit|abort|quick_exit)\s*\(": "ends the program",
}
BANNED_ANYWHERE = {
    r"\b_mm\w*_\w+\s*\(|\b__m(128|256|512)": "uses x86 intrinsics",
    r"\b__builtin_ia32_": "uses x86 intrinsics",
    r"\basm\s*(volatile)?\s*\(|\b__asm__\b": "has assembly",
}

FILE_LINES = 600
FUNCTION_LINES = 70
LICENCE = "SPDX-License-Identifier: MIT"

INCLUDE = re.compile(r'^\s*#\s*include\s*(<([^>]+)>|"([^"]+)")')
COMMENT_OR_TEXT = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<d>[^(\s]*)\(.*?\)(?P=d)"|"(\\.|[^"\\\n])*"|(?<!\w)\'(\\.|[^\'\\\n])+\'',
    re.DOTALL)
NOT_A_FUNCTION = re.compile(r"^\s*(if|for|while|switch|else|do|catch|try|}|namespace|class|struct|enum|union|case|extern)\b")
LAMBDA = re.compile(r"(?<![\w\])])\[[^\]]*\]\s*[(<]")
ENDS_A_STATEMENT = re.compile(r"([;{}:]|^\s*(//|#|template\b).*)$|^\s*$")


def room_of(path):
    found = [room for room in ROOMS if path.startswith(room + "/")]
    return max(found, key=len) if found else None


def source_of_include(name, root):
    """The file, from the root, that an include in quotes names."""
    for folder in ("", "src/"):
        if (root / (folder + name)).is_file():
            return folder + name
    return None


def code_only(text):
    """Comments and texts made blank; lines stay lines."""
    return COMMENT_OR_TEXT.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)


def check_include(path, room, line, root):
    match = INCLUDE.match(line)
    if not match:
        return None
    system, own = match.group(2), match.group(3)
    if own:
        file = source_of_include(own, root)
        other = room_of(file) if file else None
        if other is None:
            return f'"{own}" is in no room; includes are written from the room\'s folder: "wire/difi.h"'
        if other != room and other not in ROOMS[room] and file not in EXTRA_HEADERS.get(room, ()):
            return f"{room} does not know {other}"
        return None
    if INTRINSICS.fullmatch(system):
        return f"<{system}>: ARM64 must stay possible"
    if STANDARD.fullmatch(system):
        return None
    for pattern, rooms in THIRD_PARTY.items():
        if re.fullmatch(pattern, system):
            return None if room in rooms else f"<{system}> is included only in {', '.join(sorted(rooms))}"
    return f"<{system}> is in no room's list"


def long_functions(lines):
    """Relies on clang-format: a body ends at the indentation at which its function began."""
    for at, line in enumerate(lines):
        if not re.search(r"\)[\w\s:<>,()&*.\[\]{}-]*\{$", line):
            continue
        first = at
        while first > 0 and not ENDS_A_STATEMENT.search(lines[first - 1]):
            first -= 1
        head = lines[first]
        if NOT_A_FUNCTION.match(head) or any(LAMBDA.search(part) for part in lines[first : at + 1]):
            continue
        indent = len(head) - len(head.lstrip())
        end = next((n for n in range(at + 1, len(lines)) if re.match(r" {%d}\}" % indent, lines[n])), None)
        if end is not None and end - first + 1 > FUNCTION_LINES:
            yield first + 1, end - first + 1


def check_text(path, text, root):
    """All that is wrong with one source file: (line, message)."""
    wrong = []
    lines = text.splitlines()
    code = code_only(text).splitlines()
    room = room_of(path)
    if LICENCE not in "\n".join(lines[:3]):
        wrong.append((1, f"the first line is not '// {LICENCE}'"))
    if path.endswith(".h") and "#pragma once" not in lines:
        wrong.append((1, "no #pragma once"))
    if len(lines) > FILE_LINES:
        wrong.append((FILE_LINES, f"{len(lines)} lines; {FILE_LINES} at most"))
    for at, length in long_functions(code) if room else ():
        wrong.append((at, f"a function of {length} lines; {FUNCTION_LINES} at most"))
    banned = dict(BANNED_ANYWHERE)
    if room is not None and room != APPLICATION:
        banned.update(BANNED_IN_LIBRARIES)
    for number, line in enumerate(code, 1):
        for pattern, what in banned.items():
            if re.search(pattern, line):
                wrong.append((number, what))
    if room is not None:
        for number, line in enumerate(lines, 1):
            message = check_include(path, room, line, root)
            if message:
                wrong.append((number, message))
    return wrong


def sources(root):
    for folder in ("src", "dsp", "config", "dataplane", "crypto", "tests"):
        for file in sorted((root / folder).rglob("*")):
            if file.suffix in (".h", ".cpp"):
                yield file


def check_tree(root):
    failed, count = 0, 0
    for file in sources(root):
        path = file.relative_to(root).as_posix()
        count += 1
        if room_of(path) is None and not path.startswith("tests/"):
            print(f"{path}:1: in no room that layering_test.py knows")
            failed += 1
        for line, message in check_text(path, file.read_text(encoding="utf-8"), root):
            print(f"{path}:{line}: {message}")
            failed += 1
    print(f"{count} files, {failed} findings")
    return 1 if failed or count == 0 else 0


def self_test(root):
    """Every rule sees what it is for."""
    head = f"// {LICENCE}\n"
    body = "    a = b;\n" * FUNCTION_LINES
    bad = [
        ("src/wire/x.cpp", head + '#include "dsp/waveform.h"\n'),
        ("dsp/x.cpp", head + '#include "dsp/fec/coding.h"\n'),
        ("dsp/fec/x.cpp", head + "#include <liquid/liquid.h>\n"),
        ("dsp/x.cpp", head + "#include <fec.h>\n"),
        ("src/framing/x.cpp", head + '#include "wire/difi.h"\n'),
        ("config/x.cpp", head + '#include "dsp/fec/stream_decoder.h"\n'),
        ("src/app/x.cpp", head + "#include <toml++/toml.h>\n"),
        ("dsp/x.cpp", head + "#include <immintrin.h>\n"),
        ("dsp/x.cpp", head + "#include <unheard/of.h>\n"),
        ("dsp/x.cpp", head + '#include "waveform.h"\n'),
        ("dsp/x.h", head),
        ("dsp/x.cpp", "int a;\n"),
        ("dsp/x.cpp", head + "void f() { std::cout << 1; }\n"),
        ("dsp/x.cpp", head + 'void f() { printf("a"); }\n'),
        ("src/wire/x.cpp", head + "auto t = std::chrono::system_clock::now();\n"),
        ("tests/unit/x.cpp", head + "auto t = _mm_add_epi8(a, b);\n"),
        ("dsp/x.cpp", head + "\n" * FILE_LINES),
        ("dsp/x.cpp", head + "void f() {\n" + body + "}\n"),
        ("dsp/x.cpp", head + "class x {\n    void f(int a,\n           int b) const noexcept {\n" + body + "    }\n};\n"),
        ("dsp/x.cpp", head + "x::x(int a)\n    : a_(a), b_{a} {\n" + body + "}\n"),
    ]
    good = [
        ("dsp/x.h", head + '#pragma once\n#include "base/time.h"\n#include <liquid/liquid.h>\n'),
        ("config/x.h", head + '#pragma once\n#include "dsp/fec/coding.h"\n#include "framing/parameters.h"\n'),
        ("src/app/x.cpp", head + '#include "dsp/waveform.h"\nvoid f() { fmt::print("a"); }\n'),
        ("src/wire/x.cpp", head + '// printf("x")\nauto t = "std::cout";\nint n = snprintf(b, 1, "");\n'),
        ("dsp/x.cpp", head + "void f() {\n" + body[: -2 * len("    a = b;\n")] + "}\n"),
        ("dsp/x.cpp", head + "namespace x {\n\n" + "int a;\n" * 90 + "\n} // namespace x\n"),
    ]
    failed = 0
    for expected, cases in ((True, bad), (False, good)):
        for path, text in cases:
            found = check_text(path, text, root)
            if bool(found) != expected:
                print(f"self-test: {path!r} {'passes' if expected else found}: {text[:120]!r}")
                failed += 1
    print(f"self-test: {len(bad) + len(good)} cases, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    source_root = pathlib.Path(__file__).resolve().parents[2]
    if sys.argv[1:] == ["--self-test"]:
        sys.exit(self_test(source_root))
    sys.exit(check_tree(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else source_root))
