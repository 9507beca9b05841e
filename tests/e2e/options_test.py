# SPDX-License-Identifier: MIT
"""Options: what is accepted, and that what is not is refused with its name, before any work."""
import json
import subprocess
import unittest

from support import Case, LANDFALL, landfall, needs_program, needs_root, program_environment

COMMANDS = ("run", "check", "status", "replay", "simulate", "missions", "key", "bench", "demo")


class help_texts(Case):
    def test_are_printable_and_name_the_choices(self):
        for command in COMMANDS:
            out, _ = landfall(command, "--help")
            self.assertEqual([], [c for c in out if not c.isprintable() and c != "\n"], command)
        out, _ = landfall("replay", "--help")
        for choices in ("{iq,soft,frames}", "{auto,block,liquid}", "auto (default"):
            self.assertIn(choices, out)

    def test_every_command_has_a_version(self):
        whole, _ = landfall("--version")
        self.assertIn("libfec (no version of its own)", whole)
        for command in COMMANDS:
            self.assertEqual(whole, landfall(command, "--version")[0])


class refused(Case):
    def refuse(self, *arguments, code=2):
        """The last but one argument is an option; what is told names it."""
        out, err = landfall(*arguments, code=code)
        self.assertEqual("", out)
        self.assertIn(str(arguments[-2]), err)
        self.assertTrue(err.replace("\n", "").isprintable(), err)
        return err

    def simulate(self, *arguments, code=2):
        target = () if arguments[0] in ("--udp", "--sigmf", "--pcap") else \
            ("--pcap", self.folder / "out.pcap")
        err = self.refuse("simulate", "--mission", "gk2a-lrit", *target, *arguments, code=code)
        self.assertEqual([], list(self.folder.glob("out*")), arguments)
        return err

    def test_choices_that_there_are_not(self):
        for option in ("--input", "--engine"):
            self.assertIn("nosuch", self.refuse("replay", "x", "-m", "gk2a-lrit", option, "nosuch"))

    def test_numbers_that_are_none_or_out_of_range(self):
        for option in ("--seconds", "--es-n0", "--frequency-offset", "--doppler-rate",
                       "--clock-offset", "--sample-rate"):
            for value in ("nan", "inf", "-inf", "1e300", "-1e300", "1x", ""):
                with self.subTest(option=option, value=value):
                    self.simulate(option, value)
        for option, value in (("--seconds", 0), ("--seconds", -1), ("--seconds", 2e6),
                              ("--sample-rate", 1), ("--sample-rate", -1),
                              ("--sample-rate", 1e9), ("--frequency-offset", 1e9),
                              ("--doppler-rate", 1e9)):
            with self.subTest(option=option, value=value):
                self.simulate(option, value)
        for command in ("bench", "demo"):
            for value in ("nan", "-1", "inf", "0"):
                self.refuse(command, "--seconds", value)
        for option in ("--rate", "--frequency-offset"):
            self.refuse("replay", "x", "-m", "gk2a-lrit", option, "nan")

    def test_ports(self):
        for port in ("99999", "65536", "0", "-1", "http", "", "80x", "+80"):
            with self.subTest(port=port):
                self.simulate("--udp", f"127.0.0.1:{port}")
        self.refuse("replay", "x", "-m", "gk2a-lrit", "--udp-port", "65536")

    def test_fades_and_gain_steps(self):
        for value in ("nan:nan:1e9", "0:-1", "0:0", "-1:1", "0:1:nan", "0:1:500", "0:inf", "0",
                      "0:1:2:3"):
            with self.subTest(value=value):
                self.simulate("--fade", value)
        for value in ("0:1e9", "nan:1", "0:nan", "-1:1", "1"):
            with self.subTest(value=value):
                self.simulate("--gain-step", value)

    def test_payloads_that_are_no_file_with_content(self):
        empty = self.folder / "empty"
        empty.touch()
        for path, why in ((self.folder, "folder"), (empty, "empty"), ("/dev/null", "regular"),
                          (self.folder / "none", "exist")):
            self.assertIn(why, self.simulate("--payload", path, code=1))

    def test_pace_without_a_network(self):
        _, err = landfall("simulate", "-m", "gk2a-lrit", "--pcap", self.folder / "x", "--pace",
                          code=2)
        self.assertIn("--udp", err)

    def test_output_in_place_of_the_payload(self):
        for option, name, target in (("--pcap", "data", "data"),
                                     ("--sigmf", "s.sigmf-data", "s"),
                                     ("--sigmf", "s.sigmf-meta", "s")):
            payload = self.folder / name
            payload.write_bytes(b"mine")
            self.simulate(option, self.folder / target, "--payload", payload)
            self.assertEqual(b"mine", payload.read_bytes())

    def test_stages_that_there_are_not(self):
        for stage in ("nosuch", "chain-nosuch"):
            out, err = landfall("bench", "rs-255-223-clean", stage, "--json", code=2)
            self.assertEqual("", out)
            self.assertIn("nosuch", err)

    def test_a_host_that_does_not_answer(self):
        """Told, and not waited for with each packet."""
        needs_root("for a network namespace")
        needs_program("unshare", "ip")
        script = ("ip link add v0 type veth peer name v1; ip addr add 192.0.2.1/24 dev v0; "
                  "ip link set v0 up; ip link set v1 up; exec \"$@\"")
        done = subprocess.run(["unshare", "-n", "sh", "-c", script, "sh", LANDFALL, "simulate", "-m",
                               "gk2a-lrit", "--seconds", "5", "--udp", "192.0.2.10:4991", "--json"],
                              capture_output=True, text=True, timeout=120,
                              env=program_environment())
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertRegex(done.stderr, r"192\.0\.2\.10:4991 is not reached, \d+ packets were not sent")
        report = json.loads(done.stdout)
        self.assertGreater(report["frames"], report["fill_frames"])
        self.assertGreater(report["fill_frames"], 0)


class accepted(Case):
    def test_one_stage(self):
        out, _ = landfall("bench", "rs-255-223-clean", "--seconds", "0.01", "--json")
        self.assertEqual(["rs-255-223-clean"], [s["stage"] for s in json.loads(out)["stages"]])


if __name__ == "__main__":
    unittest.main()
