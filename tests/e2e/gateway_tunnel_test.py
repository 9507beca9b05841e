# SPDX-License-Identifier: MIT
"""The whole gateway against wireguard-go and the stock tools: DIFI in, frames at a plain UDP socket."""
import json
import os
import re
import struct
import subprocess
import time

import stations as lib
from stations import (CARRIER, DC_INNER, DC_INNER6, FRAME_PORT, GW_INNER, GW_INNER6, GW_IPV4,
                      GW_IPV6, GW_RF_IPV4, PATIENCE, ROUTE, GatewayCase, private_key, public_key,
                      run, sent_frames, wait_for)
from support import needs


class tunnel(GatewayCase):
    def pass_of(self, **how):
        stations, dc = self.tunnel(**how)
        collector = stations.collector()
        self.assert_pass_arrives(stations, collector, "a", seconds=1.5)
        self.assertEqual({GW_INNER}, {source[0] for source in collector.sources})
        outside = dc.show("endpoints")[stations.public]
        self.assertEqual(f"[{GW_IPV6}]:51820" if how["ipv6"] else f"{GW_IPV4}:51820", outside)
        self.assertEqual(0, stations.gateway.stop())
        stations.close()


def add_roles():
    for gateway_begins in (True, False):
        for psk in (False, True):
            for ipv6 in (False, True):
                name = "_".join(("test", "gateway" if gateway_begins else "wireguard_go", "begins",
                                 "with" if psk else "without", "psk", "ipv6" if ipv6 else "ipv4"))
                how = {"gateway_begins": gateway_begins, "psk": psk, "ipv6": ipv6}
                setattr(tunnel, name, lambda self, how=how: self.pass_of(**how))


add_roles()


class traffic(GatewayCase):
    def test_the_first_frame_begins_the_handshake_and_is_not_lost(self):
        stations, dc = self.tunnel(keepalive=None, wait=False)
        collector = stations.collector()
        time.sleep(2)
        self.assert_pass_arrives(stations, collector, "a", seconds=1.5)
        dc.wait_handshake(stations.public)

    def test_frames_larger_than_the_inner_mtu_arrive_whole(self):
        big = {**CARRIER, "rs_interleave": 8}  # frames of 1784 octets
        for inner, ipv6 in ((DC_INNER, False), (f"[{DC_INNER6}]", True)):
            with self.subTest(inner=inner):
                stations, _ = self.tunnel(
                    ipv6=ipv6, carriers=[big],
                    routes=[{**ROUTE, "udp": f'"{inner}:{FRAME_PORT}"'}])
                collector = stations.collector(inner.strip("[]"))
                process, folder = stations.simulate("a", "goes-hrit", "--set", "rs_interleave=8")
                self.assertEqual(0, process.wait(60 * PATIENCE))
                sent = sent_frames(folder, 1784)
                self.assert_arrived(sent, collector)
                self.assertEqual({GW_INNER6 if ipv6 else GW_INNER},
                                 {source[0] for source in collector.sources})
                fragments = stations.gateway.metric("landfall_route_fragments_total")
                self.assertEqual(2 * sum(map(len, sent.values())), fragments)
                self.assertEqual(1, len(re.findall(r"(?i)fragment", stations.gateway.log.read_text())))
                stations.close()

    def test_jumbo_frames_on_every_link_keep_them_whole(self):
        big = {**CARRIER, "rs_interleave": 8}
        stations, _ = self.tunnel(mtu=9000, carriers=[big])
        collector = stations.collector()
        self.assert_pass_arrives(stations, collector, "a", frame_octets=1784,
                                 options=["--set", "rs_interleave=8"])
        self.assertEqual(0, stations.gateway.metric("landfall_route_fragments_total"))

    def test_two_routes_with_header_and_fill_and_the_iq_itself(self):
        stations, _ = self.tunnel(
            mtu=9000,
            routes=[{**ROUTE, "header": '"landfall"', "fill": "true"},
                    {**ROUTE, "as": '"iq"', "udp": f'"{DC_INNER}:50012"'},
                    {**ROUTE, "vcid": "[2]", "udp": f'"{DC_INNER}:50013"'}])
        frames, iq, second = (stations.collector(port=port) for port in (FRAME_PORT, 50012, 50013))
        process, folder = stations.simulate("a", "goes-hrit")
        self.assertEqual(0, process.wait(60 * PATIENCE))
        sent = sent_frames(folder, 892, fill=True)
        got = frames.take(sum(map(len, sent.values())))
        self.assertEqual([], lib.differences(sent, [one[24:] for one in got]))
        for number, one in enumerate(got):
            mark, flags, carrier, _, vcid, _, seconds, nanoseconds, sequence = struct.unpack(
                ">BBHHBbqII", one[:24])
            self.assertEqual((0xD1, 0, number), (mark, carrier, sequence))
            self.assertEqual(lib.frame_channel(one[24:]), vcid)
            self.assertEqual(vcid == 63, bool(flags & 2))
            self.assertTrue(flags & 4 and seconds > 0 and nanoseconds < 10**9)
        self.assertEqual(sent[2], second.take(len(sent[2])))
        packets = iq.take(10**6, 1)
        numbers = [one[1] & 15 for one in packets if one[0] >> 4 == 1]
        self.assertGreater(len(numbers), 3000)
        # Not two long lists: of those that differ, unittest looks for the difference for minutes.
        wrong = [(place, number) for place, number in enumerate(numbers) if number != place % 16]
        self.assertEqual([], wrong[:20], f"{len(wrong)} of {len(numbers)}")

    def test_passes_through_two_receive_queues_arrive_whole(self):
        """One port without a tunnel, so that two CPUs will do."""
        needs(len(os.sched_getaffinity(0)) > 1, "two CPUs")
        stations = self.stations()
        carriers = [{"name": f'"c{n}"', "mission": '"gk2a-lrit"', "udp_port": 4991, "stream_id": 0x1001 + n}
                    for n in range(3)]
        text = stations.config(carriers, [])
        tables = [table for table in text.split("\n[") if not re.match(r"tunnel|\[peer|.*\n.*\"mdc\"", table)]
        text = "\n[".join(tables).replace("iface=rf0", "iface=rf0,qpairs=2") + "\n[lcores]\nio = [0, 1]\n"
        stations.gateway.start(text)
        passes = [stations.simulate(f"c{n}", "gk2a-lrit", stream=0x1001 + n, seconds=6) for n in range(3)]
        sent = []
        for process, folder in passes:
            self.assertEqual(0, process.wait(60 * PATIENCE), "landfall simulate")
            sent.append(sum(map(len, sent_frames(folder, 892).values())))
        self.assertGreater(min(sent), 10)

        def good():
            return [one["frames"]["good"] for one in stations.gateway.status()["carriers"]]
        wait_for(lambda: good() == sent, 20, f"{sent} frames, not {good()}")
        log = stations.gateway.log.read_text()
        self.assertIn("port rf: 2 of 2 receive queues that io lcores could read", log)
        self.assertIn("port rf: CPU 1 reads receive queue 1", log)
        self.assertEqual(2, sum(one["role"] == "io" for one in stations.gateway.status()["lcores"]))
        self.assertEqual(0, stations.gateway.stop())

    def test_the_kernel_pings_the_gateway_inside_and_outside(self):
        stations, _ = self.tunnel()
        stations.dc.run("ping", "-c", 3, "-i", 0.3, "-W", 2, GW_INNER)
        stations.dc.run("ping", "-c", 3, "-i", 0.3, "-W", 2, "-s", 1300, GW_INNER)
        stations.dc.run("ping", "-6", "-c", 3, "-i", 0.3, "-W", 2, GW_INNER6)
        stations.dc.run("ping", "-c", 3, "-i", 0.3, "-W", 2, GW_IPV4)
        stations.dc.run("ping", "-6", "-c", 3, "-i", 0.3, "-W", 2, GW_IPV6)
        stations.sat.run("ping", "-c", 3, "-i", 0.3, "-W", 2, GW_RF_IPV4)
        # Not a router: the other side's address is not to be had through it.
        stations.sat.ip("route", "add", "198.51.100.0/24", "via", GW_RF_IPV4)
        stations.sat.run("ping", "-c", 1, "-W", 1, lib.DC_IPV4, code=1)

    def test_a_route_to_two_peers_sends_each_a_copy(self):
        stations = self.stations()
        other = private_key()
        dc = stations.wireguard()
        more = lib.WireGuard(stations.dc, stations.unique("v"), stations.folder)
        stations.cleanups.callback(more.stop)
        more.configure(other, [{"PublicKey": stations.public, "AllowedIPs": f"{GW_INNER}/32"}],
                       ["10.77.0.8/32"], port=51821)
        # The first peer owns the destination; the second gets it because the route says so.
        stations.gateway.start(stations.config(
            [CARRIER], [{**ROUTE, "to": '["mdc-a", "mdc-b"]'}], extra=f"""
[[peer]]
name = "mdc-b"
public_key = "{public_key(other)}"
endpoint = "{lib.DC_IPV4}:51821"
allowed_ips = ["10.77.0.8/32"]
persistent_keepalive_s = 1
"""))
        collectors = []
        for end in (dc, more):
            end.wait_handshake(stations.public)
            collectors.append(stations.collector("0.0.0.0", device=end.name))
        process, folder = stations.simulate("a", "goes-hrit", seconds=1.5)
        self.assertEqual(0, process.wait(60 * PATIENCE))
        for collector in collectors:
            self.assert_arrived(sent_frames(folder, 892), collector)


class stock_tools(GatewayCase):
    def test_wg_shows_the_gateway(self):
        stations, _ = self.tunnel(psk=True)
        collector = stations.collector()
        self.assert_pass_arrives(stations, collector, "a", seconds=1.5)
        name = stations.gateway.interface

        def shown(what):
            return dict(line.split("\t", 1) for line in run("wg", "show", name, what).splitlines())

        peer = stations.dc_public
        self.assertEqual(stations.public, run("wg", "show", name, "public-key").strip())
        self.assertEqual("51820", run("wg", "show", name, "listen-port").strip())
        self.assertEqual({peer: f"{lib.DC_IPV4}:51820"}, shown("endpoints"))
        self.assertEqual({peer: stations.psk}, shown("preshared-keys"))
        self.assertEqual({f"{DC_INNER}/32", f"{DC_INNER6}/128"},
                         set(shown("allowed-ips")[peer].split()))
        self.assertLess(abs(time.time() - int(shown("latest-handshakes")[peer])), 60)
        received, sent = map(int, shown("transfer")[peer].split())
        self.assertGreater(sent, 30 * 892)
        self.assertGreater(received, 0)
        self.assertIn("transfer", run("wg", "show", name))
        self.assertEqual(0, stations.gateway.user_space_socket.stat().st_mode & 0o077)

    def test_wg_adds_a_peer_which_then_has_a_tunnel_and_removes_it(self):
        stations, _ = self.tunnel()
        other = private_key()
        name = stations.gateway.interface
        run("wg", "set", name, "peer", public_key(other), "allowed-ips", "10.77.0.9/32")
        self.assertEqual(2, len(run("wg", "show", name, "peers").split()))
        log = stations.gateway.log
        self.assertIn(f"wg: peer {public_key(other)[:8]}… added\n", log.read_text())
        other_port = subprocess.run(["wg", "set", name, "listen-port", "51999"], capture_output=True,
                                    text=True, timeout=20)
        self.assertEqual(1, other_port.returncode)
        self.assertIn("not supported", other_port.stderr)
        self.assertEqual("51820", run("wg", "show", name, "listen-port").strip())
        more = lib.WireGuard(stations.dc, stations.unique("v"), stations.folder)
        stations.cleanups.callback(more.stop)
        more.configure(other, [{"PublicKey": stations.public, "AllowedIPs": "10.77.0.1/32",
                                "Endpoint": f"{GW_IPV4}:51820", "PersistentKeepalive": 1}],
                       ["10.77.0.9/32"], port=51830)
        more.wait_handshake(stations.public)
        stations.dc.ip("route", "add", "10.77.0.1/32", "dev", more.name, "table", 9)
        stations.dc.ip("rule", "add", "from", "10.77.0.9", "lookup", 9)
        stations.dc.run("ping", "-c", 3, "-i", 0.3, "-W", 2, "-I", "10.77.0.9", GW_INNER)
        run("wg", "set", name, "peer", public_key(other), "remove")
        self.assertIn(f"wg: peer {public_key(other)[:8]}… removed\n", log.read_text())
        stations.dc.run("ping", "-c", 2, "-W", 1, "-I", "10.77.0.9", GW_INNER, code=1)
        collector = stations.collector()
        self.assert_pass_arrives(stations, collector, "a", seconds=1.5)

    def test_a_restart_with_the_clock_set_back_still_gets_a_handshake(self):
        """A peer takes no time stamp that is not later than all before. The clock was an hour ahead
        when the gateway ran last: so says its file."""
        stations = self.stations()
        gateway, text = stations.gateway, stations.config([CARRIER], [ROUTE])
        file = gateway.runtime / f"{gateway.interface}-timestamp"
        ahead = struct.pack(">QI", 2**62 + 10 + int(time.time()) + 3600, 0)
        file.write_bytes(ahead)
        dc = stations.wireguard()
        gateway.start(text)
        first = dc.wait_handshake(stations.public)
        kept = file.read_bytes()
        self.assertGreater(kept, ahead)
        self.assertLess(kept[:8], struct.pack(">Q", struct.unpack(">Q", ahead[:8])[0] + 60))
        self.assertEqual(0, gateway.stop())
        time.sleep(1)  # handshakes are told in seconds
        gateway.start(text)
        second = dc.wait_handshake(stations.public, after=first)
        self.assertGreater(file.read_bytes(), kept)
        self.assertEqual(0, gateway.stop())
        file.unlink()
        gateway.start(text)  # from now on the clock's: refused, which shows that the file was needed
        wait_for(lambda: file.exists(), 15, "an initiation")
        time.sleep(3)
        self.assertEqual(second, dc.handshakes(stations.public))

    def test_setconf_and_syncconf_of_what_is_shown_cost_no_frame(self):
        stations, _ = self.tunnel(psk=True)
        name = stations.gateway.interface
        collector = stations.collector()
        process, folder = stations.simulate("a", "goes-hrit")
        wait_for(lambda: collector.datagrams, 20, "frames")
        for word in ("setconf", "syncconf"):
            run("wg", word, name, "/dev/stdin", stdin=run("wg", "showconf", name).encode())
            time.sleep(0.5)
        self.assertEqual(0, process.wait(60 * PATIENCE))
        self.assert_arrived(sent_frames(folder, 892), collector)
        # A file that says no port means any.
        conf = re.sub("ListenPort.*\n", "", run("wg", "showconf", name))
        run("wg", "syncconf", name, "/dev/stdin", stdin=conf.encode())
        self.assertEqual("51820", run("wg", "show", name, "listen-port").strip())
        self.assert_pass_arrives(stations, collector, "b", seconds=1.5)

    def test_a_route_is_its_peers_whoever_is_removed_and_added(self):
        stations, _ = self.tunnel()
        name, peer = stations.gateway.interface, stations.dc_public
        collector = stations.collector()
        self.assert_pass_arrives(stations, collector, "a", seconds=1.5)
        counted = ("landfall_tunnel_rejected_packets_total", "landfall_tunnel_dropped_packets_total")
        before = [stations.gateway.metric(one) for one in counted]
        run("wg", "set", name, "peer", peer, "remove")
        other = private_key()
        run("wg", "set", name, "peer", public_key(other), "allowed-ips", f"{DC_INNER}/32",
            "endpoint", f"{lib.DC_IPV4}:51830")
        more = lib.WireGuard(stations.dc, stations.unique("v"), stations.folder)
        stations.cleanups.callback(more.stop)
        more.configure(other, [{"PublicKey": stations.public, "AllowedIPs": f"{GW_INNER}/32",
                                "Endpoint": f"{GW_IPV4}:51820", "PersistentKeepalive": 1}],
                       [], port=51830)
        more.wait_handshake(stations.public)
        received = more.show("transfer")[stations.public].split()[0]
        process, folder = stations.simulate("b", "goes-hrit", seconds=1.5)
        self.assertEqual(0, process.wait(60 * PATIENCE))
        dropped = sum(map(len, sent_frames(folder, 892).values()))
        wait_for(lambda: stations.gateway.metric(counted[1], 'reason="no_route"') == dropped, 10,
                 "all frames dropped")
        self.assertLess(int(more.show("transfer")[stations.public].split()[0]) - int(received), 892)
        for then, one in zip(before, counted):
            self.assertLessEqual(then, stations.gateway.metric(one))
        run("wg", "set", name, "peer", peer, "allowed-ips", f"{DC_INNER}/32", "endpoint",
            f"{lib.DC_IPV4}:51820")
        self.assert_pass_arrives(stations, collector, "c", seconds=1.5)

    def test_tshark_reads_the_wire_as_wireguard(self):
        stations = self.stations()
        capture = stations.folder / "wire.pcapng"
        tshark = stations.dc.start("tshark", "-q", "-i", "mdc0", "-w", capture,
                                   log=stations.folder / "tshark.log")
        stations.cleanups.callback(tshark.wait)
        stations.cleanups.callback(tshark.kill)
        wait_for(lambda: capture.exists() and capture.stat().st_size, 15, "tshark's capture")
        dc = stations.wireguard()
        stations.gateway.start(stations.config([CARRIER], [ROUTE]))
        dc.wait_handshake(stations.public)
        collector = stations.collector()
        self.assert_pass_arrives(stations, collector, "a", seconds=1.5)
        tshark.terminate()
        tshark.wait(20)

        def read(*options):
            return run("tshark", "-r", capture, "-d", "udp.port==51820,wg", "-o",
                       "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", *options)

        kinds = read("-Y", f"wg && ip.src == {GW_IPV4}", "-T", "fields", "-e", "wg.type").split()
        self.assertIn("1", kinds)
        self.assertGreater(kinds.count("4"), 80)
        self.assertIn("2", read("-Y", f"wg && ip.dst == {GW_IPV4}", "-T", "fields", "-e",
                                "wg.type").split())
        self.assertEqual("", read("-Y", f"_ws.malformed || (ip.src == {GW_IPV4} && "
                                  "(ip.checksum.status == 0 || udp.checksum.status == 0))"))
        counters = [int(one) for one in read("-Y", f"wg.type == 4 && ip.src == {GW_IPV4}", "-T",
                                             "fields", "-e", "wg.counter").split()]
        self.assertEqual(list(range(len(counters))), counters)

    def test_status_tells_of_the_pass(self):
        stations, _ = self.tunnel()
        collector = stations.collector()
        process, folder = stations.simulate("a", "goes-hrit")
        self.assertEqual(0, process.wait(60 * PATIENCE))
        sent = sent_frames(folder, 892)
        self.assert_arrived(sent, collector)
        status = stations.gateway.status()
        self.assertEqual(1, status["schema"])
        text = json.dumps(status)
        for part in ("goes", "mdc-a", "rf", "mdc"):
            self.assertIn(part, text)
        self.assertNotIn(stations.key, text)
        self.assertEqual(sum(map(len, sent.values())),
                         stations.gateway.metric("landfall_route_packets_total"))


if __name__ == "__main__":
    lib.main("tshark")
