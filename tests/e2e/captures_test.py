# SPDX-License-Identifier: MIT
"""The same signal in every form that `replay` reads: recordings and captures."""
import array
import json
import pathlib
import random
import shutil
import struct
import tempfile
import unittest

from support import (Case, cut, difi_kind, ethernet, frame_files, ipv4, ipv6, landfall, read_pcap,
                     replay, udp_payload, wav, write_pcap, write_pcapng, write_sigmf)

MISSION = ("--mission", "generic-ccsds", "--set", "symbol_rate_hz=100000", "--set",
           "modulation=bpsk")
RATE = 250000


def swapped(octets, width):
    numbers = array.array({2: "h", 4: "i"}[width], octets)
    numbers.byteswap()
    return numbers.tobytes()


class formats(Case):
    @classmethod
    def setUpClass(cls):
        cls.home = pathlib.Path(tempfile.mkdtemp(prefix="landfall-e2e-"))
        cls.addClassCleanup(shutil.rmtree, cls.home, ignore_errors=True)
        cls.sent = cls.home / "sent"
        landfall("simulate", *MISSION, "--seconds", 1.2, "--es-n0", 5, "--frequency-offset", 3000,
                 "--bits", 12, "--sigmf", cls.home / "signal", "--frames", cls.sent)
        cls.ci16 = (cls.home / "signal.sigmf-data").read_bytes()
        cls.numbers = array.array("h", cls.ci16)
        landfall("simulate", *MISSION, "--seconds", 1.2, "--es-n0", 5, "--frequency-offset", 3000,
                 "--bits", 8, "--pcap", cls.home / "signal.pcap", "--frames", cls.home / "sent8")
        cls.packets = [udp_payload(packet) for _, packet in read_pcap(cls.home / "signal.pcap")]

    def recovered(self, *arguments, sent=None, mission=MISSION):
        out = self.folder / "got"
        shutil.rmtree(out, ignore_errors=True)
        report = replay(*arguments, *mission, "--frames", out)
        self.assert_same_frames(sent or self.sent, out)
        return report["carriers"][0]

    def as_bytes(self, unsigned=False):
        peak = max(map(abs, self.numbers))
        return bytes((n * 100 // peak + 128 if unsigned else n * 100 // peak & 255)
                     for n in self.numbers)

    def as_floats(self):
        return array.array("f", [n / 32768 for n in self.numbers]).tobytes()

    def test_sigmf_of_every_kind(self):
        for datatype, samples in (("cf32_le", self.as_floats()), ("ci16_le", self.ci16),
                                  ("cf32_be", swapped(self.as_floats(), 4)),
                                  ("ci16_be", swapped(self.ci16, 2)), ("ci8", self.as_bytes()),
                                  ("cu8", self.as_bytes(unsigned=True))):
            with self.subTest(datatype):
                base = self.folder / datatype
                write_sigmf(base, samples, datatype, RATE)
                for path in (f"{base}.sigmf-meta", f"{base}.sigmf-data", base):
                    self.recovered(path)

    def test_raw(self):
        for form, samples in (("cf32", self.as_floats()), ("ci16", self.ci16),
                              ("ci8", self.as_bytes()), ("cu8", self.as_bytes(unsigned=True))):
            with self.subTest(form):
                path = self.folder / f"signal.{form}"
                path.write_bytes(samples)
                self.recovered(path, "--format", form, "--rate", "250e3")

    def test_wav_of_two_channels(self):
        path = self.folder / "iq.wav"
        path.write_bytes(wav(self.ci16, 2, RATE))
        self.recovered(path)

    def test_wav_of_one_channel(self):
        # The real part of the signal moved up to a quarter of the rate.
        landfall("simulate", *MISSION, "--seconds", 1.2, "--es-n0", 8, "--sample-rate", 800000,
                 "--bits", 12, "--sigmf", self.folder / "fast", "--frames", self.folder / "sent")
        data = array.array("h", (self.folder / "fast.sigmf-data").read_bytes())
        i, q = data[0::2], data[1::2]
        real = array.array("h", ((i[n], -q[n], -i[n], q[n])[n % 4] for n in range(len(i))))
        path = self.folder / "real.wav"
        path.write_bytes(wav(real.tobytes(), 1, 800000))
        self.recovered(path, sent=self.folder / "sent")

    def capture(self, name, frames, writer=write_pcap, **more):
        path = self.folder / name
        writer(path, frames, **more)
        return path

    def test_captures_of_every_link(self):
        frames = {
            "ethernet": ([ethernet(ipv4(p)) for p in self.packets], 1),
            "vlan": ([ethernet(ipv4(p), [(0x8100, 7)]) for p in self.packets], 1),
            "qinq": ([ethernet(ipv4(p), [(0x88A8, 7), (0x8100, 9)]) for p in self.packets], 1),
            "ipv6": ([ethernet(ipv6(p)) for p in self.packets], 1),
            "raw-ip": ([ipv4(p) for p in self.packets], 101),
            "raw-ipv6": ([ipv6(p) for p in self.packets], 101),
            "cooked": ([struct.pack(">HHH8sH", 0, 1, 6, bytes(8), 0x0800) + ipv4(p)
                        for p in self.packets], 113),
            "cooked-2": ([struct.pack(">HHIHBB8s", 0x0800, 0, 1, 1, 0, 6, bytes(8)) + ipv4(p)
                          for p in self.packets], 276),
        }
        for name, (packets, link) in frames.items():
            for writer, order in ((write_pcap, "<"), (write_pcap, ">"), (write_pcapng, "<"),
                                  (write_pcapng, ">")):
                with self.subTest(name, writer=writer.__name__, order=order):
                    path = self.capture("capture.pcap", packets, writer, link=link, order=order)
                    carrier = self.recovered(path, sent=self.home / "sent8")
                    self.assertEqual((0, 0), (carrier["iq"]["lost_packets"],
                                              carrier["iq"]["invalid_packets"]))

    def test_several_captures_are_one_sequence(self):
        third = len(self.packets) // 3
        paths = [self.capture(f"part{n}.pcap", [ethernet(ipv4(p)) for p in part])
                 for n, part in enumerate((self.packets[:third], self.packets[third:2 * third],
                                           self.packets[2 * third:]))]
        carrier = self.recovered(*paths, sent=self.home / "sent8")
        self.assertEqual(0, carrier["iq"]["lost_packets"])

    def test_other_traffic_is_passed_over(self):
        packets = []
        for p in self.packets:
            packets += [ethernet(ipv4(p)), ethernet(ipv4(b"no DIFI at all", port=53)),
                        b"\xff" * 60]
        self.recovered(self.capture("mixed.pcap", packets), sent=self.home / "sent8")

    def two_streams(self):
        other = self.folder / "other.pcap"
        landfall("simulate", *MISSION, "--seconds", 1.2, "--es-n0", 6, "--seed", 9, "--stream-id",
                 "0x1002", "--pcap", other, "--frames", self.folder / "sent-b")
        both = []
        for one, two in zip(self.packets, [udp_payload(p) for _, p in read_pcap(other)]):
            both += [one, two]
        self.both = both
        return self.capture("both.pcap", [ethernet(ipv4(p)) for p in both])

    def test_two_streams_in_one_capture(self):
        path = self.two_streams()
        report = replay(path, *MISSION, "--frames", self.folder / "got")
        self.assertEqual(2, len(report["carriers"]))
        for carrier, sent in zip(report["carriers"], (self.home / "sent8",
                                                      self.folder / "sent-b")):
            counts = carrier["frames"]
            whole = sum(map(len, frame_files(sent).values())) // 892
            self.assertEqual(whole, counts["good"] + counts["fill"])
            self.assertEqual(0, carrier["iq"]["lost_packets"])
        self.recovered(path, "--stream-id", "0x1002", sent=self.folder / "sent-b")

    def slow_stream(self):
        """A capture of a stream of too few samples, and then of a good one."""
        slow = self.folder / "slow.pcap"
        landfall("simulate", "--mission", "generic-ccsds", "--set", "symbol_rate_hz=1000", "--set",
                 "modulation=bpsk", "--seconds", 1, "--stream-id", "0x77", "--pcap", slow,
                 "--frames", self.folder / "slow")
        slow = [udp_payload(p) for _, p in read_pcap(slow)]
        return slow, self.capture("mixed.pcap", [ethernet(ipv4(p)) for p in slow + self.packets])

    def test_a_stream_that_does_not_fit_costs_the_others_nothing(self):
        slow, path = self.slow_stream()
        out = self.folder / "got"
        text, err = landfall("replay", path, *MISSION, "--frames", out, "--json")
        self.assert_same_frames(self.home / "sent8", out)
        self.assertEqual(1, err.count("2500 samples/s"), err)
        unfit = json.loads(text)["carriers"]
        self.assertEqual(1, sum(c["unfit_samples"] > 0 for c in unfit))
        only = self.capture("only.pcap", [ethernet(ipv4(p)) for p in slow])
        _, err = landfall("replay", only, *MISSION, code=78)
        self.assertIn("2500 samples/s", err)

    def test_a_rate_that_changes_to_one_that_does_not_fit_and_back(self):
        slow, _ = self.slow_stream()
        slow = [p[:4] + self.packets[0][4:8] + p[8:] for p in slow]
        packets = self.packets + slow + self.packets
        out = self.folder / "got"
        text, err = landfall("replay", self.capture("back.pcap", [ethernet(ipv4(p))
                                                                  for p in packets]),
                             *MISSION, "--frames", out, "--json")
        self.assertEqual(1, err.count("2500 samples/s"), err)
        carrier = json.loads(text)["carriers"][0]
        self.assertGreater(carrier["unfit_samples"], 0)
        for name, octets in frame_files(self.home / "sent8").items():
            self.assertTrue(frame_files(out)[name].startswith(octets), name)

    def test_the_total_tells_of_packets_of_no_stream(self):
        self.two_streams()
        both = self.both
        bad = [p[:2] + b"\xff\xff" + p[4:] for p in both[:7]]
        text, _ = landfall("replay", self.capture("bad.pcap", [ethernet(ipv4(p)) for p in
                                                               both + bad]), *MISSION, "--json")
        report = json.loads(text)
        self.assertEqual(7, report["iq"]["invalid_packets"])
        self.assertEqual(len(both), report["iq"]["packets"])

    def test_streams_beyond_the_limit_are_told(self):
        packets = [ethernet(ipv4(p[:4] + struct.pack(">I", n) + p[8:]))
                   for n in range(20) for p in self.packets[:60]]
        text, err = landfall("replay", self.capture("many.pcap", packets), *MISSION, "--json")
        report = json.loads(text)
        self.assertEqual((16, 4), (len(report["carriers"]), report["iq"]["streams_left_out"]))
        self.assertIn("4 more streams were not received", err)

    def test_two_spacecraft_on_one_channel_have_files_of_their_own(self):
        own = frame_files(self.sent)[".vc01.frames"]
        first = cut(own, 892)[:5]
        other = [bytes([f[0], f[1] ^ 0x40]) + f[2:] for f in first]  # another spacecraft
        path = self.folder / "mixed.frames"
        path.write_bytes(b"".join(a + b for a, b in zip(first, other)))
        out = self.folder / "got"
        replay(path, *MISSION, "--input", "frames", "--set", "fecf=false", "--frames", out)
        files = frame_files(out)
        self.assertEqual(2, len(files))
        self.assertEqual(b"".join(first), files.pop(".vc01.frames"))
        name, octets = files.popitem()
        self.assertRegex(name, r"^\.sc\d{3,}\.vc01\.frames$")
        self.assertEqual(b"".join(other), octets)

    def test_carriers_of_a_configuration(self):
        path = self.two_streams()
        config = self.folder / "landfall.toml"
        config.write_text('config_version = 1\n' + "".join(
            f'[[carrier]]\nname = "{name}"\nmission = "generic-ccsds"\nmodulation = "bpsk"\n'
            f'symbol_rate_hz = 100000\nstream_id = {number}\n'
            for name, number in (("one", 0), ("two", 0x1002))))
        out = self.folder / "got"
        report = replay(path, "-c", config, "--frames", out)
        self.assertEqual(["one", "two"], [c["name"] for c in report["carriers"]])
        for name, sent in (("one", self.home / "sent8"), ("two", self.folder / "sent-b")):
            sent_files = frame_files(sent)
            self.assertEqual(sent_files, {p.name[len(name):]: p.read_bytes()
                                          for p in out.glob(f"{name}.vc*.frames")})

    # ------------------------------------------------------------ what networks do

    def data_packets(self):
        return [n for n, p in enumerate(self.packets) if difi_kind(p) == "data"]

    def test_reordered_and_repeated_packets_cost_nothing(self):
        dice = random.Random(1)
        order = sorted(range(len(self.packets)), key=lambda n: n + dice.uniform(0, 5))
        packets = [ethernet(ipv4(self.packets[n])) for n in order]
        for n in range(50, len(packets), 40):
            packets.insert(n, packets[n - 2])
        carrier = self.recovered(self.capture("shaken.pcap", packets), sent=self.home / "sent8")
        self.assertEqual(0, carrier["iq"]["lost_packets"])
        self.assertGreater(carrier["iq"]["duplicates"], 5)
        self.assertGreater(carrier["iq"]["reordered"], 5)

    def test_lost_packets_cost_only_the_frames_that_they_hit(self):
        data = self.data_packets()
        lost = {data[len(data) // 3], data[len(data) // 3 + 1], data[2 * len(data) // 3]}
        packets = [ethernet(ipv4(p)) for n, p in enumerate(self.packets) if n not in lost]
        out = self.folder / "got"
        carrier = replay(self.capture("lossy.pcap", packets), *MISSION, "--frames",
                         out)["carriers"][0]
        self.assertEqual((3, 0), (carrier["iq"]["lost_packets"], carrier["iq"]["invalid_packets"]))
        self.assertEqual(3 * 722, carrier["iq"]["lost_samples"])
        sent, got = frame_files(self.home / "sent8"), frame_files(out)
        hit = 0
        for name, octets in sent.items():
            left = cut(got.get(name, b""), 892)
            self.assertEqual([f for f in cut(octets, 892) if f in left], left)
            hit += len(cut(octets, 892)) - len(left)
        self.assertLessEqual(hit, 4)  # 722 and 1444 of 41,000 samples, at a border at worst
        missing_at_most = carrier["frames"]["missing"]
        self.assertLessEqual(missing_at_most, hit)
        if hit:
            self.assertGreater(missing_at_most + carrier["frames"]["bad"], 0)

    # ------------------------------------------------------------ further down the chain

    def test_soft_bits(self):
        # Hard decisions of our own: the frames of transfer frames, coded by this test alone.
        marker, dice = bytes.fromhex("1acffc1d"), random.Random(3)
        frames = [bytes(dice.randrange(256) for _ in range(64)) for _ in range(12)]
        bits = [int(b) for f in frames for octet in marker + f for b in f"{octet:08b}"]
        bits = [dice.randrange(2) for _ in range(333)] + bits + [0] * 64
        mission = ("--mission", "generic-ccsds", "--set", "modulation=bpsk", "--set", "rs=none",
                   "--set", "convolutional=none", "--set", "randomizer=none", "--set",
                   "frame_octets=64", "--set", "framing=none", "--set", "fecf=false")
        for form, soft in (("i8", bytes(((1 - 2 * b) * 90) & 255 for b in bits)),
                           ("f32", array.array("f", [0.03 * (1 - 2 * b)
                                                     for b in bits]).tobytes())):
            with self.subTest(form):
                path = self.folder / f"soft.{form}"
                path.write_bytes(soft)
                out = self.folder / form
                report = replay(path, "--input", "soft", "--format", form, *mission, "--frames",
                                out)
                self.assertEqual(frames, cut(frame_files(out)[".vc00.frames"], 64))
                self.assertEqual(12, report["carriers"][0]["frames"]["good"])

    def test_soft_bits_may_change_their_unit(self):
        marker, dice = bytes.fromhex("1acffc1d"), random.Random(4)
        frames = [bytes(dice.randrange(256) for _ in range(64)) for _ in range(12)]
        bits = [int(b) for f in frames for octet in marker + f for b in f"{octet:08b}"] + [0] * 64
        values = [dice.gauss(0, 1000) for _ in range(65536)] + [0.5 - b for b in bits]
        path = self.folder / "soft.f32"
        path.write_bytes(array.array("f", values).tobytes())
        out = self.folder / "out"
        replay(path, "--input", "soft", "--mission", "generic-ccsds", "--set", "modulation=bpsk",
               "--set", "rs=none", "--set", "convolutional=none", "--set", "randomizer=none",
               "--set", "frame_octets=64", "--set", "framing=none", "--set", "fecf=false",
               "--frames", out)
        self.assertEqual(frames, cut(frame_files(out)[".vc00.frames"], 64)[-12:])

    def test_stream_id_is_for_carriers_that_have_none(self):
        path = self.two_streams()
        config = self.folder / "landfall.toml"
        config.write_text('config_version = 1\n[[carrier]]\nname = "one"\nmodulation = "bpsk"\n'
                          'mission = "generic-ccsds"\nsymbol_rate_hz = 100000\n')
        report = replay(path, "-c", config, "--stream-id", "0x1002")
        self.assertEqual(1, len(report["carriers"]))
        self.assertGreater(report["iq"]["not_selected"], 0)

    def test_every_file_of_frames_is_read_with_a_configuration(self):
        config = self.folder / "landfall.toml"
        config.write_text('config_version = 1\n[[carrier]]\nname = "one"\n'
                          'mission = "generic-ccsds"\n')
        paths = []
        for n in range(2):
            paths.append(self.folder / f"{n}.frames")
            paths[-1].write_bytes(frame_files(self.sent)[".vc01.frames"])
        report = replay(*paths, "-c", config, "--input", "frames")
        self.assertEqual(["one", "one.2"], [c["name"] for c in report["carriers"]])
        self.assertEqual(1, len({c["frames"]["good"] for c in report["carriers"]}))

    def test_frames_of_frames_are_those_frames(self):
        joined = b"".join(frame_files(self.sent).values())
        path = self.folder / "all.frames"
        path.write_bytes(joined)
        self.recovered(path, "--input", "frames")

    def test_the_report_tells_which_stage_failed_and_what_to_try(self):
        source = self.home / "signal.pcap"
        carrier = replay(source, *MISSION)["carriers"][0]
        self.assertEqual(("none", []), (carrier["stage"], carrier["try"]))
        for key, value, stage, trial in (
                ("convolutional", "3/4", "code_phase", "convolutional=1/2"),
                ("nrz", "m", "sync_marker", "nrz=l"),
                ("rs_interleave", "5", "frame_length", "rs_interleave=4"),
                ("rs_basis", "conventional", "reed_solomon", "rs_basis=dual"),
                ("symbol_rate_hz", "91000", "code_phase", "symbol_rate_hz=...")):
            wrong = [*MISSION, "--set", f"{key}={value}"]
            carrier = replay(source, *wrong)["carriers"][0]
            self.assertEqual(stage, carrier["stage"], wrong)
            self.assertIn(trial, carrier["try"], wrong)
            text, _ = landfall("replay", source, *wrong)
            self.assertIn(f"--set {trial}", text)

    def test_files_of_an_earlier_run_do_not_stay(self):
        out = self.folder / "got"
        source = self.home / "signal.pcap"
        replay(source, *MISSION, "--frames", out, "--packets", out)
        wanted = sorted(path.name for path in out.iterdir())
        (out / "generic-ccsds.vc01.frames").rename(out / "generic-ccsds.vc17.frames")
        (out / "generic-ccsds.sc041.vc02.ip").write_bytes(b"old")
        (out / "other.vc01.frames").write_bytes(b"kept")
        _, told = landfall("replay", source, *MISSION, "--frames", out, "--packets", out)
        self.assertEqual(sorted([*wanted, "other.vc01.frames"]),
                         sorted(path.name for path in out.iterdir()))
        for name in ("generic-ccsds.vc17.frames", "generic-ccsds.sc041.vc02.ip"):
            self.assertIn(f"{out / name}: removed", told)
        (out / "other.vc01.frames").unlink()
        self.assert_same_frames(self.sent, out, "again")

    def test_report_has_the_keys_that_are_promised(self):
        report = replay(self.home / "signal.pcap", *MISSION)
        self.assertEqual({"schema", "carriers", "iq", "elapsed_seconds", "samples_per_second"},
                         set(report))
        self.assertEqual(1, report["schema"])
        self.assertIsInstance(report["elapsed_seconds"], float)
        self.assertIsInstance(report["samples_per_second"], float)
        carrier = report["carriers"][0]
        promised = {"name": str, "mission": str, "samples": int, "signal_seconds": float,
                    "locked_seconds": float, "corrected_symbols": int, "es_n0_db": float,
                    "frequency_offset_hz": float, "symbol_rate_error_ppm": float, "frames": dict,
                    "virtual_channels": list, "iq": dict, "stage": str, "try": list}
        for key, kind in promised.items():
            self.assertIsInstance(carrier[key], kind, key)
        for inner, keys in (("frames", ["good", "corrected", "bad", "fill", "missing",
                                        "missing_fill"]),
                            ("iq", ["packets", "lost_packets", "invalid_packets",
                                    "lost_samples"])):
            for key in keys:
                self.assertIsInstance(carrier[inner][key], int, key)
        for channel in carrier["virtual_channels"]:
            for key in ("spacecraft_id", "vcid", "frames", "missing", "missing_fill", "packets"):
                self.assertIsInstance(channel[key], int, key)
        self.assertEqual(carrier["frames"]["good"],
                         sum(c["frames"] for c in carrier["virtual_channels"]))
        self.assertAlmostEqual(1.2, carrier["signal_seconds"], delta=0.2)
        self.assertAlmostEqual(1.2, carrier["locked_seconds"], delta=0.25)
        self.assertAlmostEqual(3000, carrier["frequency_offset_hz"], delta=50)


if __name__ == "__main__":
    unittest.main()
