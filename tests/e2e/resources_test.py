# SPDX-License-Identifier: MIT
"""Memory does not grow with a recording; noise is not slow; what a terminal is shown."""
import json
import os
import pty
import random
import re
import signal
import struct
import subprocess
import sys
import time
import unittest

from support import Case, LANDFALL, landfall, program_environment, replay

BASE = ["--mission", "generic-ccsds", "--set", "symbol_rate_hz=1000000"]


def noise(path, megabytes):
    """8-bit noise, of blocks in a varying order: made fast."""
    dice = random.Random(11)
    blocks = [bytes(max(0, min(255, int(dice.gauss(128, 25)))) for _ in range(65536))
              for _ in range(4)]
    with open(path, "wb") as out:
        for _ in range(megabytes * 16):
            out.write(dice.choice(blocks))


def peak_mebibytes(*arguments):
    """Peak resident memory of the program, measured by a process of its own."""
    measure = ("import resource, subprocess, sys\n"
               "code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode\n"
               "print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
    out = subprocess.run([sys.executable, "-c", measure, LANDFALL, *map(str, arguments)],
                         capture_output=True, text=True, env=program_environment(), timeout=170)
    code, kibibytes = map(int, out.stdout.split())
    assert code == 0, out.stderr
    return kibibytes / 1024


class memory(Case):
    def test_frames_of_a_long_file(self):
        frame = bytes(892)
        path = self.folder / "x.frames"
        peaks = []
        for count in (2000, 60000):
            path.write_bytes(b"".join(struct.pack(">HI", 0x4A81, n << 8) + frame[6:]
                                      for n in range(count)))
            peaks.append(peak_mebibytes("replay", path, "--input", "frames", *BASE, "--frames",
                                        self.folder / "out"))
        self.assertLess(peaks[1], peaks[0] + 4, peaks)

    def test_zeros(self):
        peaks = []
        for megabytes in (10, 200):
            path = self.folder / "zero.ci16"
            with open(path, "wb") as out:
                out.truncate(megabytes << 20)
            peaks.append(peak_mebibytes("replay", path, "--rate", "2.5e6", *BASE))
        self.assertLess(peaks[1], peaks[0] + 8, peaks)

    def test_a_signal_that_is_long(self):
        peaks = []
        for seconds in (1.0, 10.0):
            peaks.append(peak_mebibytes("simulate", "--mission", "gk2a-lrit", "--seconds", seconds,
                                        "--es-n0", 6, "--pcap", self.folder / "s.pcap"))
            peaks.append(peak_mebibytes("replay", self.folder / "s.pcap", "--mission",
                                        "gk2a-lrit", "--frames", self.folder / "f",
                                        "--packets", self.folder / "p"))
        self.assertLess(peaks[2], peaks[0] + 4, peaks)
        self.assertLess(peaks[3], peaks[1] + 8, peaks)


class speed(Case):
    def test_noise_is_not_slow_and_gives_no_frames(self):
        path = self.folder / "noise.cu8"
        noise(path, 5)
        for modulation in ("bpsk", "qpsk", "oqpsk"):
            report = replay(path, "--rate", "2.5e6", *BASE, "--set", f"modulation={modulation}")
            carrier = report["carriers"][0]
            print(f"noise, {modulation}: {report['samples_per_second'] / 1e6:.2f} Msamples/s, "
                  f"{carrier['locked_seconds']:.3f} s locked")
            self.assertEqual((0, 0), (carrier["frames"]["good"], carrier["frames"]["fill"]))
            self.assertGreater(report["samples_per_second"], 2e5)


class terminal(Case):
    def setUp(self):
        super().setUp()
        landfall("simulate", "--mission", "gk2a-lrit", "--seconds", 8, "--es-n0", 6, "--sigmf",
                 self.folder / "s")
        self.arguments = ["replay", self.folder / "s.sigmf-meta", "--mission", "gk2a-lrit"]

    def on_terminal(self, *arguments, hold=False, **environment):
        """(what standard error, a terminal, was shown; standard output); hold stops the program
        after each drawing until the next is due, or a fast machine is done before it"""
        master, slave = pty.openpty()
        with subprocess.Popen([LANDFALL, *map(str, arguments)], stderr=slave,
                              stdout=subprocess.PIPE,
                              env=program_environment(TERM="xterm", **environment)) as process:
            os.close(slave)
            shown = b""
            while True:
                try:
                    part = os.read(master, 65536)
                except OSError:  # the other end is closed
                    break
                if not part:
                    break
                shown += part
                if hold:
                    process.send_signal(signal.SIGSTOP)
                    time.sleep(0.3)
                    process.send_signal(signal.SIGCONT)
            out = process.stdout.read()
        os.close(master)
        return shown.decode(), out.decode()

    def test_bar_has_lock_state_es_n0_and_rate(self):
        shown, out = self.on_terminal(*self.arguments, "--json", hold=True)
        for pattern in (r"\[=*>? *\]", r"\d %", r"locked", r"Es/N0 +\d+\.\d dB", r"Msamples/s"):
            self.assertRegex(shown, pattern)
        self.assertTrue(shown.endswith("\r\x1b[K"), repr(shown[-40:]))  # wiped at the end
        json.loads(out)
        for line in re.split(r"\r|\x1b\[K", shown):
            self.assertLess(len(line), 80)

    def test_nothing_of_it_where_there_is_no_terminal(self):
        out, err = landfall(*self.arguments)
        self.assertEqual("", err)
        self.assertNotIn("\x1b", out)
        self.assertNotIn("\r", out)

    def test_colours_only_where_wanted(self):
        colour = re.compile(r"\x1b\[\d*m")
        wrong = ["replay", self.folder / "none.pcap", "--mission", "gk2a-lrit"]
        self.assertRegex(self.on_terminal(*wrong)[0], colour)
        self.assertNotRegex(self.on_terminal(*wrong, NO_COLOR="1")[0], colour)
        self.assertNotRegex(self.on_terminal(*self.arguments, NO_COLOR="1")[0], colour)


if __name__ == "__main__":
    unittest.main()
