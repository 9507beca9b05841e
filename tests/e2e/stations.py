# SPDX-License-Identifier: MIT
"""Three stations in network namespaces of their own, for tests of the whole gateway:

    sat  --- rf0 ---  gw  --- mdc0 ---  dc
    a digitiser       landfall run      wireguard-go, a UDP socket

The kernel has no addresses in gw: landfall's DPDK ports stand on the interfaces. Everything that was
made is removed at the end, also when a test fails or is interrupted.
"""
import atexit
import collections
import contextlib
import ctypes
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

from support import Case, LANDFALL, cut, program_environment, run_tests

PREFIX = "lf"
SAT_IPV4, GW_RF_IPV4 = "192.0.2.1", "192.0.2.10"
GW_IPV4, DC_IPV4 = "198.51.100.10", "198.51.100.7"
GW_IPV6, DC_IPV6 = "2001:db8::10", "2001:db8::7"
GW_INNER, DC_INNER = "10.77.0.1", "10.77.0.7"
GW_INNER6, DC_INNER6 = "fd77::1", "fd77::7"
FRAME_PORT = 50011
PATIENCE = float(os.environ.get("LANDFALL_PATIENCE", "1"))  # of every wait, for slow machines

libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1


# ---------------------------------------------------------------- what has to be there

def missing(*tools):
    """What keeps these tests from running here, or None."""
    if os.geteuid() != 0:
        return "not root"
    if not os.path.exists("/dev/net/tun"):
        return "no /dev/net/tun"
    for tool in ("ip", "wg", "wireguard-go", "ping", *tools):
        if not shutil.which(tool):
            return f"{tool} is not installed"
    probe = f"{PREFIX}{os.getpid()}probe"
    made = subprocess.run(["ip", "netns", "add", probe], capture_output=True)
    if made.returncode != 0:
        return f"no network namespace can be made: {made.stderr.decode().strip()}"
    veth = subprocess.run(["ip", "link", "add", "rf0", "netns", probe, "type", "veth", "peer", "name",
                           "mdc0", "netns", probe], capture_output=True)
    subprocess.run(["ip", "netns", "del", probe], check=True)
    if veth.returncode != 0:
        return f"no veth can be made: {veth.stderr.decode().strip()}"
    return None


def main(*tools):
    """Runs the calling script's tests; 77, with the reason said, where they cannot run. Under CI
    that is a failure."""
    reason = missing(*tools)
    if not reason:
        # The test runner's way to end a test that takes too long: clean up all the same.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        remove_stale()
    run_tests(reason)


def remove_stale():
    """Namespaces whose test was killed before it could remove them, and what runs in them."""
    listed = subprocess.run(["ip", "netns", "list"], capture_output=True, check=True).stdout.decode()
    for name in re.findall(rf"^({PREFIX}(\d+)[a-z]\w*)", listed, re.MULTILINE):
        if not os.path.exists(f"/proc/{name[1]}"):
            delete_namespace(name[0])
    for path in pathlib.Path("/var/run/wireguard").glob(f"{PREFIX}*.sock"):
        pid = re.match(rf"{PREFIX}(\d+)[a-z]", path.name)
        if pid and not os.path.exists(f"/proc/{pid[1]}"):
            path.unlink(missing_ok=True)


def delete_namespace(name):
    pids = subprocess.run(["ip", "netns", "pids", name], capture_output=True).stdout.split()
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
    subprocess.run(["ip", "netns", "del", name], capture_output=True)


# ---------------------------------------------------------------- processes and waiting

def die_with_parent():
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def run(*command, code=0, stdin=None, timeout=60):
    done = subprocess.run(list(map(str, command)), capture_output=True, timeout=timeout * PATIENCE,
                          input=stdin, env=program_environment())
    text = done.stdout.decode(errors="replace")
    if code is not None and done.returncode != code:
        raise AssertionError(f"{' '.join(map(str, command))}: exit code {done.returncode}\n{text}"
                             f"{done.stderr.decode(errors='replace')}")
    return text


def wait_for(condition, seconds, what):
    """The first true value of `condition`, asked ten times a second."""
    end = time.monotonic() + seconds * PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds * PATIENCE:g} s: {what}")
        time.sleep(0.1)


class Namespace:
    def __init__(self, name):
        self.name = name
        run("ip", "netns", "add", name)
        self.ip("link", "set", "lo", "up")

    def ip(self, *words):
        return run("ip", "-n", self.name, *words)

    def run(self, *command, **more):
        return run("ip", "netns", "exec", self.name, *command, **more)

    def sysctl(self, **settings):
        for key, value in settings.items():
            self.run("sh", "-c", f"echo {value} > /proc/sys/net/{key.replace('__', '/')}")

    def start(self, *command, log, **environment):
        """A process in this namespace; what it says goes to the file `log`."""
        with open(log, "ab") as out:
            return subprocess.Popen(["ip", "netns", "exec", self.name, *map(str, command)],
                                    stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                    env=program_environment(**environment),
                                    preexec_fn=die_with_parent)

    @contextlib.contextmanager
    def inside(self):
        """Sockets made by this thread meanwhile are this namespace's."""
        with open("/proc/thread-self/ns/net") as home, open(f"/run/netns/{self.name}") as there:
            enter(there)
            try:
                yield
            finally:
                enter(home)

    def socket(self, *kind):
        with self.inside():
            return socket.socket(*kind)

    def get(self, port, path):
        """The body of an HTTP answer from this namespace's loopback."""
        with self.inside():
            made = socket.create_connection(("127.0.0.1", port), 5)
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.sock = made
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read().decode()
        finally:
            connection.close()
        if answer.status != 200:
            raise AssertionError(f"{path}: HTTP {answer.status}\n{body}")
        return body


def enter(namespace_file):
    if libc.setns(namespace_file.fileno(), CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


# ---------------------------------------------------------------- frames

def frame_channel(frame):
    """The virtual channel of a TM or AOS transfer frame (CCSDS 132.0-B, 732.0-B)."""
    return frame[1] >> 1 & 7 if frame[0] >> 6 == 0 else frame[1] & 63


def sent_frames(folder, frame_octets, fill=False):
    """{channel: [frame, ...]} of what `simulate --frames` wrote. AOS fill is channel 63."""
    channels = {}
    for path in pathlib.Path(folder).glob("*.frames"):
        channel = int(re.search(r"\.vc(\d+)\.frames$", path.name)[1])
        if fill or channel != 63:
            channels[channel] = cut(path.read_bytes(), frame_octets)
    return channels


def differences(sent, got):
    """What is wrong with the frames that came, in words: lost, doubled, out of order, unknown."""
    by_channel = collections.defaultdict(list)
    for frame in got:
        by_channel[frame_channel(frame)].append(frame)
    wrong = []
    for channel in sorted(set(sent) | set(by_channel)):
        there, here = sent.get(channel, []), by_channel.get(channel, [])
        if there == here:
            continue
        place = {frame: number for number, frame in enumerate(there)}
        numbers = [place[frame] for frame in here if frame in place]
        lost = sorted(set(range(len(there))) - set(numbers))
        if lost:
            wrong.append(f"channel {channel}: {len(lost)} of {len(there)} lost: {lost[:20]}")
        if len(set(numbers)) != len(numbers):
            wrong.append(f"channel {channel}: {len(numbers) - len(set(numbers))} doubled")
        if sorted(numbers) != numbers:
            wrong.append(f"channel {channel}: out of order")
        if len(numbers) != len(here):
            wrong.append(f"channel {channel}: {len(here) - len(numbers)} that were never sent")
    return wrong


class Collector:
    """A plain UDP socket that keeps every datagram."""

    def __init__(self, namespace, address, port=FRAME_PORT, device=None):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.socket = namespace.socket(family, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, 33, 32 << 20)  # SO_RCVBUFFORCE
        if device:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind((address, port))
        self.socket.settimeout(0.2)
        self.datagrams, self.times, self.sources = [], [], set()
        self.stopped = False
        self.thread = threading.Thread(target=self.receive, daemon=True)
        self.thread.start()

    def receive(self):
        while not self.stopped:
            try:
                octets, source = self.socket.recvfrom(65536)
            except TimeoutError:
                continue
            self.times.append(time.monotonic())
            self.sources.add(source[:2])
            self.datagrams.append(octets)

    def take(self, count, seconds=10):
        """What came since the last call, once there are `count` or none came for some seconds;
        then a moment more, for what must not come."""
        size = -1
        while len(self.datagrams) < count and size != len(self.datagrams):
            size = len(self.datagrams)
            end = time.monotonic() + seconds * PATIENCE
            while time.monotonic() < end and len(self.datagrams) == size:
                time.sleep(0.05)
        time.sleep(0.5)
        taken, self.datagrams = self.datagrams, []
        return taken

    def close(self):
        self.stopped = True
        self.thread.join()
        self.socket.close()


# ---------------------------------------------------------------- keys, wireguard-go

def private_key():
    return run("wg", "genkey").strip()


def public_key(private):
    return run("wg", "pubkey", stdin=private.encode()).strip()


def end(process):
    """By SIGTERM, or else SIGKILL."""
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def give_room(process):
    """To a process' UDP sockets, whose default holds 2 ms of a gigabit: while it sleeps, it loses none."""
    pidfd_getfd = 438
    handle = os.pidfd_open(process.pid)
    widened = 0
    for number in os.listdir(f"/proc/{process.pid}/fd"):
        copy = libc.syscall(pidfd_getfd, handle, int(number), 0)
        if copy < 0:
            continue
        if os.readlink(f"/proc/self/fd/{copy}").startswith("socket:"):
            with socket.socket(fileno=copy) as one:
                if one.type == socket.SOCK_DGRAM and one.family in (socket.AF_INET, socket.AF_INET6):
                    one.setsockopt(socket.SOL_SOCKET, 33, 16 << 20)  # SO_RCVBUFFORCE
                    widened += 1
        else:
            os.close(copy)
    os.close(handle)
    assert widened, "no UDP socket"


class WireGuard:
    """wireguard-go in a namespace. Its socket is global, so that its name is the test's own."""

    def __init__(self, namespace, name, folder):
        self.namespace, self.name = namespace, name
        self.log = folder / f"{name}.log"
        self.process = namespace.start("wireguard-go", "-f", name, log=self.log, LOG_LEVEL="verbose")
        wait_for(lambda: os.path.exists(f"/var/run/wireguard/{name}.sock"), 10,
                 f"wireguard-go's socket of {name}")

    def configure(self, private, peers, addresses, port=51820, mtu=1420):
        """`peers`: dictionaries of what `wg setconf` reads."""
        text = f"[Interface]\nPrivateKey = {private}\nListenPort = {port}\n"
        for peer in peers:
            text += "[Peer]\n" + "".join(f"{key} = {value}\n" for key, value in peer.items())
        self.namespace.run("wg", "setconf", self.name, "/dev/stdin", stdin=text.encode())
        for address in addresses:
            self.namespace.ip("address", "add", address, "dev", self.name,
                              *(["nodad"] if ":" in address else []))
        self.namespace.ip("link", "set", self.name, "mtu", mtu, "up")

    def stop(self):
        end(self.process)
        pathlib.Path(f"/var/run/wireguard/{self.name}.sock").unlink(missing_ok=True)

    def show(self, what):
        """{public key: value} of `wg show NAME WHAT`."""
        lines = self.namespace.run("wg", "show", self.name, what).splitlines()
        return {line.split("\t", 1)[0]: line.split("\t", 1)[1] for line in lines}

    def handshakes(self, peer):
        return int(self.show("latest-handshakes").get(peer, 0))

    def wait_handshake(self, peer, after=0):
        return wait_for(lambda: self.handshakes(peer) > after and self.handshakes(peer), 15,
                        f"a handshake of {self.name} with the gateway")


# ---------------------------------------------------------------- the gateway

class Gateway:
    """`landfall run`. It tells that it is ready as service managers are told."""

    def __init__(self, stations):
        self.stations, self.folder = stations, stations.folder
        self.config = self.folder / "landfall.toml"
        self.log = self.folder / "landfall.log"
        self.runtime = self.folder / "run"
        self.runtime.mkdir(exist_ok=True)
        self.interface = stations.unique("g")
        self.process = None

    @property
    def environment(self):
        return {"RUNTIME_DIRECTORY": str(self.runtime), "NO_COLOR": "1",
                "STATE_DIRECTORY": str(self.runtime),
                "NOTIFY_SOCKET": str(self.folder / "notify")}

    @property
    def user_space_socket(self):
        return pathlib.Path(f"/run/wireguard/{self.interface}.sock")

    def start(self, text, seconds=30):
        self.config.write_text(text)
        notify = self.folder / "notify"
        notify.unlink(missing_ok=True)
        with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as ready:
            ready.bind(str(notify))
            ready.settimeout(0.2)
            self.process = self.stations.gw.start(LANDFALL, "run", "-c", self.config, log=self.log,
                                                  **self.environment)
            end = time.monotonic() + seconds * PATIENCE
            while True:
                with contextlib.suppress(TimeoutError):
                    if b"READY=1" in ready.recv(4096):
                        return
                if self.process.poll() is not None:
                    raise AssertionError(f"landfall run ended with {self.process.returncode}")
                if time.monotonic() > end:
                    raise AssertionError(f"landfall run is not ready after {seconds} s")

    def stop(self, seconds=5):
        """SIGTERM; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds * PATIENCE)

    def close(self):
        if self.process:
            end(self.process)
        self.user_space_socket.unlink(missing_ok=True)

    def status(self):
        done = subprocess.run(["ip", "netns", "exec", self.stations.gw.name, LANDFALL, "status",
                               "--json"], capture_output=True, timeout=20,
                              env=program_environment(**self.environment))
        if done.returncode != 0:
            raise AssertionError(f"status: {done.returncode}\n{done.stderr.decode()}")
        return json.loads(done.stdout)

    def metrics(self):
        """{(name, labels as text): value}."""
        body = self.stations.gw.get(9464, "/metrics")
        found = re.findall(r"^([a-zA-Z_:][\w:]*)(\{.*\})? (\S+)", body, re.MULTILINE)
        return {(name, labels): float(value) for name, labels, value in found}

    def metric(self, name, *labels):
        """The sum of a name's series whose labels have all these parts: 'reason="replay"'."""
        found = [value for (one, text), value in self.metrics().items()
                 if one == name and all(part in text for part in labels)]
        if not found:
            raise AssertionError(f"no series {name} {labels}")
        return sum(found)


class Stations:
    """The namespaces and their links. `close` removes everything."""
    made = 0

    def __init__(self, folder, mtu=1500):
        Stations.made += 1
        self.folder = pathlib.Path(folder)
        self.number = Stations.made
        self.cleanups = contextlib.ExitStack()
        atexit.register(self.close)
        self.sat, self.gw, self.dc = (self.namespace(letter) for letter in ("s", "g", "d"))
        self.gw.sysctl(ipv6__conf__default__disable_ipv6=1)
        self.link(self.sat, "rf0", mtu)
        self.link(self.dc, "mdc0", mtu)
        self.sat.ip("address", "add", f"{SAT_IPV4}/24", "dev", "rf0")
        self.dc.ip("address", "add", f"{DC_IPV4}/24", "dev", "mdc0")
        self.dc.ip("address", "add", f"{DC_IPV6}/64", "dev", "mdc0", "nodad")
        self.mtu = mtu
        self.gateway = Gateway(self)
        self.cleanups.callback(self.gateway.close)
        self.key, self.dc_key, self.psk = private_key(), private_key(), run("wg", "genpsk").strip()
        self.public, self.dc_public = public_key(self.key), public_key(self.dc_key)
        self.write_secret("tunnel.key", self.key)
        self.write_secret("mdc-a.psk", self.psk)

    def unique(self, letter):
        """A name for a network interface, no other test's: at most 15 octets."""
        return f"{PREFIX}{os.getpid()}{letter}{self.number}"

    def namespace(self, letter):
        made = Namespace(self.unique(letter))
        self.cleanups.callback(delete_namespace, made.name)
        return made

    def link(self, namespace, name, mtu):
        run("ip", "link", "add", name, "mtu", mtu, "netns", namespace.name, "type", "veth", "peer",
            "name", name, "mtu", mtu, "netns", self.gw.name)
        for one in (namespace, self.gw):
            one.ip("link", "set", name, "up")

    def write_secret(self, name, text):
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_text(text + "\n")

    def close(self):
        atexit.unregister(self.close)
        self.cleanups.close()

    # -------- the datacenter's end

    def wireguard(self, psk=False, ipv6=False, initiator=False, mtu=1420):
        """wireguard-go in dc, with the gateway as its peer. The one that is to begin (and that is
        better started last) knows the other's endpoint, and keeps the tunnel alive."""
        made = WireGuard(self.dc, self.unique("w"), self.folder)
        self.cleanups.callback(made.stop)
        peer = {"PublicKey": self.public, "AllowedIPs": f"{GW_INNER}/32, {GW_INNER6}/128"}
        if psk:
            peer["PresharedKey"] = self.psk
        if initiator:
            peer["Endpoint"] = f"[{GW_IPV6}]:51820" if ipv6 else f"{GW_IPV4}:51820"
            peer["PersistentKeepalive"] = 1
        made.configure(self.dc_key, [peer], [f"{DC_INNER}/24", f"{DC_INNER6}/64"], mtu=mtu)
        return made

    def collector(self, address=DC_INNER, port=FRAME_PORT, namespace=None, device=None):
        made = Collector(namespace or self.dc, address, port, device)
        self.cleanups.callback(made.close)
        return made

    # -------- the gateway's configuration

    def config(self, carriers, routes, psk=False, ipv6=False, initiator=True, driver="net_af_packet",
               keepalive=1, extra=""):
        """`carriers`, `routes`: dictionaries of TOML values as text."""
        peer = {"name": '"mdc-a"', "public_key": f'"{self.dc_public}"',
                "allowed_ips": f'["{DC_INNER}/32", "{DC_INNER6}/128"]'}
        if psk:
            peer["preshared_key_file"] = '"mdc-a.psk"'
        if initiator:
            peer["endpoint"] = f'"[{DC_IPV6}]:51820"' if ipv6 else f'"{DC_IPV4}:51820"'
            if keepalive:
                peer["persistent_keepalive_s"] = keepalive
        tables = [
            ("[gateway]", {"name": '"e2e"'}),
            ("[[port]]", {"name": '"rf"', "device": f'"{driver},iface=rf0"',
                          "address": f'["{GW_RF_IPV4}/24"]', "mtu": self.mtu}),
            ("[[port]]", {"name": '"mdc"', "device": f'"{driver},iface=mdc0"',
                          "address": f'["{GW_IPV4}/24", "{GW_IPV6}/64"]', "mtu": self.mtu}),
            ("[tunnel]", {"port": '"mdc"', "private_key_file": '"tunnel.key"',
                          "address": f'["{GW_INNER}/24", "{GW_INNER6}/64"]',
                          "interface": f'"{self.gateway.interface}"'}),
            *(("[[carrier]]", {"port": '"rf"', **carrier}) for carrier in carriers),
            ("[[peer]]", peer),
            *(("[[route]]", {"to": '"mdc-a"', "as": '"frames"', "udp": f'"{DC_INNER}:{FRAME_PORT}"',
                             **route}) for route in routes)]
        text = "config_version = 1\n"
        for head, keys in tables:
            text += f"\n{head}\n" + "".join(f"{key} = {value}\n" for key, value in keys.items())
        return text + extra

    # -------- the satellite's side

    def simulate(self, name, mission, *options, seconds=3, es_n0=8, port=4991, stream=0x1001,
                 pace=True):
        """A pass towards the gateway; (process, folder of the frames that it writes)."""
        # Until a kernel has seen its link's carrier, in up to a second, it drops what it is given.
        wait_for(lambda: "state UP" in self.sat.ip("link", "show", "rf0"), 10, "rf0's carrier")
        # Nor does it keep many large packets while it asks for the gateway's link address.
        self.sat.run("ping", "-c", 1, "-w", 3, GW_RF_IPV4, code=None)
        folder = self.folder / f"sent-{name}"
        process = self.sat.start(
            LANDFALL, "simulate", "--mission", mission, "--seconds", seconds, "--es-n0", es_n0,
            "--stream-id", stream, "--udp", f"{GW_RF_IPV4}:{port}", "--frames", folder,
            *(["--pace"] if pace else []), *options, log=self.folder / f"simulate-{name}.log")
        self.cleanups.callback(process.wait)
        self.cleanups.callback(process.kill)
        return process, folder


class GatewayCase(Case):
    """A test with stations; when it fails, the ends of all logs are shown."""

    def stations(self, **more):
        folder = self.folder / f"stations{Stations.made}"
        folder.mkdir()
        made = Stations(folder, **more)
        self.addCleanup(made.close)
        self.addCleanup(self.show_logs, folder)
        return made

    def tunnel(self, psk=False, ipv6=False, gateway_begins=True, carriers=None, routes=None,
               mtu=1500, wait=True, **config):
        """Stations with a gateway that runs, a datacenter's end, and a handshake between them:
        (stations, wireguard-go). The one that does not begin is there first."""
        stations = self.stations(mtu=mtu)
        text = stations.config(carriers or [CARRIER], routes or [ROUTE], psk=psk, ipv6=ipv6,
                               initiator=gateway_begins, **config)
        if gateway_begins:
            dc = stations.wireguard(psk, ipv6, False)
            stations.gateway.start(text)
        else:
            stations.gateway.start(text)
            dc = stations.wireguard(psk, ipv6, True)
        if wait:
            dc.wait_handshake(stations.public)
            give_room(dc.process)
        return stations, dc

    def show_logs(self, folder):
        result = self._outcome.result
        if any(test is self for test, _ in [*result.failures, *result.errors]):
            for log in sorted(folder.glob("*.log")):
                lines = log.read_text(errors="replace").splitlines()[-40:]
                print(f"---- {log.name}", *lines, sep="\n")

    def assert_arrived(self, sent, collector, seconds=10):
        """All frames of {channel: frames}, once each, in order, octet for octet."""
        count = sum(map(len, sent.values()))
        self.assertGreater(count, 0, "nothing was sent")
        got = collector.take(count, seconds)
        self.assertEqual([], differences(sent, got), f"{len(got)} frames of {count}")

    def assert_pass_arrives(self, stations, collector, name, mission="goes-hrit", frame_octets=892,
                            options=(), **more):
        """A pass, and every frame of it at the collector."""
        process, folder = stations.simulate(name, mission, *options, **more)
        limit = more.get("seconds", 3) * 3 + 30
        self.assertEqual(0, process.wait(limit * PATIENCE), "landfall simulate")
        self.assert_arrived(sent_frames(folder, frame_octets), collector)


CARRIER = {"name": '"goes"', "mission": '"goes-hrit"', "udp_port": 4991, "stream_id": "0x1001"}
ROUTE = {"carrier": '"goes"'}
