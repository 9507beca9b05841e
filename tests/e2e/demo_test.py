# SPDX-License-Identifier: MIT
"""`landfall demo`: the whole gateway between two cables, without root, interface or huge pages."""
import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import time
import unittest
import urllib.request

from support import LANDFALL, Case, landfall, needs_root, program_environment


class demo(Case):
    def test_every_frame_reaches_the_datacenter(self):
        out, _ = landfall("demo", "--seconds", "3", "--mission", "gk2a-lrit", "--json")
        report = json.loads(out)
        self.assertEqual(1, report["schema"])
        self.assertTrue(report["passed"])
        self.assertGreater(report["sent"], 15)
        self.assertEqual(report["sent"], report["received"])
        self.assertEqual(0, report["missing"] + report["false"])
        self.assertGreaterEqual(report["tunnel_packets"], report["received"])

    def test_it_needs_no_rights(self):
        needs_root("to become someone else")
        out, _ = landfall("demo", "--seconds", "1", "--mission", "goes-hrit", "--json",
                          user=65534, group=65534, extra_groups=[], cwd="/")
        self.assertTrue(json.loads(out)["passed"])

    def interrupted(self, *more):
        """(exit code, standard output, standard error) of a pass that Ctrl-C ends when locked."""
        with subprocess.Popen([LANDFALL, "demo", "--seconds", "60", *more], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, env=program_environment(), text=True) as one:
            try:
                address = one.stdout.readline().split()[-1]
                self.assertTrue(address.startswith("http://127.0.0.1:"), address)
                end = time.monotonic() + 20
                while 'landfall_demod_locked{channel="satellite"} 1' not in \
                        urllib.request.urlopen(address, timeout=5).read().decode():
                    self.assertLess(time.monotonic(), end)
                    time.sleep(0.1)
                one.send_signal(signal.SIGINT)
                out, err = one.communicate(timeout=60)
            finally:
                one.kill()
        return one.returncode, out, err

    def test_metrics_while_the_pass_lasts_and_an_early_end(self):
        code, out, err = self.interrupted()
        self.assertEqual(130, code, out + err)
        self.assertRegex(out, r"stopped by you after \d+\.\d s; all \d+ frames so far whole")
        self.assertNotIn("cut short", out + err)

    def test_json_says_that_it_was_interrupted(self):
        process = subprocess.Popen([LANDFALL, "demo", "--seconds", "60", "--json"], text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env=program_environment())
        time.sleep(4)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        self.assertEqual(130, process.returncode, out + err)
        report = json.loads(out)
        self.assertTrue(report["interrupted"])
        self.assertFalse(report["cut_short"])
        self.assertEqual(report["sent"], report["received"] + report["missing"])

    def test_a_slow_carrier_with_much_doppler(self):
        out, err = landfall("demo", "--seconds", "1", "--mission", "by701", "--json")
        self.assertTrue(json.loads(out)["passed"])
        self.assertIn("by701 needs 1.9 s", err)

    def test_a_carrier_that_is_too_fast_for_any_machine(self):
        fast = self.folder / "fast.toml"
        fast.write_text('title = "fast"\nsymbol_rate_hz = 250000000\n')
        out, err = landfall("demo", "--seconds", "2", "--mission", fast, "--json")
        report = json.loads(out)
        self.assertTrue(report["passed"], out + err)
        self.assertLess(report["real_time_factor"], 0.5)
        self.assertIn("cannot follow fast in real time", err)

    def test_the_last_page_of_a_terminal_is_whole(self):
        for rows, columns in ((24, 80), (12, 50), (50, 200)):
            parent, child = pty.openpty()
            fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            with subprocess.Popen([LANDFALL, "demo", "--seconds", "1"], stdout=child, stderr=child,
                                  env=program_environment(TERM="xterm")) as process:
                os.close(child)
                seen = b""
                while True:
                    try:
                        seen += os.read(parent, 65536)
                    except OSError:  # the other end is closed
                        break
            os.close(parent)
            self.assertEqual(0, process.returncode)
            pages = re.split(r"\x1b\[\d+A", seen.decode())
            self.assertGreater(len(pages), 2)
            last, _, summary = pages[-1].partition("\x1b[J")
            lines = [re.sub(r"\x1b\[\d*m", "", line).strip("\r") for line in last.split("\n")]
            self.assertLess(len(lines), rows + 1)
            for line in lines:
                self.assertLess(len(re.sub(r"\x1b\[\d*[KG]", "", line)), columns, line)
            sent = re.search(r"(\d+) frames sent by the satellite", summary)[1]
            self.assertRegex(last, rf"arrived +{sent} byte for byte, 0 missing, 0 false")

    def test_a_mission_that_does_not_exist(self):
        _, err = landfall("demo", "--mission", "nowhere", code=78)
        self.assertIn("no mission is named 'nowhere'", err)


if __name__ == "__main__":
    unittest.main(verbosity=2)
