# SPDX-License-Identifier: MIT
"""The host's own connections through the tunnel, and the datacenter's to it, as far as they are let in."""
import contextlib
import hashlib
import os
import pwd
import random
import socket
import subprocess
import threading
import time

import stations as lib
from stations import (CARRIER, DC_INNER, DC_INNER6, GW_INNER, GW_INNER6, LANDFALL, PATIENCE, ROUTE, GatewayCase, run,
                      wait_for)
from support import needs_program, program_environment

HOST = "\n[host]\n"
MANY = 20_000_000


class Server:
    """Takes one connection, all of what comes by it, and sends as much back."""

    def __init__(self, namespace, address, port):
        self.socket = namespace.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
        self.socket.bind((address, port))
        self.socket.listen()
        self.socket.settimeout(60 * PATIENCE)
        self.peer = None
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):
            connection, self.peer = self.socket.accept()
            data = b"".join(iter(lambda: connection.recv(1 << 16), b""))
            connection.sendall(data[::-1])
            connection.close()
        self.socket.close()


def exchange(namespace, address, port, data):
    """What a server there sends back, by a connection from this namespace."""
    with namespace.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM) as connection:
        connection.settimeout(60 * PATIENCE)
        connection.connect((address, port))
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(1 << 16), b""))


class host(GatewayCase):
    def counts(self, stations):
        tunnel = stations.gateway.status()["tunnel"]
        return tunnel["rejects"], tunnel["drops"], tunnel["host"]

    def test_the_datacenter_reads_the_metrics_and_begins_nothing_else(self):
        needs_program("curl")
        stations, _ = self.tunnel(extra=HOST + f'[metrics]\nlisten = "{GW_INNER}:9464"\n')
        body = stations.dc.run("curl", "--silent", "--show-error", "--max-time", 10, f"http://{GW_INNER}:9464/metrics")
        self.assertIn("\nlandfall_host_packets_total{", body)
        self.assertIn('landfall_tunnel_rejected_packets_total{reason="host_filter"} 0\n', body)
        stations.dc.run("ping", "-c", 3, "-i", 0.3, "-W", 2, GW_INNER)
        # Nothing is said, neither by the kernel, which has no such server, nor for one that it has.
        other = Server(stations.gw, "0.0.0.0", 2222)
        before = self.counts(stations)[0]["host_filter"]
        for port in (2222, 2223):
            with stations.dc.socket(socket.AF_INET, socket.SOCK_STREAM) as connection:
                connection.settimeout(2)
                with self.assertRaises(TimeoutError):
                    connection.connect((GW_INNER, port))
        with stations.dc.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            datagrams.sendto(b"x", (GW_INNER, 9464))
        wait_for(lambda: self.counts(stations)[0]["host_filter"] >= before + 3, 5, "packets are counted")
        self.assertIsNone(other.peer)
        self.assertEqual(0, stations.gateway.stop())
        self.assertNotIn("landfall0", stations.gw.ip("link"))

    def test_a_pass_loses_no_frame_beside_the_hosts_own_connection(self):
        stations, dc = self.tunnel(extra=HOST)
        lib.give_room(dc.process)
        self.assertIn("mtu 1440", stations.gw.ip("link", "show", "landfall0"))
        self.assertIn(f"inet {GW_INNER}/24", stations.gw.ip("address", "show", "landfall0"))
        self.assertEqual(f"{DC_INNER} proto static scope link src {GW_INNER}",
                         stations.gw.ip("route", "show", "dev", "landfall0").strip())
        collector = stations.collector()
        process, folder = stations.simulate("a", "goes-hrit", seconds=10)
        time.sleep(1)
        data = random.Random(1).randbytes(MANY)
        server = Server(stations.dc, DC_INNER, 4222)
        begun = time.monotonic()
        got = exchange(stations.gw, DC_INNER, 4222, data)
        took = time.monotonic() - begun
        self.assertIsNone(process.poll(), f"the pass was over before the connection, after {took} s")
        self.assertEqual(hashlib.sha256(data[::-1]).digest(), hashlib.sha256(got).digest())
        self.assertEqual(GW_INNER, server.peer[0])
        print(f"host: 2 x {MANY / 1e6:.0f} MB in {took:.1f} s, {16e-6 * MANY / took:.0f} Mbit/s, beside a pass")
        self.assertEqual(0, process.wait(60 * PATIENCE))
        [carrier] = stations.gateway.status()["carriers"]
        print(f"host: the gateway lost {carrier['iq']['lost_packets']} IQ packets and refused {sum(carrier['iq']['invalid'].values())}, "
              f"and had {carrier['frames']['good']} frames, {carrier['frames']['missing']} missing")
        self.assert_arrived(lib.sent_frames(folder, 892), collector)
        rejects, drops, traffic = self.counts(stations)
        self.assertGreater(traffic["transmitted"]["bytes"], MANY)
        self.assertGreater(traffic["received"]["bytes"], MANY)
        lost = {name: count for sets in (rejects, drops) for name, count in sets.items()
                if name.startswith("host_") and count}
        print(f"host: dropped {lost}")
        self.assertLessEqual(set(lost), {"host_ring_full"})  # as TCP finds out how fast it may be

    def test_ipv6_pings_and_datagrams_of_the_host(self):
        stations = self.stations()
        stations.gw.sysctl(ipv6__conf__default__disable_ipv6=0)
        dc = stations.wireguard()
        stations.gateway.start(stations.config([CARRIER], [ROUTE], extra=HOST + 'allow = ["tcp/2222"]\n'))
        dc.wait_handshake(stations.public)
        Server(stations.gw, GW_INNER6, 2222)
        self.assertEqual(b"321", exchange(stations.dc, GW_INNER6, 2222, b"123"))
        Server(stations.dc, DC_INNER6, 4222)
        self.assertEqual(b"cba", exchange(stations.gw, DC_INNER6, 4222, b"abc"))
        for address in (DC_INNER, DC_INNER6):  # whose answers are let in though ICMP is not allowed
            stations.gw.run("ping", "-c", 3, "-i", 0.3, "-W", 2, address)
        stations.dc.run("ping", "-6", "-c", 3, "-i", 0.3, "-W", 2, GW_INNER6)  # the gateway's own answer
        with stations.gw.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            datagrams.settimeout(5)
            datagrams.connect((DC_INNER, 9))
            datagrams.send(b"x")
            with self.assertRaises(ConnectionRefusedError):  # an ICMP error that concerns it
                datagrams.recv(1)
        rejects, drops, _ = self.counts(stations)
        self.assertEqual({}, {name: count for sets in (rejects, drops) for name, count in sets.items() if count})

    def test_what_the_host_sends_waits_for_a_session_but_not_without_end(self):
        stations = self.stations()  # where nobody is yet
        stations.gateway.start(stations.config([CARRIER], [ROUTE], initiator=False, extra=HOST))
        with stations.gw.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            for _ in range(200):
                datagrams.sendto(b"x", (DC_INNER, 9))
        wait_for(lambda: self.counts(stations)[2]["transmitted"]["packets"] >= 200, 5, "packets are taken")
        # 64 wait; each of the others gave way at once.
        wait_for(lambda: self.counts(stations)[1]["no_session"] == 200 - 64, 5, "what does not wait is counted")

    def test_one_interface_has_one_gateway(self):
        stations, _ = self.tunnel(extra=HOST)
        done = subprocess.run(["ip", "netns", "exec", stations.gw.name, LANDFALL, "run", "-c", stations.gateway.config],
                              capture_output=True, timeout=60, env=program_environment(**stations.gateway.environment))
        self.assertEqual(1, done.returncode)
        self.assertIn(b"host interface landfall0: another process has it", done.stderr)


class unprivileged(GatewayCase):
    """By a user without any capability: ports that need none, and an interface made for that user."""

    def setUp(self):
        super().setUp()
        needs_program("setpriv")
        self.made = self.stations()
        self.folder.chmod(0o755)
        user = pwd.getpwnam("nobody")
        for path in (self.made.folder, self.made.folder / "tunnel.key", self.made.gateway.runtime):
            os.chown(path, user.pw_uid, user.pw_gid)
        text = self.made.config([CARRIER], [ROUTE], extra=HOST)
        text = text.replace("net_af_packet,iface=rf0", "net_null0").replace("net_af_packet,iface=mdc0", "net_null1")
        self.made.gateway.config.write_text(text)

    def start(self, word):
        return subprocess.Popen(
            ["ip", "netns", "exec", self.made.gw.name, "setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups",
             "--inh-caps=-all", LANDFALL, word, "-c", self.made.gateway.config], stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, env=program_environment(**self.made.gateway.environment))

    def refused(self, word, why, code=77):
        process = self.start(word)
        out, _ = process.communicate(timeout=60 * PATIENCE)
        self.assertEqual(code, process.returncode, out)
        self.assertRegex(out, why)

    def test_check_and_run_name_the_permission(self):
        for word in ("check", "run"):
            self.refused(word, "making landfall0 needs CAP_NET_ADMIN")

    def test_an_interface_of_another_kind_is_refused(self):
        self.made.gw.ip("link", "add", "landfall0", "type", "bridge")
        self.refused("check", "landfall0 is an interface of another kind", code=78)

    def test_an_interface_that_was_made_for_the_user_will_do(self):
        gw = self.made.gw
        gw.ip("tuntap", "add", "landfall0", "mode", "tun", "user", "nobody")
        gw.ip("link", "set", "landfall0", "mtu", 1440)
        self.refused("run", "its address 10.77.0.1/24: needs CAP_NET_ADMIN, or an interface that was made for this user")
        gw.ip("address", "add", f"{GW_INNER}/24", "dev", "landfall0", "noprefixroute")
        self.refused("run", "to be up: needs CAP_NET_ADMIN")
        gw.ip("link", "set", "landfall0", "up")
        process = self.start("run")
        self.addCleanup(lib.end, process)
        seen = ""
        while "is running" not in seen:
            line = process.stdout.readline()
            self.assertTrue(line, seen)
            seen += line
        self.assertRegex(seen, "host interface landfall0: no route to 10.77.0.7/32 by it")
        self.assertEqual("landfall0", self.made.gateway.status()["tunnel"]["host"]["interface"])
        process.terminate()
        out, _ = process.communicate(timeout=10 * PATIENCE)
        self.assertEqual(0, process.returncode, seen + out)
        self.assertIn(f"inet {GW_INNER}/24", gw.ip("address", "show", "landfall0"))


if __name__ == "__main__":
    lib.main()
