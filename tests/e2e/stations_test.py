# SPDX-License-Identifier: MIT
"""The stations themselves, with stand-ins for the gateway: kernel sockets and a second wireguard-go.
What the tests of the gateway rely on is known to hold, and to fail when it should."""
import os
import pathlib
import socket
import struct
import subprocess
import time
import unittest

import stations as lib
from stations import (DC_INNER, DC_IPV4, FRAME_PORT, GW_INNER, GW_IPV4, GW_IPV6, GW_RF_IPV4,
                      GatewayCase, differences, run, sent_frames, wait_for)
from support import landfall


def aos(channel, count):
    return bytes([0x40, channel]) + count.to_bytes(3, "big") + bytes(20)


class comparison(unittest.TestCase):
    sent = {1: [aos(1, n) for n in range(5)], 2: [aos(2, n) for n in range(3)]}

    def of(self, *frames):
        return differences(self.sent, frames)

    def test_frames_of_channels_may_mix_but_not_be_lost_doubled_swapped_or_changed(self):
        one, two = self.sent[1], self.sent[2]
        self.assertEqual([], self.of(two[0], *one, *two[1:]))
        self.assertIn("channel 1: 1 of 5 lost: [2]", self.of(*one[:2], *one[3:], *two))
        self.assertIn("channel 2: 1 doubled", self.of(*one, *two, two[2]))
        self.assertIn("channel 1: out of order", self.of(one[1], one[0], *one[2:], *two))
        self.assertIn("channel 1: 1 that were never sent", self.of(*one, one[4] + b"x", *two))
        self.assertIn("channel 2: 3 of 3 lost: [0, 1, 2]", self.of(*one))
        self.assertIn("channel 9: 1 that were never sent", self.of(*one, *two, aos(9, 0)))

    def test_channel_of_a_frame(self):
        self.assertEqual(5, lib.frame_channel(bytes([0x0A, 0x5A])))
        self.assertEqual(42, lib.frame_channel(bytes([0x58, 0xEA])))


class stations(GatewayCase):
    def kernel_gateway(self, stations):
        """Addresses of the gateway, given to the kernel."""
        stations.gw.sysctl(ipv6__conf__mdc0__disable_ipv6=0)
        stations.gw.ip("address", "add", f"{GW_RF_IPV4}/24", "dev", "rf0")
        stations.gw.ip("address", "add", f"{GW_IPV4}/24", "dev", "mdc0")
        stations.gw.ip("address", "add", f"{GW_IPV6}/64", "dev", "mdc0", "nodad")

    def gateway_wireguard(self, stations, psk, ipv6, initiator):
        made = lib.WireGuard(stations.gw, stations.gateway.interface, stations.folder)
        stations.cleanups.callback(made.stop)
        peer = {"PublicKey": stations.dc_public, "AllowedIPs": f"{DC_INNER}/32"}
        if psk:
            peer["PresharedKey"] = stations.psk
        if initiator:
            peer["Endpoint"] = f"[{lib.DC_IPV6}]:51820" if ipv6 else f"{DC_IPV4}:51820"
            peer["PersistentKeepalive"] = 1
        made.configure(stations.key, [peer], [f"{GW_INNER}/24"])
        return made

    def test_a_paced_pass_reaches_the_gateway_whole(self):
        stations = self.stations()
        self.kernel_gateway(stations)
        collector = stations.collector(GW_RF_IPV4, 4991, stations.gw)
        process, folder = stations.simulate("a", "goes-hrit", seconds=2)
        self.assertEqual(0, process.wait(60))
        data = [one for one in collector.take(10**6, 1) if one[0] >> 4 == 1]
        sequence = [one[1] & 15 for one in data]
        self.assertGreater(len(data), 3000)
        self.assertEqual([n % 16 for n in range(len(data))], sequence)
        self.assertEqual({0x1001}, {struct.unpack_from(">I", one, 4)[0] for one in data})
        self.assertGreater(collector.times[-1] - collector.times[0], 1.5)
        self.assertEqual([1, 2, 5], sorted(sent_frames(folder, 892)))
        self.assertIn(63, sent_frames(folder, 892, fill=True))

    def test_frames_through_wireguard_of_both_roles_and_families(self):
        for psk, ipv6, gateway_begins in ((False, False, True), (True, True, True),
                                          (True, False, False), (False, True, False)):
            with self.subTest(psk=psk, ipv6=ipv6, gateway_begins=gateway_begins):
                stations = self.stations()
                self.kernel_gateway(stations)
                ends = [lambda: stations.wireguard(psk, ipv6, not gateway_begins),
                        lambda: self.gateway_wireguard(stations, psk, ipv6, gateway_begins)]
                order = [0, 1] if gateway_begins else [1, 0]
                made = {at: ends[at]() for at in order}
                dc, gw = made[0], made[1]
                dc.wait_handshake(stations.public)
                gw.wait_handshake(stations.dc_public)
                self.assertIn("2001:db8" if ipv6 else "198.51.100",
                              dc.show("endpoints")[stations.public])
                collector = stations.collector()
                landfall("simulate", "--mission", "goes-hrit", "--seconds", 2, "--pcap",
                         self.folder / "x.pcap", "--frames", self.folder / "sent")
                sent = sent_frames(self.folder / "sent", 892)
                out = stations.gw.socket(socket.AF_INET, socket.SOCK_DGRAM)
                for channel in sent:
                    for frame in sent[channel]:
                        out.sendto(frame, (DC_INNER, FRAME_PORT))
                        time.sleep(0.001)  # UDP: buffers on the way are not ours
                out.close()
                self.assert_arrived(sent, collector)
                self.assertEqual({GW_INNER}, {source[0] for source in collector.sources})
                stations.dc.run("ping", "-c", 2, "-i", 0.2, GW_INNER)
                stations.close()

    def test_a_wrong_preshared_key_gives_no_handshake(self):
        stations = self.stations()
        self.kernel_gateway(stations)
        dc = stations.wireguard(psk=True, initiator=True)
        self.gateway_wireguard(stations, False, False, False)
        with self.assertRaises(AssertionError):
            wait_for(lambda: dc.handshakes(stations.public), 3, "a handshake")

    def test_the_kernel_of_gw_says_nothing_by_itself(self):
        stations = self.stations(mtu=9000)
        quiet = stations.gw.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        quiet.settimeout(1.5)
        quiet.bind(("mdc0", 3))
        stations.dc.run("ping", "-c", 1, "-W", 1, GW_IPV4, code=None)
        kinds = set()
        try:
            while True:
                octets, where = quiet.recvfrom(65536)
                kinds.add(where[2])
        except TimeoutError:
            pass
        quiet.close()
        self.assertNotIn(socket.PACKET_OUTGOING, kinds)
        self.assertIn(socket.PACKET_BROADCAST, kinds)  # the ARP request

    def test_nothing_is_left_behind(self):
        stations = self.stations()
        dc = stations.wireguard()
        names = [one.name for one in (stations.sat, stations.gw, stations.dc)]
        listed = run("ip", "netns", "list")
        self.assertTrue(all(name in listed for name in names))
        stations.close()
        listed = run("ip", "netns", "list")
        self.assertFalse(any(name in listed for name in names))
        self.assertFalse(pathlib.Path(f"/var/run/wireguard/{dc.name}.sock").exists())
        self.assertIsNotNone(dc.process.poll())

    def test_stale_namespaces_are_removed_and_those_of_the_living_are_not(self):
        gone = subprocess.Popen(["true"])
        gone.wait()
        stale, living = f"{lib.PREFIX}{gone.pid}s1", f"{lib.PREFIX}{os.getpid()}x9"
        for name in (stale, living):
            run("ip", "netns", "add", name)
            self.addCleanup(lib.delete_namespace, name)
        lib.remove_stale()
        listed = run("ip", "netns", "list")
        self.assertNotIn(stale, listed)
        self.assertIn(living, listed)


if __name__ == "__main__":
    lib.main()
