# SPDX-License-Identifier: MIT
"""What goes wrong around a gateway costs nothing that is good: forged and repeated packets, floods,
links that come and go, an end in the middle of a pass, a wrong configuration."""
import contextlib
import random
import re
import signal
import socket
import struct
import sys
import threading
import time

import stations as lib
from stations import (CARRIER, GW_INNER, GW_RF_IPV4, PATIENCE, ROUTE, GatewayCase,
                      differences, sent_frames, wait_for)

FLOOD = """
import socket, struct, sys, time
to, stream, seconds, rate = sys.argv[1], int(sys.argv[2], 0), float(sys.argv[3]), float(sys.argv[4])
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
begin, sent = time.monotonic(), 0
while time.monotonic() < begin + seconds:
    if sent < (time.monotonic() - begin) * rate:
        head = 0x18600000 | (sent % 16) << 16 | 360
        out.sendto(struct.pack(">IIIIIQ", head, stream, 0x7C386C, 0, sent, 0) + bytes(1412), (to, 4991))
        sent += 1
    else:
        time.sleep(0.0002)
print(sent)
"""


def tunnel_packets(stations, count):
    """Ethernet frames of type 4 that dc sends to the gateway, made by echo requests through it."""
    with contextlib.closing(stations.dc.socket(socket.AF_PACKET, socket.SOCK_RAW,
                                               socket.htons(3))) as sniffer:
        sniffer.bind(("mdc0", 3))
        sniffer.settimeout(5)
        ping = stations.dc.start("ping", "-c", count, "-i", 0.05, "-s", 200, GW_INNER,
                                 log=stations.folder / "ping.log")
        frames = []
        while len(frames) < count:
            frame, where = sniffer.recvfrom(65536)
            if where[2] == socket.PACKET_OUTGOING and frame[12:14] == b"\x08\0" and \
                    frame[23] == 17 and frame[42] == 4 and len(frame) > 200:
                frames.append(frame)
        ping.wait()
    return frames


def without_checksum(frame):
    return frame[:40] + b"\0\0" + frame[42:]


def forgeries(frames, chance):
    """Packets like these that nobody should believe."""
    for frame in frames:
        for _ in range(20):
            at = chance.randrange(42, len(frame))
            yield frame[:at] + bytes([frame[at] ^ 1 << chance.randrange(8)]) + frame[at + 1:]
        yield frame[:-7]
    head = frames[0][:42]
    for kind, size in ((1, 148), (2, 92), (3, 64), (4, 32), (4, 1400), (9, 60)):
        for _ in range(50):
            body = bytes([kind, 0, 0, 0]) + chance.randbytes(size - 4)
            total = 28 + size
            ip = bytearray(head[14:34])
            ip[2:4] = struct.pack(">H", total)
            ip[10:12] = b"\0\0"
            words = sum(struct.unpack(">10H", ip))
            words = (words & 0xFFFF) + (words >> 16)
            ip[10:12] = struct.pack(">H", ~(words + (words >> 16)) & 0xFFFF)
            yield head[:14] + bytes(ip) + head[34:38] + struct.pack(">HH", 8 + size, 0) + body


class attacks(GatewayCase):
    def test_forged_repeated_and_reordered_tunnel_packets_during_a_pass(self):
        stations, _ = self.tunnel()
        gateway = stations.gateway
        chance = random.Random(1)
        real = [without_checksum(frame) for frame in tunnel_packets(stations, 40)]
        bad = [without_checksum(frame) for frame in forgeries(real, chance)]
        collector = stations.collector()
        stop = threading.Event()
        out = stations.dc.socket(socket.AF_PACKET, socket.SOCK_RAW)
        out.bind(("mdc0", 0))
        sent = [0]

        def attack():
            packets = bad + real * 10
            while not stop.is_set():
                chance.shuffle(packets)
                for packet in packets:
                    with contextlib.suppress(OSError):  # no buffer space: it goes as fast as it can
                        out.send(packet)
                        sent[0] += 1
                    if sent[0] % 50 == 0:
                        time.sleep(0.002)

        attacker = threading.Thread(target=attack, daemon=True)
        attacker.start()
        try:
            self.assert_pass_arrives(stations, collector, "a", seconds=4)
            stations.dc.run("ping", "-c", 3, "-i", 0.3, "-W", 2, GW_INNER)
        finally:
            stop.set()
            attacker.join()
            out.close()
        self.assertGreater(sent[0], 10_000)
        for reason in ("bad_tag", "replay", "bad_message", "unknown_index"):
            self.assertGreater(gateway.metric("landfall_tunnel_rejected_packets_total",
                                              f'reason="{reason}"'), 0, reason)

    def test_a_flood_for_an_unknown_stream_during_a_pass(self):
        stations, _ = self.tunnel()
        collector = stations.collector()
        before = stations.gateway.metric("landfall_port_drops_total", 'port="rf"',
                                         'reason="unknown_stream"')
        log = stations.folder / "flood.log"
        flood = stations.sat.start(sys.executable, "-c", FLOOD, GW_RF_IPV4, "0x9999", 6, 15_000,
                                   log=log)
        stations.cleanups.callback(flood.wait)
        stations.cleanups.callback(flood.kill)
        self.assert_pass_arrives(stations, collector, "a", seconds=4)
        self.assertEqual(0, flood.wait(30))
        count = int(log.read_text())
        self.assertGreater(count, 20_000)
        after = stations.gateway.metric("landfall_port_drops_total", 'port="rf"',
                                        'reason="unknown_stream"')
        self.assertGreater(after - before, 0.5 * count)
        self.assertLessEqual(after - before, count)
        told = "port rf: no carrier takes stream 0x9999, which comes to UDP port 4991"
        self.assertEqual(1, stations.gateway.log.read_text().count(told))

    def test_octets_that_are_no_difi_do_not_disturb_a_pass(self):
        stations, _ = self.tunnel()
        collector = stations.collector()
        chance = random.Random(2)
        out = stations.sat.socket(socket.AF_INET, socket.SOCK_DGRAM)
        process, folder = stations.simulate("a", "goes-hrit", seconds=4)
        while process.poll() is None:
            for _ in range(20):
                # Random; and of our own stream, with a random rest.
                out.sendto(chance.randbytes(chance.randrange(1400)), (GW_RF_IPV4, 4991))
                out.sendto(chance.randbytes(4) + struct.pack(">I", 0x1002) + chance.randbytes(100),
                           (GW_RF_IPV4, chance.choice([4991, 51820, 9])))
            time.sleep(0.005)
        out.close()
        self.assertEqual(0, process.returncode)
        self.assert_arrived(sent_frames(folder, 892), collector)


class silence(GatewayCase):
    def test_a_peer_that_does_not_answer_is_told_of_once_and_when_it_is_back(self):
        stations = self.stations()
        gateway = stations.gateway
        gateway.start(stations.config([CARRIER], [ROUTE]))  # nobody is at the peer's endpoint
        told = "peer mdc-a: no answer to handshakes for 1"
        silent = lambda: gateway.status()["tunnel"]["peers"][0]["silent_seconds"]
        self.assertEqual(0, silent())
        wait_for(lambda: told in gateway.log.read_text(), 40, "a warning")
        self.assertGreaterEqual(silent(), 15)
        stations.wireguard()
        wait_for(lambda: "peer mdc-a: handshake completed again after" in gateway.log.read_text(),
                 30, "a handshake")
        self.assertEqual(0, silent())
        self.assertEqual(1, gateway.log.read_text().count(told))


class links(GatewayCase):
    def flap(self, namespace, name, seconds=2):
        namespace.ip("link", "set", name, "down")
        time.sleep(seconds)
        namespace.ip("link", "set", name, "up")

    def test_every_link_may_go_and_return_between_passes(self):
        stations, dc = self.tunnel()
        collector = stations.collector()
        self.assert_pass_arrives(stations, collector, "before", seconds=1.5)
        for number, (namespace, name) in enumerate([(stations.sat, "rf0"), (stations.gw, "rf0"),
                                                    (stations.dc, "mdc0"), (stations.gw, "mdc0")]):
            with self.subTest(end=namespace.name, link=name):
                self.flap(namespace, name)
                stations.sat.run("ping", "-c", 1, "-w", 20, GW_RF_IPV4)
                stations.dc.run("ping", "-c", 1, "-w", 20, GW_INNER)
                self.assert_pass_arrives(stations, collector, f"after{number}", seconds=1.5)
        self.assertGreaterEqual(
            stations.gateway.metric("landfall_port_link_transitions_total", 'port="rf"'), 2)
        self.assertEqual(1, stations.gateway.metric("landfall_port_up", 'port="mdc"'))

    def test_the_datacenters_link_may_go_and_return_during_a_pass(self):
        stations, _ = self.tunnel()
        collector = stations.collector()
        process, folder = stations.simulate("a", "goes-hrit", seconds=12)
        wait_for(lambda: len(collector.datagrams) > 50, 20, "frames")
        self.flap(stations.dc, "mdc0")
        self.assertEqual(0, process.wait(60 * PATIENCE))
        sent = sent_frames(folder, 892)
        got = collector.take(sum(map(len, sent.values())), 3)
        wrong = differences(sent, got)
        self.assertFalse([one for one in wrong if "lost" not in one], wrong)
        for channel, frames in sent.items():
            ended = [one for one in got if lib.frame_channel(one) == channel][-20:]
            self.assertEqual(frames[-20:], ended, f"channel {channel}: the end of the pass")
        self.assert_pass_arrives(stations, collector, "b", seconds=1.5)


class ending(GatewayCase):
    def assert_nothing_left(self, stations):
        gateway = stations.gateway
        self.assertFalse(gateway.user_space_socket.exists(), "the user-space socket")
        self.assertEqual([], [path for path in gateway.runtime.rglob("*") if path.is_socket()])
        # Listening sockets of the namespace, in their state's code.
        self.assertEqual([], re.findall(r"^.* 0A .*$", stations.gw.run("cat", "/proc/net/tcp"),
                                        re.MULTILINE))


class the_end(ending):
    def test_a_gateway_without_traffic_ends_at_once(self):
        stations, _ = self.tunnel()
        self.assertEqual(0, stations.gateway.stop())
        self.assert_nothing_left(stations)

    def test_a_gateway_in_a_pass_drains_and_ends(self):
        stations, _ = self.tunnel()
        collector = stations.collector()
        process, folder = stations.simulate("a", "goes-hrit", seconds=8)
        wait_for(lambda: len(collector.datagrams) > 100, 20, "frames")
        gateway = stations.gateway.process
        gateway.send_signal(signal.SIGTERM)
        asked = 0
        while gateway.poll() is None:  # whoever asks meanwhile is answered, or told that it is gone
            said = lib.run("wg", "show", stations.gateway.interface, "listen-port", code=None, timeout=2)
            self.assertIn(said.strip(), ("51820", ""))
            asked += 1
        self.assertGreater(asked, 0)
        self.assertEqual(0, gateway.wait())
        self.assertRegex(stations.gateway.log.read_text(), r"info stopped\n\Z")
        self.assert_nothing_left(stations)
        process.wait(60 * PATIENCE)
        got = collector.take(0)
        sent = sent_frames(folder, 892)
        for channel, frames in sent.items():
            here = [one for one in got if lib.frame_channel(one) == channel]
            self.assertEqual(frames[:len(here)], here, f"channel {channel}: without a gap")

    def test_a_gateway_starts_again_where_one_was_killed(self):
        stations, dc = self.tunnel()
        stations.gateway.process.kill()
        stations.gateway.process.wait()
        time.sleep(1)
        first = dc.handshakes(stations.public)
        stations.gateway.start(stations.gateway.config.read_text())
        dc.wait_handshake(stations.public, after=first)
        collector = stations.collector()
        self.assert_pass_arrives(stations, collector, "a", seconds=1.5)
        self.assertEqual(0, stations.gateway.stop())


class wrong_configuration(ending):
    def refused(self, stations, text, message):
        gateway = stations.gateway
        gateway.config.write_text(text)
        gateway.log.unlink(missing_ok=True)
        process = stations.gw.start(lib.LANDFALL, "run", "-c", gateway.config, log=gateway.log,
                                    **gateway.environment)
        stations.cleanups.callback(process.kill)
        seen = set()
        end = time.monotonic() + 20 * PATIENCE
        while process.poll() is None and time.monotonic() < end:
            seen |= {path for path in [gateway.user_space_socket] if path.exists()}
            time.sleep(0.01)
        self.assertEqual(78, process.poll(), gateway.log.read_text())
        said = gateway.log.read_text()
        self.assertRegex(said, r"landfall\.toml:\d+:\d+: error: ")
        self.assertRegex(said, message)
        self.assertEqual(set(), seen, "a socket of a gateway that did not start")
        self.assert_nothing_left(stations)

    def test_a_mistake_never_starts_half_a_gateway(self):
        stations = self.stations()
        good = stations.config([CARRIER], [ROUTE])
        cases = {
            "unknown key": ("udp_port = 4991", "udp_prot = 4991", "udp_port"),
            "bad unit": ('name = "goes"', 'name = "goes"\nsymbol_rate = "927 kg"', "."),
            "no such mission": ('"goes-hrit"', '"goes-hirt"', "goes-hrit|goes-hirt"),
            "no such port": ('port = "rf"', 'port = "fr"', "fr"),
            "route to nobody": ('to = "mdc-a"', 'to = "mdc-b"', "mdc-b"),
            "no such key file": ('"tunnel.key"', '"tunnel.kex"', "tunnel.kex"),
            "a key that is none": (stations.dc_public, stations.dc_public[:-2] + "=", "key"),
            "no such lcore": ("[gateway]", "[lcores]\nio = [4095]\n\n[gateway]", "4095"),
        }
        for name, (old, new, message) in cases.items():
            with self.subTest(name):
                self.assertIn(old, good)
                self.refused(stations, good.replace(old, new, 1), message)
        # The good one does start: it was the mistakes.
        stations.gateway.start(good)
        self.assertEqual(0, stations.gateway.stop())

    def test_two_mistakes_are_both_told(self):
        stations = self.stations()
        text = stations.config([CARRIER], [ROUTE]).replace("udp_port", "udp_prot").replace(
            'to = "mdc-a"', 'to = "mdc-b"')
        self.refused(stations, text, r"(?s)udp_prot.*mdc-b|mdc-b.*udp_prot")


if __name__ == "__main__":
    lib.main()
