# SPDX-License-Identifier: MIT
"""What `simulate` sends, `replay` gives back: of every mission preset, octet for octet."""
import json
import pathlib
import shutil
import socket
import struct
import subprocess
import threading
import time
import unittest

from support import (Case, LANDFALL, MISSIONS, cut, difi_kind, frame_files, landfall, read_pcap,
                     read_pcapng, replay, udp_payload)

# E_s/N_0 at which the code's frames begin to be free of errors, dB, and two bits a symbol.
THRESHOLD_DB = {"1/2": 2.0, "2/3": 4.0, "3/4": 5.0, "5/6": 6.2, "7/8": 7.0, "none": 9.2}
MARGIN_DB = 2.5
PRESETS = sorted(path.stem for path in MISSIONS.glob("*.toml"))


def mission(name):
    return json.loads(landfall("missions", name, "--json")[0])


def seconds_for(keys, frames):
    code = {"none": 1.0}.get(keys["convolutional"]) or 1 / eval(keys["convolutional"])
    bits = (keys["frame_octets"] + 32 * keys["rs_interleave"] * (keys["rs"] != "none") + 4) * 8
    return frames * bits * code / bits_per_symbol(keys) / keys["symbol_rate_hz"]


def bits_per_symbol(keys):
    return 1 if keys["modulation"] in ("bpsk", "fsk", "gmsk") else 2


def times_by_frame(folder):
    path, = [p for p in pathlib.Path(folder).glob("*.pcapng") if ".packets." not in p.name]
    return {octets: at for _, at, octets in read_pcapng(path)}


class round_trip(Case):
    def of_preset(self, name, how, seed):
        info = mission(name)
        keys = info.get("parameters", info)
        es_n0 = THRESHOLD_DB[keys["convolutional"]] + MARGIN_DB - (keys["modulation"] == "bpsk") * 3
        rate = keys["symbol_rate_hz"]
        sent, got, signal = self.folder / "sent", self.folder / "got", self.folder / "signal"
        common = ["--mission", name, "--seconds", seconds_for(keys, 12), "--es-n0", es_n0,
                  "--frequency-offset", 0.05 * rate, "--clock-offset", -37, "--seed", seed,
                  "--frames", sent]
        if how == "sigmf":
            landfall("simulate", *common, "--sigmf", signal)
            source = f"{signal}.sigmf-meta"
        else:
            source = self.folder / "signal.pcap"
            landfall("simulate", *common, "--pcap", source, "--bits", 10)
        carrier = replay(source, "--mission", name, "--frames", got)["carriers"][0]
        self.assert_same_frames(sent, got, f"{name} by {how}")
        self.assertEqual(0, carrier["frames"]["missing"])
        self.assertAlmostEqual(es_n0, carrier["es_n0_db"], delta=0.7)
        self.assertAlmostEqual(0.05 * rate, carrier["frequency_offset_hz"], delta=0.002 * rate)
        one, other = times_by_frame(sent), times_by_frame(got)
        self.assertEqual(set(one), set(other))
        worst = max(abs(one[frame] - other[frame]) for frame in one)
        self.assertLess(worst * 1e-12 * rate, 0.1, f"{name} by {how}: time of a frame, symbols")
        shutil.rmtree(sent)
        shutil.rmtree(got)

    def test_there_are_presets(self):
        self.assertGreater(len(PRESETS), 12)


def add_presets():
    for number, name in enumerate(PRESETS):
        for how in ("sigmf", "pcap"):
            setattr(round_trip, f"test_{name.replace('-', '_')}_by_{how}",
                    lambda self, name=name, how=how, seed=number + 1:
                    self.of_preset(name, how, seed))


add_presets()


class simulator(Case):
    def simulated(self, *more, frames=8, name="gk2a-lrit"):
        keys = mission(name)
        keys = keys.get("parameters", keys)
        capture, sent = self.folder / "signal.pcap", self.folder / "sent"
        shutil.rmtree(sent, ignore_errors=True)
        landfall("simulate", "--mission", name, "--seconds", seconds_for(keys, frames), "--pcap",
                 capture, "--frames", sent, *more)
        return capture, sent

    def test_every_sample_depth(self):
        for bits in range(4, 17):
            with self.subTest(bits=bits):
                capture, sent = self.simulated("--bits", bits, frames=4)
                got = self.folder / f"got{bits}"
                replay(capture, "--mission", "gk2a-lrit", "--frames", got)
                self.assert_same_frames(sent, got, f"{bits} bits")

    def test_the_same_seed_makes_the_same_octets(self):
        one = self.simulated("--seed", 5)[0].read_bytes()
        self.assertEqual(one, self.simulated("--seed", 5)[0].read_bytes())
        self.assertNotEqual(one, self.simulated("--seed", 6)[0].read_bytes())

    def test_ip_payload_is_read_by_tshark(self):
        capture, _ = self.simulated("--payload", "ip", frames=20)
        out = self.folder / "packets"
        carrier = replay(capture, "--mission", "gk2a-lrit", "--packets", out)["carriers"][0]
        packets = sum(c["packets"] for c in carrier["virtual_channels"])
        self.assertGreater(packets, 10)
        found = 0
        for path in out.glob("*.ip"):
            data = path.read_bytes()
            while data:
                self.assertEqual(0x45, data[0])
                length = struct.unpack_from(">H", data, 2)[0]
                total = sum(struct.unpack_from(">10H", data))
                self.assertEqual(0, ((total & 0xFFFF) + (total >> 16)) ^ 0xFFFF)
                self.assertLessEqual(length, len(data))
                data = data[length:]
                found += 1
        self.assertEqual(packets, found)
        if shutil.which("tshark"):
            listing, = out.glob("*.packets.pcapng")
            done = subprocess.run(["tshark", "-r", listing, "-Y", "udp.dstport==50011 && "
                                   "ip.src==192.0.2.1", "-T", "fields", "-e", "ip.id"],
                                  capture_output=True, text=True)
            self.assertEqual(found, len(done.stdout.split()), done.stderr)

    def test_file_payload_arrives(self):
        text = bytes(range(256)) * 64
        payload = self.folder / "payload.bin"
        payload.write_bytes(text)
        capture, _ = self.simulated("--payload", payload, frames=12)
        out = self.folder / "packets"
        replay(capture, "--mission", "gk2a-lrit", "--packets", out)
        whole = b"".join(path.read_bytes() for path in out.glob("*.packets"))
        self.assertIn(text[:64], whole)

    def test_udp_arrives_in_real_time(self):
        listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(listener.close)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(3)
        port = listener.getsockname()[1]
        kinds, arrivals = [], []

        def listen():
            try:
                while True:
                    datagram = listener.recv(65536)
                    kinds.append(difi_kind(datagram))
                    arrivals.append(time.monotonic())
            except TimeoutError:
                pass

        thread = threading.Thread(target=listen)
        thread.start()
        out, _ = landfall("simulate", "--mission", "gk2a-lrit", "--seconds", 1, "--udp",
                          f"127.0.0.1:{port}", "--pace", "--json")
        thread.join()
        samples = json.loads(out)["samples"]
        self.assertEqual({"data", "context", "version"}, set(kinds))
        self.assertAlmostEqual(samples / 722, kinds.count("data"), delta=2)
        self.assertAlmostEqual(1.0, arrivals[-1] - arrivals[0], delta=0.35)
        middle = arrivals[len(arrivals) // 2] - arrivals[0]
        self.assertAlmostEqual(0.5, middle, delta=0.25)  # spread out, not at once


if __name__ == "__main__":
    unittest.main()
