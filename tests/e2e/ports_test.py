# SPDX-License-Identifier: MIT
"""A port on a kernel's interface, with the kernel's own IP at the other end of the cable: ping, neighbours, UDP,
jumbo frames, a VLAN, links that go and come back. Needs root: it makes network namespaces, and removes them."""
import os
import re
import select
import shutil
import subprocess
import sys
import time
import unittest

from support import needs, run_tests

ECHO = os.environ["PORT_ECHO"]
US4, US6 = "192.0.2.10", "2001:db8::10"


def run(*command, code=0):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if code is not None and done.returncode != code:
        raise AssertionError(f"{' '.join(command)}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def reason_to_skip():
    if os.geteuid() != 0:
        return "root is needed, for network namespaces"
    for tool in ("ip", "ping", "setpriv"):
        if shutil.which(tool) is None:
            return f"there is no {tool}"
    name = f"lf-try-{os.getpid()}"
    done = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True)
    if done.returncode != 0:
        return f"no network namespaces: {done.stderr.strip()}"
    made = subprocess.run(["ip", "-n", name, "link", "add", "name", "lf0", "type", "veth", "peer", "name",
                           "lf1"],
                          capture_output=True, text=True)
    run("ip", "netns", "del", name)
    return f"no veth interfaces: {made.stderr.strip()}" if made.returncode != 0 else None


class Ports(unittest.TestCase):
    def setUp(self):
        self.station, self.peer = (f"lf-{end}-{os.getpid()}" for end in ("station", "peer"))
        for name in (self.station, self.peer):
            run("ip", "netns", "add", name)
            self.addCleanup(subprocess.run, ["ip", "netns", "del", name])
        self.program = None
        self.addCleanup(self.finish)

    def cable(self, mtu=1500, vlan=0):
        run("ip", "link", "add", "rf0", "netns", self.station, "type", "veth", "peer", "name", "sat0", "netns",
            self.peer)
        run("ip", "-n", self.peer, "link", "set", "sat0", "mtu", str(mtu), "up")
        run("ip", "-n", self.station, "link", "set", "rf0", "addrgenmode", "none")
        run("ip", "-n", self.station, "link", "set", "rf0", "up")
        self.interface = "sat0"
        if vlan:
            run("ip", "-n", self.peer, "link", "add", "link", "sat0", "name", "tagged", "type", "vlan", "id",
                str(vlan))
            run("ip", "-n", self.peer, "link", "set", "tagged", "up")
            self.interface = "tagged"
        run("ip", "-n", self.peer, "addr", "add", "192.0.2.1/24", "dev", self.interface)
        run("ip", "-n", self.peer, "addr", "add", "2001:db8::1/64", "dev", self.interface, "nodad")

    def start(self, device, mtu=1500, vlan=0, *queues):
        self.program = subprocess.Popen(
            ["ip", "netns", "exec", self.station, ECHO, device, str(mtu), str(vlan), *queues], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        return self.line() if self.program.poll() is None else None

    def line(self, seconds=20):
        ready, _, _ = select.select([self.program.stdout], [], [], seconds)
        if not ready:
            raise AssertionError("the program says nothing")
        line = self.program.stdout.readline().strip()
        return line or self.program.stderr.read()

    def finish(self):
        """The program's last words: {name: count}."""
        if self.program is None:
            return {}
        out, err = self.program.communicate(timeout=20)
        self.assertEqual(self.program.returncode, 0, out + err)
        self.program = None
        return {key: int(count) for key, count in re.findall(r"([a-z_0-9]+) (\d+)", out)}

    def at_peer(self, *command, code=0):
        return run("ip", "netns", "exec", self.peer, *command, code=code)

    def ping(self, address=US4, *options):
        self.at_peer("ping", "-c", "3", "-i", "0.2", "-W", "5", *options, address)

    def reach(self, address):
        """Until a kernel has seen its link's carrier, and knows a link address, it keeps little."""
        self.at_peer("ping", "-c", "1", "-w", "10", address)

    def udp(self, address, octets, count=20):
        """Datagrams there and back, from the peer's kernel."""
        script = (
            "import socket, sys\n"
            "address, octets, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])\n"
            "s = socket.socket(socket.AF_INET6 if ':' in address else socket.AF_INET, socket.SOCK_DGRAM)\n"
            "s.settimeout(10)\n"
            "for n in range(count):\n"
            "    sent = bytes([n]) * octets\n"
            "    s.sendto(sent, (address, 4991))\n"
            "    got, source = s.recvfrom(65535)\n"
            "    assert got == sent and source[1] == 4991 and source[0] == address, (n, source, len(got))\n")
        self.reach(address)
        self.at_peer(sys.executable, "-c", script, address, str(octets), str(count))

    def streams(self, address, streams=24, each=200):
        """Datagrams of many pairs of endpoints at once: every one comes back, each stream's in order."""
        script = (
            "import socket, sys\n"
            "address, streams, each = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])\n"
            "family = socket.AF_INET6 if ':' in address else socket.AF_INET\n"
            "ends = [socket.socket(family, socket.SOCK_DGRAM) for _ in range(streams)]\n"
            "for first in range(0, each, 10):\n"
            "    for n in range(first, first + 10):\n"
            "        for s in ends:\n"
            "            s.sendto(n.to_bytes(4, 'big') * 64, (address, 4991))\n"
            "    for at, s in enumerate(ends):\n"
            "        s.settimeout(10)\n"
            "        for n in range(first, first + 10):\n"
            "            got = s.recv(65535)\n"
            "            assert got == n.to_bytes(4, 'big') * 64, (at, n, got[:4])\n")
        self.reach(address)
        self.at_peer(sys.executable, "-c", script, address, str(streams), str(each))

    def everything(self, device, mtu=1500, vlan=0):
        self.cable(mtu, vlan)
        self.assertEqual(self.start(device, mtu, vlan), "link up")
        self.ping()
        self.ping(US6, "-6")
        self.ping(US4, "-s", str(mtu - 28), "-M", "do")
        self.ping(US6, "-6", "-s", str(mtu - 48), "-M", "do")
        for size in (0, 1, 999, mtu - 48):
            self.udp(US4, size)
            self.udp(US6, size)
        self.udp(US4, mtu - 28)

    def flap(self):
        for side, interface in ((self.peer, "sat0"), (self.station, "rf0")):
            run("ip", "-n", side, "link", "set", interface, "down")
            self.assertEqual(self.line(), "link down")
            run("ip", "-n", side, "link", "set", interface, "up")
            self.assertEqual(self.line(), "link up")
            if side == self.peer:
                run("ip", "-n", self.peer, "addr", "replace", "2001:db8::1/64", "dev", self.interface, "nodad")
            self.ping()
            self.udp(US4, 1000)
            self.udp(US6, 1000)

    def test_af_packet(self):
        self.everything("net_af_packet,iface=rf0")
        # The kernel has learned our addresses by asking, and by being told.
        neighbours = self.at_peer("ip", "neigh", "show", "dev", "sat0")
        for address in (US4, US6):
            self.assertRegex(neighbours, rf"{address} lladdr [0-9a-f:]+ .*(REACHABLE|STALE|DELAY)")
        # Asked by unicast, as a kernel does that refreshes an entry.
        self.at_peer("ip", "neigh", "change", US4, "dev", "sat0", "nud", "probe")
        deadline = time.monotonic() + 10
        while "PROBE" in self.at_peer("ip", "neigh", "show", US4, "dev", "sat0") and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertIn("REACHABLE", self.at_peer("ip", "neigh", "show", US4, "dev", "sat0"))
        self.flap()
        counts = self.finish()
        self.assertEqual(counts.get("no_neighbour", 0), 0, counts)
        self.assertGreaterEqual(counts["echoes"], 18)
        self.assertEqual(counts.get("udp_unknown_port", 0), 0, counts)

    def two_queues(self, address4=US4, address6=US6):
        self.ping(address4)
        self.ping(address6, "-6")
        for address in (address4, address6):
            self.udp(address, 100, 1) # so that the next hop is known
            self.streams(address)
        counts = self.finish()
        self.assertEqual(counts["queue_0"] + counts["queue_1"], 2 * (24 * 200 + 1), counts)
        return counts

    def spread(self):
        """Both queues' lcores have their part of that."""
        counts = self.two_queues()
        self.assertGreater(counts["queue_0"], 500, counts)
        self.assertGreater(counts["queue_1"], 500, counts)

    def test_two_queues(self):
        needs(len(os.sched_getaffinity(0)) > 1, "two CPUs")
        self.cable()
        self.assertEqual(self.start("net_af_packet,iface=rf0,qpairs=2", 1500, 0, "2"), "link up")
        self.spread()

    def test_two_queues_made_anew(self):
        needs(len(os.sched_getaffinity(0)) > 1, "two CPUs")
        self.cable()
        self.assertEqual(self.start("net_af_packet,iface=rf0,qpairs=2", 1500, 0, "2"), "link up")
        self.ping()
        run("ip", "-n", self.station, "link", "del", "rf0")
        self.assertEqual(self.line(), "link gone")
        time.sleep(1)
        self.cable()
        while (line := self.line()) != "link up":
            self.assertEqual(line, "link down")
        self.spread()

    def test_a_queue_that_nobody_would_read(self):
        self.cable()
        self.assertIn("2 queues (qpairs) need an io lcore each", self.start("net_af_packet,iface=rf0,qpairs=2"))
        self.program.communicate(timeout=20)
        self.assertEqual(self.program.returncode, 78)
        self.program = None

    def test_tap_with_two_queues(self):
        needs(os.path.exists("/dev/net/tun"), "/dev/net/tun")
        needs(len(os.sched_getaffinity(0)) > 1, "two CPUs")
        self.assertEqual(self.start("net_tap,iface=tap0", 1500, 0, "2"), "link up")
        self.peer = self.station
        run("ip", "-n", self.peer, "addr", "add", "192.0.2.1/24", "dev", "tap0")
        run("ip", "-n", self.peer, "addr", "add", "2001:db8::1/64", "dev", "tap0", "nodad")
        run("ip", "-n", self.peer, "link", "set", "tap0", "up")
        self.two_queues()

    def test_jumbo(self):
        self.everything("net_af_packet,iface=rf0", mtu=9000)

    def test_vlan(self):
        """With a packet socket at the peer: not every kernel has VLAN interfaces."""
        self.cable()
        self.assertEqual(self.start("net_af_packet,iface=rf0", vlan=100), "link up")
        script = (
            "import socket, struct, sys\n"
            "s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))\n"
            "s.setsockopt(263, 8, 1)\n" # PACKET_AUXDATA: the tag that the kernel has taken out
            "s.bind(('sat0', 0))\n"
            "s.settimeout(2)\n"
            "tag = bytes.fromhex(sys.argv[1])\n"
            "me = s.getsockname()[4]\n"
            "ask = me + bytes([192, 0, 2, 1]) + bytes(6) + bytes([192, 0, 2, 10])\n"
            "s.send(b'\\xff' * 6 + me + tag + bytes.fromhex('0806000108000604') + b'\\0\\1' + ask)\n"
            "try:\n"
            "    while True:\n"
            "        frame, aux, _, _ = s.recvmsg(2048, 256)\n"
            "        tci = struct.unpack_from('=IIIHHHH', aux[0][2])[5]\n"
            "        if frame[12:14] == b'\\x08\\x06' and frame[20:22] == b'\\0\\2' and frame[:6] == me:\n"
            "            print('answered', tci)\n"
            "            break\n"
            "except TimeoutError:\n"
            "    print('silence')\n")
        for tag, said in (("81000064", "answered 100"), ("", "silence"), ("81000065", "silence")):
            self.assertEqual(self.at_peer(sys.executable, "-c", script, tag).strip(), said, tag)
        self.assertGreaterEqual(self.finish()["other_vlan"], 2)

    def test_vlan_interface(self):
        try:
            self.everything("net_af_packet,iface=rf0", vlan=100)
        except AssertionError as error:
            if "Unknown device type" not in str(error):
                raise
            self.skipTest("this kernel has no VLAN interfaces: test_vlan does without")

    def start_needed(self, device):
        first = self.start(device)
        if first != "link up":
            self.program.communicate(timeout=20)
            self.program = None
        needs(first == "link up", f"{device}: {first}")

    def test_af_xdp(self):
        self.cable()
        self.start_needed("net_af_xdp,iface=rf0")
        self.finish()
        run("ip", "-n", self.station, "link", "del", "rf0")
        self.everything("net_af_xdp,iface=rf0", mtu=3000)
        self.flap()

    def test_tap(self):
        needs(os.path.exists("/dev/net/tun"), "/dev/net/tun")
        self.assertEqual(self.start("net_tap,iface=tap0"), "link up")
        self.peer = self.station # the kernel's end is where the program is
        run("ip", "-n", self.peer, "addr", "add", "192.0.2.1/24", "dev", "tap0")
        run("ip", "-n", self.peer, "addr", "add", "2001:db8::1/64", "dev", "tap0", "nodad")
        run("ip", "-n", self.peer, "link", "set", "tap0", "up")
        self.ping()
        self.ping(US6, "-6")
        self.udp(US4, 1472)
        self.udp(US6, 1452)

    def test_interface_made_anew(self):
        self.cable()
        self.assertEqual(self.start("net_af_packet,iface=rf0"), "link up")
        self.ping()
        run("ip", "-n", self.station, "link", "del", "rf0")
        self.assertEqual(self.line(), "link gone")
        time.sleep(1)
        self.cable()
        while (line := self.line()) != "link up":
            self.assertEqual(line, "link down")
        self.ping()
        self.udp(US6, 1000)

    def test_interface_gone_under_xdp(self):
        self.cable()
        self.start_needed("net_af_xdp,iface=rf0")
        run("ip", "-n", self.station, "link", "del", "rf0")
        self.assertEqual(self.line(), "link gone")
        self.cable()
        time.sleep(1)
        self.finish() # without another word, and without harm

    def test_link_down_at_the_start(self):
        self.cable()
        run("ip", "-n", self.peer, "link", "set", "sat0", "down")
        self.program = subprocess.Popen(
            ["ip", "netns", "exec", self.station, ECHO, "net_af_packet,iface=rf0", "1500", "0"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        time.sleep(2)
        self.assertIsNone(self.program.poll())
        run("ip", "-n", self.peer, "link", "set", "sat0", "up")
        self.assertEqual(self.line(), "link up")
        self.ping()

    def test_without_permission(self):
        self.cable()
        for without, named in (("-net_admin", "CAP_NET_ADMIN"), ("-net_raw", "CAP_NET_RAW")):
            done = subprocess.run(
                ["ip", "netns", "exec", self.station, "setpriv", "--bounding-set", without, "--inh-caps", without,
                 ECHO, "net_af_packet,iface=rf0", "1500", "0"], capture_output=True, text=True, timeout=60, input="")
            self.assertEqual(done.returncode, 77, done.stderr)
            self.assertIn(named, done.stderr)
            self.assertIn("port rf", done.stderr)


if __name__ == "__main__":
    run_tests(reason_to_skip())
