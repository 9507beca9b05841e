# SPDX-License-Identifier: MIT
"""Bad input of every kind: the exit code, a sentence that names the file, and nothing lost that
came before."""
import array
import json
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import tempfile
import time
import unittest

from support import (LANDFALL, Case, cut, difi_kind, ethernet, frame_files, ipv4, landfall,
                     program_environment, read_pcap, replay, udp_payload, wav, write_pcap, write_sigmf)

MISSION = ("--mission", "generic-ccsds", "--set", "symbol_rate_hz=100000", "--set",
           "modulation=bpsk")
RATE = 250000
FAILED, USAGE, CONFIGURATION = 1, 2, 78


class bad_input(Case):
    @classmethod
    def setUpClass(cls):
        cls.home = pathlib.Path(tempfile.mkdtemp(prefix="landfall-e2e-"))
        cls.addClassCleanup(shutil.rmtree, cls.home, ignore_errors=True)
        cls.sent = cls.home / "sent"
        landfall("simulate", *MISSION, "--seconds", 0.8, "--es-n0", 6, "--pcap",
                 cls.home / "signal.pcap", "--frames", cls.sent)
        landfall("simulate", *MISSION, "--seconds", 0.8, "--es-n0", 6, "--bits", 12, "--sigmf",
                 cls.home / "signal", "--frames", cls.home / "sent16")
        cls.packets = [udp_payload(packet) for _, packet in read_pcap(cls.home / "signal.pcap")]

    def refused(self, code, words, *arguments, command="replay"):
        """The command fails with `code`, and standard error has each of the words."""
        out, err, got = landfall(command, *arguments, code=None)
        told = f"{command} {' '.join(map(str, arguments))}\n{got}\n{out}{err}"
        self.assertEqual(code, got, told)
        for word in words if isinstance(words, (list, tuple)) else [words]:
            self.assertIn(str(word), err, told)
        self.assertNotRegex(err, r"terminate|Assertion|what\(\)|std::|Sanitizer", told)
        self.assertLess(len(err), 4000, told)
        return out, err

    def test_what_was_interrupted_says_so(self):
        made = self.folder / "made.pcap"
        arguments = ("simulate", *MISSION, "--seconds", 1000, "--pcap", made)
        with subprocess.Popen([LANDFALL, *map(str, arguments)], stderr=subprocess.PIPE,
                              stdout=subprocess.DEVNULL, env=program_environment()) as one:
            end = time.monotonic() + 30
            while time.monotonic() < end and (not made.exists() or made.stat().st_size < 1 << 20):
                time.sleep(0.02)
            one.send_signal(signal.SIGINT)
            _, err = one.communicate(timeout=60)
        self.assertEqual(130, one.returncode)
        self.assertIn(b"interrupted", err)

    def file(self, name, octets):
        path = self.folder / name
        path.write_bytes(octets)
        return path

    # ------------------------------------------------------------ files

    def test_missing(self):
        for name in ("no.sigmf-meta", "no.pcap", "no.wav", "no.ci16", "no"):
            path = self.folder / name
            self.refused(FAILED, [path, "No such file"], path, *MISSION)
        for kind in ("soft", "frames"):
            path = self.folder / "no"
            self.refused(FAILED, [path, "No such file"], path, *MISSION, "--input", kind,
                         *(["--format", "i8"] if kind == "soft" else []))

    def test_empty(self):
        for name in ("e.sigmf-meta", "e.pcap", "e.wav", "e.cf32", "e"):
            path = self.file(name, b"")
            self.refused(FAILED, [path, "empty"], path, *MISSION, "--rate", RATE)
        for kind in ("soft", "frames"):
            path = self.file("e." + kind, b"")
            self.refused(FAILED, [path, "empty"], path, *MISSION, "--input", kind,
                         *(["--format", "i8"] if kind == "soft" else []))

    def test_directory(self):
        for form in ([], ["--format", "ci16", "--rate", RATE], ["--input", "frames"],
                     ["--input", "soft", "--format", "i8"]):
            self.refused(FAILED, [self.folder, "directory"], self.folder, *MISSION, *form)

    def test_not_readable(self):
        if os.geteuid() == 0:
            self.skipTest("root reads everything")
        path = self.file("shut.pcap", b"1234")
        path.chmod(0)
        self.refused(FAILED, [path, "Permission denied"], path, *MISSION)

    def test_not_known_what_it_is(self):
        path = self.file("notes.txt", b"just words\n" * 100)
        self.refused(FAILED, [path, "pcap", "SigMF", "WAV"], path, *MISSION)

    def test_raw_without_rate_or_of_no_format(self):
        path = self.file("x.raw", bytes(4000))
        self.refused(USAGE, [path, "--rate"], path, *MISSION, "--format", "ci16")
        self.refused(USAGE, ["cx99", "ci16"], path, *MISSION, "--format", "cx99", "--rate", "1e6")

    def test_raw_cut_in_a_sample(self):
        data = (self.home / "signal.sigmf-data").read_bytes()
        path = self.file("cut.ci16", data + b"\1")
        out = self.folder / "got"
        _, err = self.refused(FAILED, path, path, *MISSION, "--rate", RATE, "--frames", out)
        self.assert_same_frames(self.home / "sent16", out)

    # ------------------------------------------------------------ SigMF

    def test_sigmf_without_data(self):
        base = self.folder / "s"
        write_sigmf(base, bytes(8000), "ci16_le", RATE)
        pathlib.Path(f"{base}.sigmf-data").unlink()
        self.refused(FAILED, [f"{base}.sigmf-data", "No such file"], f"{base}.sigmf-meta",
                     *MISSION)

    def test_sigmf_without_metadata(self):
        base = self.folder / "s"
        self.file("s.sigmf-data", bytes(8000))
        self.refused(FAILED, [f"{base}.sigmf-meta", "No such file"], f"{base}.sigmf-data",
                     *MISSION)

    def test_sigmf_metadata_with_mistakes(self):
        good = {"global": {"core:datatype": "ci16_le", "core:sample_rate": RATE},
                "captures": [{"core:sample_start": 0}], "annotations": []}
        self.file("s.sigmf-data", bytes(8000))
        texts = ["", "{", "[]", "null", "\xff\xfe", json.dumps({})]
        for key, value in (("core:datatype", "cq16_le"), ("core:datatype", 7),
                           ("core:datatype", None), ("core:sample_rate", 0),
                           ("core:sample_rate", -1), ("core:sample_rate", "fast"),
                           ("core:sample_rate", 1e300), ("core:num_channels", 4),
                           ("core:dataset", "../../etc/passwd")):
            texts.append(json.dumps({**good, "global": {**good["global"], key: value}}))
        for captures in (7, [7], [{"core:sample_start": -1}], [{"core:sample_start": "x"}],
                         [{"core:sample_start": 0, "core:datetime": "yesterday"}],
                         [{"core:sample_start": 9}, {"core:sample_start": 3}]):
            texts.append(json.dumps({**good, "captures": captures}))
        for text in texts:
            with self.subTest(text):
                path = self.file("s.sigmf-meta", text.encode("latin-1"))
                self.refused(FAILED, path, path, *MISSION)

    def test_sigmf_of_a_wrong_type_gives_no_frames(self):
        data = (self.home / "signal.sigmf-data").read_bytes()
        write_sigmf(self.folder / "s", data[:len(data) // 8 * 8], "cf32_le", RATE)
        carrier = replay(self.folder / "s.sigmf-meta", *MISSION)["carriers"][0]
        self.assertEqual(0, carrier["frames"]["good"])

    def test_not_finite_samples_count_as_zero(self):
        numbers = array.array("h", (self.home / "signal.sigmf-data").read_bytes())
        floats = array.array("f", [n / 32768 for n in numbers])
        for n, bad in enumerate((float("nan"), float("inf"), float("-inf"), 1e38, 3e38)):
            floats[len(floats) // 2 + 50 * n] = bad
        path = self.file("nan.cf32", floats.tobytes())
        out = self.folder / "got"
        carrier = replay(path, *MISSION, "--rate", RATE, "--frames", out)["carriers"][0]
        sent = sum(len(f) // 892 for f in frame_files(self.home / "sent16").values())
        got = frame_files(out)
        self.assertGreaterEqual(sum(len(f) // 892 for f in got.values()), sent - 2)
        for name, octets in frame_files(self.home / "sent16").items():
            for frame in cut(got.get(name, b""), 892):
                self.assertIn(frame, cut(octets, 892))
        self.assertEqual(3, carrier["iq"]["non_finite_samples"])

    def test_all_nan(self):
        path = self.file("nan.cf32", array.array("f", [float("nan")] * 400000).tobytes())
        carrier = replay(path, *MISSION, "--rate", RATE)["carriers"][0]
        self.assertEqual((0, 200000), (carrier["frames"]["good"], carrier["samples"]))

    # ------------------------------------------------------------ audio

    def test_audio_that_is_cut(self):
        data = (self.home / "signal.sigmf-data").read_bytes()
        whole = wav(data, 2, RATE)
        for length in (4, 11, 20, 43):
            path = self.file("cut.wav", whole[:length])
            self.refused(FAILED, path, path, *MISSION)
        path = self.file("cut.wav", whole[:len(whole) - 5002])
        out = self.folder / "got"
        self.refused(FAILED, path, path, *MISSION, "--frames", out)
        count = sum(len(f) // 892 for f in frame_files(out).values())
        sent = sum(len(f) // 892 for f in frame_files(self.home / "sent16").values())
        self.assertGreaterEqual(count, sent - 1)

    def test_audio_of_three_channels(self):
        path = self.file("three.wav", wav(bytes(6000), 3, RATE))
        self.refused(FAILED, [path, "channels"], path, *MISSION)

    # ------------------------------------------------------------ captures

    def test_capture_cut_in_a_packet(self):
        whole = (self.home / "signal.pcap").read_bytes()
        path = self.file("cut.pcap", whole[:-100])
        out = self.folder / "got"
        self.refused(FAILED, [path, "packet "], path, *MISSION, "--frames", out)
        sent = sum(len(f) // 892 for f in frame_files(self.sent).values())
        got = sum(len(f) // 892 for f in frame_files(out).values())
        self.assertGreaterEqual(got, sent - 1)  # the last packet may end the last frame
        middle = len(whole) // 2
        path = self.file("half.pcap", whole[:middle])
        shutil.rmtree(out)
        _, err = self.refused(FAILED, [path, "octet"], path, *MISSION, "--frames", out)
        place = int(re.search(r"at octet (\d+)", err)[1])
        self.assertLess(middle - 2000, place)
        self.assertLess(place, middle)
        count = sum(len(f) // 892 for f in frame_files(out).values())
        sent = sum(len(f) // 892 for f in frame_files(self.sent).values())
        self.assertGreaterEqual(count, sent // 2 - 1)
        for name, octets in frame_files(out).items():
            self.assertTrue(frame_files(self.sent)[name].startswith(octets))

    def test_capture_header_cut(self):
        whole = (self.home / "signal.pcap").read_bytes()
        for length in (3, 4, 10, 23):
            path = self.file("cut.pcap", whole[:length])
            self.refused(FAILED, path, path, *MISSION)
        path = self.file("header.pcap", whole[:24])
        self.refused(FAILED, [path, "no DIFI samples"], path, *MISSION)

    def test_capture_of_something_else(self):
        path = self.folder / "dns.pcap"
        write_pcap(path, [ethernet(ipv4(b"question", port=53))] * 10)
        self.refused(FAILED, [path, "no DIFI samples"], path, *MISSION)
        write_pcap(path, [b"\0" * 40] * 10, link=105)
        self.refused(FAILED, [path, "link type"], path, *MISSION)

    def test_capture_without_context(self):
        path = self.folder / "data.pcap"
        write_pcap(path, [ethernet(ipv4(p)) for p in self.packets if difi_kind(p) == "data"])
        self.refused(FAILED, [path, "context"], path, *MISSION)

    def test_several_captures_of_which_one_is_missing(self):
        self.refused(FAILED, self.folder / "two.pcap", self.home / "signal.pcap",
                     self.folder / "two.pcap", *MISSION)

    def test_hostile_difi_lengths(self):
        frames, hostile = [], 0
        for n, p in enumerate(self.packets):
            frames.append(ethernet(ipv4(p)))
            if n % 7 == 3:
                for words in (0, 1, 7, 0xFFFF, len(p) // 4 + 1, len(p) // 4 - 1):
                    head = struct.pack(">H", words)
                    frames.append(ethernet(ipv4(p[:2] + head + p[4:])))
                    hostile += 1
                frames.append(ethernet(ipv4(p[:n % 28])))
        path = self.folder / "hostile.pcap"
        write_pcap(path, frames)
        out = self.folder / "got"
        carrier = replay(path, *MISSION, "--frames", out)["carriers"][0]
        self.assert_same_frames(self.sent, out)
        self.assertGreaterEqual(carrier["iq"]["invalid_packets"], hostile)

    # ------------------------------------------------------------ frames and soft bits

    def test_frames_that_end_within_one(self):
        octets = b"".join(frame_files(self.sent).values())
        path = self.file("cut.frames", octets[:-10])
        out = self.folder / "got"
        self.refused(FAILED, [path, "882"], path, *MISSION, "--input", "frames", "--frames", out)
        self.assertEqual(len(octets) // 892 - 1,
                         sum(len(f) // 892 for f in frame_files(out).values()))

    def test_soft_bits_without_format(self):
        path = self.file("bits", bytes(1000))
        self.refused(USAGE, [path, "--format"], path, *MISSION, "--input", "soft")

    def test_soft_bits_cut_or_not_finite(self):
        path = self.file("bits.f32", array.array("f", [float("nan"), float("inf")] * 5000)
                         .tobytes() + b"\0\0")
        self.refused(FAILED, [path, "within a value"], path, *MISSION, "--input", "soft")

    # ------------------------------------------------------------ places to write to

    def test_output_folder_that_cannot_be_made(self):
        blocked = self.file("blocked", b"a file")
        for option in ("--frames", "--packets"):
            self.refused(FAILED, blocked, self.home / "signal.pcap", *MISSION, option,
                         blocked / "out")
        self.refused(FAILED, blocked, *MISSION, "--seconds", 0.2, "--sigmf", self.folder / "s",
                     "--frames", blocked / "out", command="simulate")
        for option in ("--sigmf", "--pcap"):
            self.refused(FAILED, "blocked", *MISSION, "--seconds", 0.2, option, blocked / "x",
                         command="simulate")

    def test_an_output_never_replaces_an_input(self):
        own = frame_files(self.sent)[".vc01.frames"]
        path = self.file("generic-ccsds.vc01.frames", own)
        self.refused(USAGE, path, path, *MISSION, "--input", "frames", "--frames", self.folder)
        self.assertEqual(own, path.read_bytes())
        path.rename(self.folder / "in.frames")
        path.symlink_to("in.frames")
        self.refused(USAGE, path, self.folder / "in.frames", *MISSION, "--input", "frames",
                     "--frames", self.folder)
        self.assertEqual(own, path.read_bytes())
        for name, option in (("generic-ccsds.pcapng", "--frames"),
                             ("generic-ccsds.packets.pcapng", "--packets")):
            capture = self.file(name, (self.home / "signal.pcap").read_bytes())
            self.refused(USAGE, capture, capture, *MISSION, option, self.folder)
            self.assertEqual((self.home / "signal.pcap").read_bytes(), capture.read_bytes())

    def test_frequency_offset_beyond_the_recording(self):
        for offset in ("nan", "inf", "1e300", "-125001"):
            for name in ("signal.pcap", "signal.sigmf-meta"):
                self.refused(USAGE, "--frequency-offset", self.home / name, *MISSION,
                             f"--frequency-offset={offset}")

    def test_full_disk(self):
        self.refused(FAILED, ["/dev/full", "No space left"], *MISSION, "--seconds", 0.5, "--pcap",
                     "/dev/full", command="simulate")
        out = self.folder / "got"
        out.mkdir()
        (out / "generic-ccsds.vc01.frames").symlink_to("/dev/full")
        self.refused(FAILED, ["generic-ccsds.vc01.frames", "No space left"],
                     self.home / "signal.pcap", *MISSION, "--frames", out)

    def test_udp_target(self):
        for target in ("nowhere", ":5", "host:", "127.0.0.1:notaport"):
            _, _, code = landfall("simulate", *MISSION, "--seconds", 0.1, "--udp", target,
                                  code=None)
            self.assertIn(code, (FAILED, USAGE), target)

    # ------------------------------------------------------------ missions and options

    def test_unknown_mission_suggests_the_nearest(self):
        for command in (["replay", self.home / "signal.pcap", "--mission"],
                        ["simulate", "--pcap", "x", "--mission"], ["missions"]):
            self.refused(CONFIGURATION, ["jps-hrd", "jpss-hrd"], *command[1:], "jps-hrd",
                         command=command[0])

    def test_mission_file_with_every_mistake(self):
        lines = ['title = "x"', 'modulation = "8vsb"', 'symbol_rate_hz = -1', 'roll_off = "much"',
                 'symbol_rate = 5', 'rs_interleave = 99', 'convolutional = "9/10"',
                 'sync_marker = "xyz"', 'rs = "224"', 'nrz = 5', 'frame_octets = 1e99',
                 'framing = "cadu"', 'fecf = "maybe"', 'randomizer = "256"']
        path = self.file("wrong.toml", "\n".join(lines).encode() + b"\n")
        _, err = self.refused(CONFIGURATION, "symbol_rate_hz", self.home / "signal.pcap",
                              "--mission", path)
        told = {int(n) for n in re.findall(re.escape(str(path)) + r":(\d+):\d+: error: ", err)}
        self.assertEqual(set(range(2, len(lines) + 1)), told, err)
        self.assertIn("^", err)
        for text in (b"title = ", b"\xff\xfe", b"[[[", b'modulation = "bpsk" nrz'):
            path = self.file("wrong.toml", text)
            _, err = self.refused(CONFIGURATION, path, self.home / "signal.pcap", "--mission",
                                  path)
            self.assertRegex(err, r"wrong\.toml:\d+:\d+: error: ")

    def test_set_errors(self):
        for text, word in (("symbol_rat_hz=1", "symbol_rate_hz"), ("modulation=fm", "fm"),
                           ("modulation", "KEY=VALUE"), ("symbol_rate_hz=abc", "symbol_rate_hz"),
                           ("roll_off=7", "roll_off"), ("=5", "=5")):
            with self.subTest(text):
                _, err, code = landfall("replay", self.home / "signal.pcap", "--mission",
                                        "generic-ccsds", "--set", text, code=None)
                self.assertIn(code, (CONFIGURATION, USAGE), err)
                self.assertIn(word, err)

    def test_configuration_errors(self):
        path = self.folder / "landfall.toml"
        self.refused(CONFIGURATION, [path, "o such file"], self.home / "signal.pcap", "-c", path)
        path.write_text('config_version = 1\n[[carrier]]\nname = "a"\nmission = "jps-hrd"\n'
                        '[[carrier]]\nname = "b"\nmission = "jpss-hrd"\nmodulatio = "bpsk"\n')
        _, err = self.refused(CONFIGURATION, ["jpss-hrd", "modulation"],
                              self.home / "signal.pcap", "-c", path)
        self.assertIn(f"{path}:4:", err)
        self.assertIn(f"{path}:8:", err)

    def test_sample_rate_too_low_for_the_symbol_rate(self):
        path = self.file("x.ci16", bytes(40000))
        self.refused(CONFIGURATION, [path, "sample rate", "jpss-hrd"], path, "--rate", "20e6", "--mission",
                     "jpss-hrd")
        _, err, code = landfall("simulate", "--mission", "jpss-hrd", "--sample-rate", "20e6",
                                "--pcap", self.folder / "x", code=None)
        self.assertIn(code, (USAGE, CONFIGURATION), err)
        self.assertIn("--sample-rate", err)

    def test_usage(self):
        signal = self.home / "signal.pcap"
        for arguments in (["replay", signal, "--mission", "jpss-hrd", "--colour"], ["replay"],
                          ["replay", signal], [], ["fly"], ["simulate"],
                          ["simulate", *MISSION],
                          ["simulate", *MISSION, "--pcap", "x", "--bits", "3"],
                          ["simulate", *MISSION, "--pcap", "x", "--bits", "17"],
                          ["simulate", *MISSION, "--pcap", "x", "--seconds", "-1"],
                          ["simulate", *MISSION, "--pcap", "x", "--seconds", "nan"],
                          ["simulate", *MISSION, "--pcap", "x", "--es-n0", "nan"],
                          ["simulate", *MISSION, "--pcap", "x", "--sigmf", "y"],
                          ["simulate", *MISSION, "--pcap", "x", "--fade", "soon"],
                          ["replay", signal, "--mission", "a", "-c", "b"],
                          ["replay", signal, *MISSION, "--input", "video"],
                          ["replay", signal, *MISSION, "--rate", "-5"],
                          ["replay", signal, *MISSION, "--stream-id", "0xZZ"],
                          ["replay", signal, *MISSION, "--udp-port", "70000"]):
            with self.subTest(arguments):
                _, err, code = landfall(*arguments, code=None, cwd=self.folder)
                self.assertEqual(USAGE, code, err)
                self.assertGreater(len(err), 10)

    def test_help_and_version(self):
        for command in ("replay", "simulate", "missions", "bench", "demo"):
            out, _ = landfall(command, "--help")
            self.assertIn("Example", out)
        self.assertIn("liquid", landfall("--version")[0])


if __name__ == "__main__":
    unittest.main()
