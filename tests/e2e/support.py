# SPDX-License-Identifier: MIT
"""What the end-to-end tests share: running the program, and readers and writers of the formats
that owe nothing to the program's own code."""
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

LANDFALL = os.environ.get("LANDFALL", "landfall")
SHARED = os.environ.get("LANDFALL_SHARED_DATA")
MISSIONS = pathlib.Path(os.environ.get("LANDFALL_SOURCE", ".")) / "config" / "missions"


def program_environment(**more):
    environment = {**os.environ, "LANDFALL_MISSIONS": str(MISSIONS), **more}
    return environment


def landfall(*arguments, code=0, **more):
    """Runs the program; its exit code must be `code`. Returns (stdout, stderr)."""
    done = subprocess.run([LANDFALL, *map(str, arguments)], capture_output=True, timeout=170,
                          env=program_environment(), **more)
    out, err = done.stdout.decode(), done.stderr.decode()
    if code is not None and done.returncode != code:
        raise AssertionError(f"{' '.join(map(str, arguments))}\nexit code {done.returncode}, not "
                             f"{code}\n{out}{err}")
    return (out, err) if code is not None else (out, err, done.returncode)


def replay(*arguments, code=0):
    """Runs `replay --json` and returns its report."""
    out, _ = landfall("replay", *arguments, "--json", code=code)
    return json.loads(out)


class Case(unittest.TestCase):
    maxDiff = 2000

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="landfall-e2e-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def assert_same_frames(self, sent, got, message=""):
        """The frames of two folders are the same, channel by channel, octet for octet."""
        one, other = frame_files(sent), frame_files(got)
        self.assertEqual(sorted(one), sorted(other), f"{message}: channels")
        for name in one:
            self.assertEqual(len(one[name]), len(other[name]), f"{message}: octets of {name}")
            self.assertTrue(one[name] == other[name], f"{message}: {name} differs")


def needs(there, what):
    """What a test cannot do without: where it is not there, the test is skipped with that reason;
    under CI it fails."""
    if not there:
        raise AssertionError(f"not here: {what}") if os.environ.get("CI") == "true" else \
            unittest.SkipTest(f"not here: {what}")


def needs_root(why):
    needs(os.geteuid() == 0, f"root, {why}")


def needs_program(*names):
    for name in names:
        needs(shutil.which(name), name)


def run_tests(reason):
    """The calling script's tests; where there is a reason that they cannot run, it is said, and the
    exit code is 77, or 1 under CI."""
    if reason:
        strict = os.environ.get("CI") == "true"
        print(f"{'failed' if strict else 'skipped'}: {reason}")
        sys.exit(1 if strict else 77)
    unittest.main(verbosity=2)


def needs_shared(*parts):
    """A file of the shared data; where LANDFALL_SHARED_DATA names no folder, the test is skipped."""
    if not SHARED:
        raise unittest.SkipTest("LANDFALL_SHARED_DATA is not set")
    path = pathlib.Path(SHARED).joinpath(*parts)
    needs(path.exists(), path)
    return path


def frame_files(folder):
    """Contents of the folder's .frames files, by the part of the name from the channel on (with
    the spacecraft where the name tells it)."""
    return {re.search(r"(\.sc\d+)?\.vc\d+\.frames$", path.name)[0]: path.read_bytes()
            for path in pathlib.Path(folder).glob("*.frames")}


def cut(octets, length):
    return [octets[i:i + length] for i in range(0, len(octets), length)]


# ---------------------------------------------------------------- captures

def read_pcap(path):
    """[(seconds, octets)] of a big-endian pcap with nanoseconds."""
    data = pathlib.Path(path).read_bytes()
    assert struct.unpack_from(">I", data)[0] == 0xA1B23C4D
    unit = 1e-9
    at, packets = 24, []
    while at < len(data):
        seconds, part, length, _ = struct.unpack_from(">IIII", data, at)
        packets.append((seconds + part * unit, data[at + 16:at + 16 + length]))
        at += 16 + length
    return packets


def write_pcap(path, packets, link=1, order="<"):
    """`packets`: octets each."""
    with open(path, "wb") as out:
        out.write(struct.pack(order + "IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, link))
        for number, packet in enumerate(packets):
            out.write(struct.pack(order + "IIII", 1_700_000_000 + number // 1000, number % 1000,
                                  len(packet), len(packet)))
            out.write(packet)


def write_pcapng(path, packets, link=1, order="<"):
    def block(kind, body):
        body += bytes(-len(body) % 4)
        return struct.pack(order + "II", kind, len(body) + 12) + body + \
            struct.pack(order + "I", len(body) + 12)

    with open(path, "wb") as out:
        out.write(block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1)))
        out.write(block(1, struct.pack(order + "HHI", link, 0, 262144)))
        for number, packet in enumerate(packets):
            out.write(block(6, struct.pack(order + "IIIII", 0, 0, number, len(packet),
                                           len(packet)) + packet))


def read_pcapng(path):
    """[(interface, picoseconds, octets)] of a big-endian pcapng."""
    data = pathlib.Path(path).read_bytes()
    assert data[8:12] == b"\x1a\x2b\x3c\x4d"
    at, units, packets = 0, [], []
    while at < len(data):
        kind, length = struct.unpack_from(">II", data, at)
        body = data[at + 8:at + length - 4]
        if kind == 1:
            unit, where = 10**6, 8
            while where + 4 <= len(body):
                code, size = struct.unpack_from(">HH", body, where)
                if code == 9:
                    unit = 10**12 // 10**body[where + 4]
                where += 4 + (size + 3) // 4 * 4
            units.append(unit)
        elif kind == 6:
            interface, high, low, size, _ = struct.unpack_from(">IIIII", body)
            packets.append((interface, ((high << 32) + low) * units[interface],
                            body[20:20 + size]))
        at += length
    return packets


def udp_payload(frame):
    """Of an Ethernet frame with IPv4 without options."""
    return frame[42:14 + struct.unpack_from(">H", frame, 16)[0]]


def udp(payload, port=4991):
    return struct.pack(">HHHH", 50000, port, 8 + len(payload), 0) + payload


def ipv4(payload, **more):
    body = udp(payload, **more)
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 0, 0, 64, 17, 0,
                       bytes([192, 0, 2, 1]), bytes([192, 0, 2, 2]))
    total = sum(struct.unpack(">10H", head))
    total = (total & 0xFFFF) + (total >> 16)
    return head[:10] + struct.pack(">H", ~(total + (total >> 16)) & 0xFFFF) + head[12:] + body


def ipv6(payload, **more):
    body = udp(payload, **more)
    return struct.pack(">IHBB", 0x60000000, len(body), 17, 64) + bytes(15) + b"\1" + bytes(15) + \
        b"\2" + body


def ethernet(packet, tags=()):
    kind = 0x86DD if packet[0] >> 4 == 6 else 0x0800
    frame = bytes([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2])
    for ether_type, number in tags:
        frame += struct.pack(">HH", ether_type, number)
    return frame + struct.pack(">H", kind) + packet


def difi_kind(payload):
    """By packet type and information class; version packets come as either of two types."""
    version = struct.unpack_from(">H", payload, 12)[0] == 1
    kinds = {1: "data", 4: "version" if version else "context", 5: "version"}
    return kinds.get(payload[0] >> 4, "other")


# ---------------------------------------------------------------- samples

def write_sigmf(base, samples, datatype, rate_hz, **globals_):
    pathlib.Path(f"{base}.sigmf-data").write_bytes(samples)
    pathlib.Path(f"{base}.sigmf-meta").write_text(json.dumps(
        {"global": {"core:datatype": datatype, "core:sample_rate": rate_hz,
                    "core:version": "1.0.0", **globals_},
         "captures": [{"core:sample_start": 0}], "annotations": []}))


def wav(samples, channels, rate_hz, bits=16):
    """`samples`: octets of little-endian integers."""
    octets = bits // 8
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(samples), b"WAVE", b"fmt ", 16, 1,
                       channels, rate_hz, rate_hz * channels * octets, channels * octets, bits,
                       b"data", len(samples))
    return head + samples
