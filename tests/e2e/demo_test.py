# SPDX-License-Identifier: MIT
"""`landfall demo`: the whole gateway between two cables, without root, interface or huge pages."""
import json
import signal
import subprocess
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

    def test_metrics_while_the_pass_lasts_and_an_early_end(self):
        process = subprocess.Popen([LANDFALL, "demo", "--seconds", "60"], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, env=program_environment(), text=True)
        try:
            address = process.stdout.readline().split()[-1]
            self.assertTrue(address.startswith("http://127.0.0.1:"), address)
            end = time.monotonic() + 20
            while 'landfall_demod_locked{channel="satellite"} 1' not in \
                    urllib.request.urlopen(address, timeout=5).read().decode():
                self.assertLess(time.monotonic(), end)
                time.sleep(0.1)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
        finally:
            if process.poll() is None:
                process.kill()
                process.communicate()
        self.assertEqual(0, process.returncode, out + err)
        self.assertIn("all arrived", out)
        self.assertIn("cut short", err)

    def test_a_mission_that_does_not_exist(self):
        _, err = landfall("demo", "--mission", "nowhere", code=78)
        self.assertIn("no mission is named 'nowhere'", err)


if __name__ == "__main__":
    unittest.main(verbosity=2)
