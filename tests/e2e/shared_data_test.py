# SPDX-License-Identifier: MIT
"""Signals, recordings and captures that others made: every frame of them, and none that is false."""
import sys
import unittest

from support import Case, cut, frame_files, needs_shared, replay


class shared_signals(Case):
    def recovered(self, name, modulation, roll_off):
        source = needs_shared("iq", name + ".ci16")
        expected = cut(needs_shared("iq", name + ".frames").read_bytes(), 892)
        out = self.folder / name
        report = replay(source, "--format", "ci16", "--rate", "2.5e6", "--mission",
                        "generic-ccsds", "--set", f"modulation={modulation}", "--set",
                        f"roll_off={roll_off}", "--frames", out)
        channels = {}
        for frame in expected:
            channels.setdefault(f".vc{frame[1] >> 1 & 7:02}.frames", []).append(frame)
        got = frame_files(out)
        self.assertEqual(sorted(channels), sorted(got))
        for channel, frames in channels.items():
            self.assertEqual(frames, cut(got[channel], 892), f"{name}{channel}")
        counts = report["carriers"][0]["frames"]
        self.assertEqual(len(expected), counts["good"] + counts["fill"])
        self.assertEqual(0, counts["missing"])
        self.assertEqual(0, counts["bad"])

    def test_bpsk(self):
        self.recovered("bpsk_a050_es2", "bpsk", 0.5)

    def test_qpsk(self):
        self.recovered("qpsk_a050_es4", "qpsk", 0.5)

    def test_oqpsk(self):
        self.recovered("oqpsk_a035_es4", "oqpsk", 0.35)


def kiss_frames(name):
    frames = []
    for part in needs_shared("recordings", name).read_bytes().split(b"\xc0"):
        if part and part[0] == 0:
            frames.append(part[1:].replace(b"\xdb\xdc", b"\xc0").replace(b"\xdb\xdd", b"\xdb"))
    return frames


class shared_recording(Case):
    def test_ks_1q_gives_every_frame_that_another_decoder_finds(self):
        frames = kiss_frames("ks_1q.kiss")
        self.assertEqual(4, len(frames))
        out = self.folder / "out"
        report = replay(needs_shared("recordings", "ks_1q.wav"), "--mission", "ks-1q", "--frames",
                        out)
        self.assertEqual(frames, cut(frame_files(out)[".vc00.frames"], 223))
        carrier = report["carriers"][0]
        self.assertEqual(0, carrier["frames"]["bad"])
        self.assertLess(carrier["locked_seconds"], 2)  # what is between the frames is noise

    def test_by701_gives_every_frame_that_another_decoder_finds(self):
        frames = kiss_frames("by701.kiss")
        self.assertEqual(17, len(frames))
        out = self.folder / "out"
        report = replay(needs_shared("recordings", "by701.wav"), "--mission", "by701", "--frames",
                        out)
        got = cut(frame_files(out)[".vc00.frames"], 114)
        place = iter(got)
        for number, frame in enumerate(frames):
            self.assertTrue(any(frame == one for one in place), f"frame {number} is missing")
        for frame in got:
            self.assertEqual(frames[0][:2], frame[:2])
        self.assertGreaterEqual(len(got), 17)
        self.assertEqual(len(got), report["carriers"][0]["frames"]["good"])


class shared_frames(Case):
    def test_gk2a(self):
        source = needs_shared("frames", "gk2a_lrit_aos_892.frames")
        carrier = replay(source, "--input", "frames", "--mission", "gk2a-lrit", "--frames",
                         self.folder)["carriers"][0]
        self.assertEqual(4422, carrier["frames"]["good"])
        self.assertEqual(source.read_bytes(), frame_files(self.folder)[".vc00.frames"])
        self.assertEqual([(195, 0, 4422)], [(c["spacecraft_id"], c["vcid"], c["frames"])
                                            for c in carrier["virtual_channels"]])
        self.assertLess(carrier["frames"]["missing"], 4422)  # a jump back is a restart

    def test_dart(self):
        source = needs_shared("frames", "dart_tm_1113.frames")
        carrier = replay(source, "--input", "frames", "--mission", "generic-ccsds", "--set",
                         "rs=none", "--set", "frame_octets=1113", "--frames",
                         self.folder)["carriers"][0]
        self.assertEqual((141, 137), (carrier["frames"]["good"], carrier["frames"]["fill"]))
        self.assertEqual({318}, {c["spacecraft_id"] for c in carrier["virtual_channels"]})
        files = frame_files(self.folder)
        self.assertEqual(141 * 1113, len(files[".vc07.frames"]))
        self.assertEqual(137 * 1113, len(files[".vc00.frames"]))
        counts = [frame[3] for frame in cut(files[".vc00.frames"], 1113)]
        gaps = sum((b - a - 1) % 256 for a, b in zip(counts, counts[1:]))
        self.assertEqual(gaps, carrier["frames"]["missing_fill"])
        self.assertEqual(gaps, sum(c["missing_fill"] for c in carrier["virtual_channels"]))


class shared_capture(Case):
    def test_the_digitiser_loses_nothing(self):
        report = replay(needs_shared("difi", "hardware_1msps_8bit.pcap"), "--mission",
                        "generic-ccsds", "--set", "symbol_rate_hz=250000")
        carrier = report["carriers"][0]
        self.assertEqual(72000, carrier["samples"])
        self.assertEqual((0, 0, 0), (carrier["iq"]["lost_packets"], carrier["iq"]["lost_samples"],
                                     carrier["iq"]["invalid_packets"]))
        self.assertEqual(0, carrier["frames"]["good"])


if __name__ == "__main__":
    outcome = unittest.main(exit=False).result
    if outcome.wasSuccessful() and len(outcome.skipped) == outcome.testsRun:
        sys.exit(77)  # which tells that everything was skipped
    sys.exit(not outcome.wasSuccessful())
