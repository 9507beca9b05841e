# SPDX-License-Identifier: MIT
"""The tunnel engine against wireguard-go, in network namespaces: handshakes as either side, with
and without a pre-shared key, over IPv4 and IPv6, data both ways, and stock `wg` on our socket."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import unittest

from support import run_tests

PEER = os.environ.get("WIREGUARD_PEER", "wireguard-peer")
SOCKETS = pathlib.Path("/var/run/wireguard")


def run(*command, check=True, text=None):
    done = subprocess.run([str(part) for part in command], capture_output=True, timeout=60,
                          input=text, text=True, check=False)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def cannot_run():
    for program in ("wireguard-go", "wg", "ip", "ping"):
        if shutil.which(program) is None:
            return f"{program} is missing"
    if os.geteuid() != 0:
        return "network namespaces and a tun device need root"
    if not os.path.exists("/dev/net/tun"):
        return "/dev/net/tun is missing"
    name = f"lf-try-{os.getpid()}"
    if subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False).returncode:
        return "network namespaces cannot be made here"
    subprocess.run(["ip", "netns", "del", name], check=False)
    return None


class against_wireguard_go(unittest.TestCase):
    count = 0

    def setUp(self):
        against_wireguard_go.count += 1
        tag = f"lf{os.getpid() % 100000}{'abcdefghij'[self.count]}"
        self.ours, self.theirs, self.device = f"{tag}o", f"{tag}t", f"{tag}w"
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="landfall-wg-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.keys = {}
        for who in ("ours", "theirs"):
            private = run("wg", "genkey")
            self.write(who, private)
            self.keys[who] = run("wg", "pubkey", text=private).strip()
        self.write("psk", run("wg", "genpsk"))
        for space in (self.ours, self.theirs):
            run("ip", "netns", "add", space)
            self.addCleanup(run, "ip", "netns", "del", space, check=False)
        run("ip", "link", "add", "v0", "netns", self.ours, "type", "veth", "peer", "name", "v0", "netns",
            self.theirs)
        for space, number in ((self.ours, 1), (self.theirs, 2)):
            self.inside(space, "ip", "address", "add", f"192.0.2.{number}/24", "dev", "v0")
            self.inside(space, "ip", "address", "add", f"2001:db8::{number}/64", "dev", "v0", "nodad")
            self.inside(space, "ip", "link", "set", "v0", "up")
        self.start_theirs()

    def write(self, name, text):
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_text(text)

    @staticmethod
    def inside(space, *command, **more):
        return run("ip", "netns", "exec", space, *command, **more)

    def start(self, space, *command, **more):
        process = subprocess.Popen(["ip", "netns", "exec", space, *map(str, command)], text=True, **more)
        self.addCleanup(process.stdout.close if process.stdout else lambda: None)
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate) # wireguard-go removes its device and socket
        return process

    def start_theirs(self):
        self.log = self.folder / "log"
        with open(self.log, "w", encoding="utf-8") as log:
            self.start(self.theirs, "wireguard-go", "-f", self.device, env={**os.environ, "LOG_LEVEL": "debug"},
                       stdout=log, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + 10
        while not (SOCKETS / f"{self.device}.sock").exists():
            self.assertLess(time.monotonic(), deadline, self.log.read_text())
            time.sleep(0.02)
        self.inside(self.theirs, "ip", "address", "add", "10.9.0.2/24", "dev", self.device)
        self.inside(self.theirs, "wg", "set", self.device, "listen-port", "51820", "private-key",
                    self.folder / "theirs")
        self.inside(self.theirs, "ip", "link", "set", self.device, "mtu", "1408", "up")

    def set_theirs(self, *more):
        self.inside(self.theirs, "wg", "set", self.device, "peer", self.keys["ours"], "allowed-ips",
                    "10.9.0.1/32", *more)

    def start_ours(self, *more):
        return self.start(self.ours, PEER, "listen=51821", f"key={self.folder / 'ours'}",
                          f"peer={self.keys['theirs']}", "allowed=10.9.0.2/32", *more, stdout=subprocess.PIPE)

    def result(self, process):
        out, _ = process.communicate(timeout=60)
        return json.loads(out)

    def initiate(self, endpoint, psk):
        self.set_theirs(*(("preshared-key", self.folder / "psk") if psk else ()))
        ours = self.start_ours(f"endpoint={endpoint}", "send=200", "seconds=4",
                               *([f"psk={self.folder / 'psk'}"] if psk else []))
        got = self.result(ours)
        self.assertEqual((200, 200), (got["sent"], got["replies"]), self.log.read_text())
        self.assertEqual((1, 1, 0), (got["started"], got["completed"], got["bad"]))

    def respond(self, endpoint, psk):
        ours = self.start_ours("seconds=4", *([f"psk={self.folder / 'psk'}"] if psk else []))
        time.sleep(0.3)
        self.set_theirs("endpoint", endpoint, *(("preshared-key", self.folder / "psk") if psk else ()))
        out = self.inside(self.theirs, "ping", "-c", "100", "-i", "0.01", "-s", "1300", "-W", "3", "10.9.0.1")
        self.assertIn("100 received", out)
        got = self.result(ours)
        self.assertEqual(100, got["answered"])
        self.assertEqual((0, 1, 0), (got["started"], got["completed"], got["bad"]))

    def test_initiator(self):
        self.initiate("192.0.2.2:51820", psk=False)

    def test_initiator_with_preshared_key_over_ipv6(self):
        self.initiate("[2001:db8::2]:51820", psk=True)

    def test_responder(self):
        self.respond("192.0.2.1:51821", psk=False)

    def test_responder_with_preshared_key_over_ipv6(self):
        self.respond("[2001:db8::1]:51821", psk=True)

    def test_a_wrong_preshared_key_gives_no_session(self):
        self.set_theirs("preshared-key", self.folder / "psk")
        got = self.result(self.start_ours("endpoint=192.0.2.2:51820", "send=1", "seconds=2"))
        self.assertEqual((0, 0), (got["sent"], got["completed"]))

    def test_stock_wg_configures_and_shows_us(self):
        name = f"{self.device}o"
        socket = SOCKETS / f"{name}.sock"
        self.addCleanup(socket.unlink, missing_ok=True)
        ours = self.start(self.ours, PEER, "listen=51821", f"key={self.folder / 'ours'}",
                          f"socket={socket}", "send=50", "seconds=6", stdout=subprocess.PIPE)
        self.set_theirs("preshared-key", self.folder / "psk")
        deadline = time.monotonic() + 5
        while not socket.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        run("wg", "set", name, "peer", self.keys["theirs"], "preshared-key", self.folder / "psk", "endpoint",
            "192.0.2.2:51820", "persistent-keepalive", "25", "allowed-ips", "10.9.0.2/32,2001:db8:1::/64")
        time.sleep(2)
        peers = run("wg", "show", name, "dump").splitlines()
        private = (self.folder / "ours").read_text().strip()
        self.assertEqual([private, self.keys["ours"], "51821", "off"], peers[0].split("\t"))
        key, psk, endpoint, allowed, handshake, received, sent, keepalive = peers[1].split("\t")
        self.assertEqual(self.keys["theirs"], key)
        self.assertEqual((self.folder / "psk").read_text().strip(), psk)
        self.assertEqual(("192.0.2.2:51820", "25"), (endpoint, keepalive))
        self.assertEqual({"10.9.0.2/32", "2001:db8:1::/64"}, set(allowed.split(",")))
        self.assertLess(abs(int(handshake) - time.time()), 10)
        self.assertGreater(min(int(received), int(sent)), 1000)
        # What another peer's `wg show` says was sent is what ours says was received.
        listed = self.inside(self.theirs, "wg", "show", self.device, "dump").splitlines()[1].split("\t")
        self.assertEqual((received, sent), (listed[6], listed[5]))
        run("wg", "syncconf", name, "/dev/stdin", text=f"[Interface]\nPrivateKey = {private}\n"
            f"[Peer]\nPublicKey = {self.keys['theirs']}\nAllowedIPs = 10.9.0.0/24\n")
        self.assertEqual(f"{self.keys['theirs']}\t10.9.0.0/24", run("wg", "show", name, "allowed-ips").strip())
        run("wg", "set", name, "peer", self.keys["theirs"], "remove")
        self.assertEqual("", run("wg", "show", name, "peers"))
        self.assertEqual(50, self.result(ours)["replies"])


if __name__ == "__main__":
    run_tests(cannot_run())
