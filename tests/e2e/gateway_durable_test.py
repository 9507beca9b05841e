# SPDX-License-Identifier: MIT
"""What durable routes select arrives in a stream of a real nats-server, once and readable by its tenant alone,
whatever is killed, full or silent meanwhile; and the ledger says what became of it.

usage: gateway_durable_test.py [KILLS]
"""
import collections
import contextlib
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

import stations as lib
from nats_support import client
from stations import CARRIER, LANDFALL, ROUTE, GatewayCase, run, sent_frames, wait_for
from support import landfall

KILLS = int(sys.argv.pop()) if len(sys.argv) > 1 and sys.argv[-1].isdigit() else 20
GW_BACKHAUL, DC_BACKHAUL = "10.88.0.1", "10.88.0.2"
FRAME_OCTETS = 892
STREAM = "landfall"


class NatsServer:
    """A stock nats-server in the datacenter's namespace."""

    def __init__(self, stations):
        self.stations = stations
        self.config = stations.folder / "nats.conf"
        self.config.write_text(f'host: "0.0.0.0"\nport: 4222\njetstream {{ store_dir: "{stations.folder}/jetstream" }}\n')
        self.process = None
        self.start()
        stations.cleanups.callback(self.kill)

    def start(self):
        self.process = self.stations.dc.start("nats-server", "-c", self.config, log=self.stations.folder / "nats.log")
        wait_for(self.listens, 10, "nats-server listens")

    def listens(self):
        try:
            with self.stations.dc.inside():
                socket.create_connection(("127.0.0.1", 4222), timeout=1).close()
            return True
        except OSError:
            return False

    def kill(self):
        self.process.kill()
        self.process.wait()
        # `ip netns exec` becomes the program: nothing of it is left.

    def stored(self):
        """[(subject, headers, data)] of all that the stream has."""
        with self.stations.dc.inside():
            one = client(4222)
        with contextlib.closing(one):
            return one.stored(STREAM)


class Relay:
    """Between gateway and server, in the datacenter's namespace; told so, it swallows all that the server says but pings."""

    def __init__(self, stations, port=4333):
        self.silent, self.sockets = False, []
        self.namespace = stations.dc
        self.listener = stations.dc.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("0.0.0.0", port))
        self.listener.listen()
        stations.cleanups.callback(self.close)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                one, _ = self.listener.accept()
                with self.namespace.inside():
                    other = socket.create_connection(("127.0.0.1", 4222))
            except OSError:
                return
            self.sockets += [one, other]
            threading.Thread(target=self.pump, args=(one, other, True), daemon=True).start()
            threading.Thread(target=self.pump, args=(other, one, False), daemon=True).start()

    def pump(self, source, sink, to_server):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                # An acknowledgement may stand behind a PONG in one read.
                if self.silent and not to_server:
                    data = b"".join(re.findall(rb"P[IO]NG\r\n", data))
                sink.sendall(data)
        for each in (source, sink):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self):
        for each in [self.listener, *self.sockets]:
            each.close()


def read_segments(segments, identity, folder):
    """[(frame, comment, seconds, interface)] of sealed segments, by the stock age and tshark."""
    plain = b""
    for sealed in segments:
        done = subprocess.run(["age", "-d", "-i", str(identity)], input=sealed, capture_output=True)
        if done.returncode != 0:
            raise AssertionError(f"age: {done.stderr.decode()}")
        plain += done.stdout
    if not plain:
        return []
    path = folder / "plain.pcapng"
    path.write_bytes(plain)
    out = run("tshark", "-r", path, "-T", "jsonraw", timeout=120)
    fields = run("tshark", "-r", path, "-T", "fields", "-E", "separator=/t", "-e", "frame.comment",
                 "-e", "frame.time_epoch", "-e", "frame.interface_name", timeout=120).splitlines()
    frames = [bytes.fromhex(packet["_source"]["layers"]["frame_raw"][0]) for packet in json.loads(out)]
    return [(frame, *line.split("\t")) for frame, line in zip(frames, fields, strict=True)]


def fill(path):
    """All that the file system has."""
    with open(path, "wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))


class durable(GatewayCase):
    def durable_stations(self, server=True):
        stations = self.stations()
        stations.link(stations.dc, "bh0", 1500)
        stations.dc.ip("address", "add", f"{DC_BACKHAUL}/24", "dev", "bh0")
        stations.gw.ip("address", "add", f"{GW_BACKHAUL}/24", "dev", "bh0")
        self.identity = stations.folder / "tenant.age"
        run("age-keygen", "-o", self.identity)
        self.recipient = run("age-keygen", "-y", self.identity).strip()
        stations.write_secret("ledger.key", lib.private_key())
        self.ledger_key = run(LANDFALL, "ledger", "public", "e2e", "--form", "minisign",
                              stdin=(stations.folder / "ledger.key").read_bytes())
        (stations.folder / "ledger.pub").write_text(self.ledger_key)
        if server:
            self.server = NatsServer(stations)
        return stations

    def config(self, stations, live=False, port=4222, age_s=1, tenant="", publish="", more=""):
        return stations.config([CARRIER], [ROUTE] if live else [], keepalive=1, extra=f"""
[[tenant]]
name = "weather"
recipients = "{self.recipient}"
peers = "mdc-a"
{tenant}
[[route]]
tenant = "weather"
durable = true
[spool]
segment_age_s = {age_s}
{more}
[publish]
urls = ["nats://{DC_BACKHAUL}:{port}"]
create_stream = true
{publish}
[ledger]
key_file = "ledger.key"
""")

    # -------- what is there

    def spool(self, stations, *words):
        """(report of `landfall spool list`, exit code)."""
        out, _, code = landfall("spool", *(words or ["list"]), stations.gateway.runtime / "spool", "--json", code=None)
        return json.loads(out), code

    def spooled(self, stations):
        """{digest: frames} of what is durable now."""
        report, _ = self.spool(stations)
        return {one["digest"]: one["frames"] for one in report["files"] if "digest" in one and "wrong" not in one}

    def segments(self):
        """{digest: data} of the stream; each digest is that of the data, and there once."""
        found = {}
        for subject, headers, data in self.server.stored():
            if not subject.startswith(f"{STREAM}.segments.e2e.weather."):
                continue
            digest = headers["Landfall-Digest"]
            self.assertEqual(digest, headers["Nats-Msg-Id"])
            self.assertNotIn(digest, found, "a segment is in the stream twice")
            self.assertTrue(subject.endswith(digest))
            found[digest] = data
        return found

    def verify_ledger(self, stations, *words):
        out, _ = landfall("ledger", "verify", "-k", stations.folder / "ledger.pub", *words,
                          stations.gateway.runtime / "ledger")
        return out

    def ledger(self, stations):
        """The entries."""
        out, _ = landfall("ledger", "show", "-k", stations.folder / "ledger.pub", stations.gateway.runtime / "ledger")
        return [json.loads(line.split(" ", 1)[1]) for line in out.splitlines()]

    def wait_empty(self, stations, seconds=60):
        """Until the datacenter has acknowledged all."""
        def empty():
            status = stations.gateway.status()
            tenant = status["tenants"][0]
            kept = sum(route["packets"] for route in status["routes"] if route["peer"].startswith("spool:"))
            never = sum(tenant["removed_frames"][why] for why in ("refused", "unwritten"))
            return tenant["durable_frames"] + never >= kept and tenant["segments"] + tenant["waiting"] == 0
        wait_for(empty, seconds, "the spool is empty")

    def arrived(self, stations, sent):
        """(frames by channel that are in the stream, their number); none doubled, none that was not sent."""
        read = read_segments(list(self.segments().values()), self.identity, stations.folder)
        by_channel = collections.defaultdict(list)
        for frame, *_ in read:
            by_channel[lib.frame_channel(frame)].append(frame)
        for channel, frames in by_channel.items():
            self.assertEqual(len(frames), len(set(frames)), f"channel {channel}: doubled")
            self.assertFalse(set(frames) - set(sent.get(channel, ())), f"channel {channel}: not sent")
        return by_channel, len(read)

    def assert_all_in_stream(self, stations, folder):
        sent = sent_frames(folder, FRAME_OCTETS)
        got, count = self.arrived(stations, sent)
        self.assertEqual({channel: len(frames) for channel, frames in sent.items()},
                         {channel: len(frames) for channel, frames in got.items()})
        return sent, count

    # -------- tests

    def test_a_pass_arrives_in_the_stream_sealed_and_every_frame_is_there_once(self):
        stations = self.durable_stations()
        stations.wireguard()
        stations.gateway.start(self.config(stations, live=True))
        collector = stations.collector()
        wait_for(lambda: stations.gateway.metric("landfall_tunnel_last_handshake_timestamp_seconds") > 0, 15, "tunnel")
        process, folder = stations.simulate("pass", "goes-hrit", seconds=6)
        self.assertEqual(0, process.wait(60))
        self.assert_arrived(sent_frames(folder, FRAME_OCTETS), collector)  # live, too
        self.wait_empty(stations)
        _, count = self.assert_all_in_stream(stations, folder)

        read = read_segments(list(self.segments().values()), self.identity, stations.folder)
        times = [float(when) for _, _, when, _ in read]
        self.assertEqual(sorted(times), times)
        self.assertEqual(list(range(count)), [int(comment.split()[0].removeprefix("sequence=")) for _, comment, _, _ in read])
        self.assertTrue(all("quality=" in comment and "es_n0_db=" in comment for _, comment, _, _ in read))
        self.assertTrue(all(name.startswith("goes.sc") for *_, name in read))
        stranger = stations.folder / "stranger.age"
        run("age-keygen", "-o", stranger)
        with self.assertRaises(AssertionError):
            read_segments(list(self.segments().values())[:1], stranger, stations.folder)

        self.check_recipe(stations, folder)
        status = stations.gateway.status()
        self.assertEqual(count, status["tenants"][0]["removed_frames"]["acknowledged"])
        self.assertTrue(status["publisher"]["ready"])
        self.assertEqual(count, stations.gateway.metric("landfall_spool_removed_frames_total", 'reason="acknowledged"'))
        text = run("ip", "netns", "exec", stations.gw.name, "env", f"RUNTIME_DIRECTORY={stations.gateway.runtime}",
                   LANDFALL, "status")
        self.assertIn("weather", text)
        self.assertEqual(0, stations.gateway.stop())
        self.check_ledger(stations, count)
        self.check_checkpoints(stations)

    def check_recipe(self, stations, folder):
        """The example of a datacenter turns the stream back into frames."""
        recipe = pathlib.Path(os.environ.get("LANDFALL_SOURCE", ".")) / "config" / "examples" / "datacenter"
        taken = stations.folder / "taken"
        take = (sys.executable, recipe / "take-frames", "127.0.0.1:4222", "landfall", self.identity, taken, "--once")
        stations.dc.run(*take)
        got = collections.defaultdict(bytes)
        for path in sorted(taken.glob("*.frames")):
            got[int(re.search(r"\.vc(\d+)\.frames$", path.name)[1])] += path.read_bytes()
        sent = {channel: b"".join(frames) for channel, frames in sent_frames(folder, FRAME_OCTETS).items()}
        self.assertEqual(sent, got)
        notes = list((taken / "checkpoints").glob("*.note"))
        self.assertGreater(len(notes), 0)
        for note in notes:
            run("minisign", "-Vm", note, "-x", note.with_suffix(".minisig"), "-p", stations.folder / "ledger.pub")

    def check_ledger(self, stations, count):
        """Every frame came, was kept, sent, acknowledged; once each."""
        self.verify_ledger(stations)
        sums = collections.Counter()
        for entry in self.ledger(stations):
            sums[entry["event"]] += entry.get("frames", 0)
        for event in ("received", "spooled", "delivered", "acknowledged"):
            self.assertEqual(count, sums[event], event)
        self.assertEqual(0, sums["dropped"])

    def check_checkpoints(self, stations):
        """They are in the stream, and minisign verifies them."""
        files = collections.defaultdict(dict)
        for subject, _, data in self.server.stored():
            words = subject.split(".")
            if words[1] == "checkpoints":
                files[int(words[3])][words[4]] = data
        self.assertTrue(files)
        for pair in files.values():
            (stations.folder / "note").write_bytes(pair["note"])
            (stations.folder / "note.minisig").write_bytes(pair["minisig"])
            run("minisign", "-Vm", stations.folder / "note", "-p", stations.folder / "ledger.pub")
            self.verify_ledger(stations, "--since", stations.folder / "note")

    def test_killed_at_any_moment_nothing_durable_is_lost_or_doubled(self):
        stations = self.durable_stations()
        text = self.config(stations)
        chance = random.Random(20261124)
        stations.gateway.start(text)
        seconds = 6 * KILLS
        process, folder = stations.simulate("pass", "goes-hrit", seconds=seconds)
        begun = time.time()
        announced, table = {}, []
        earlier = stations.folder / "earlier"
        for number in range(KILLS):
            if number % 4 == 1:  # half of the time there is nobody to publish to
                self.server.kill()
            elif number % 4 == 3:
                self.server.start()
            up = chance.uniform(0.2, 4)
            time.sleep(up)
            killed = time.time()
            stations.gateway.process.kill()
            stations.gateway.process.wait()
            durable_now = self.spooled(stations)
            announced.update(durable_now)
            torn = len(list((stations.gateway.runtime / "spool" / "weather").glob("*.part")))
            note = stations.gateway.runtime / "ledger" / "checkpoint"
            if note.exists():
                shutil.copy(note, earlier)
            stations.gateway.start(text)
            if earlier.exists():
                self.verify_ledger(stations, "--since", earlier)
            table.append([number + 1, up, len(durable_now), torn, killed - begun, time.time() - begun])
        if not self.server.listens():
            self.server.start()
        self.assertEqual(0, process.wait(2 * seconds + 60))
        time.sleep(1)
        self.wait_empty(stations, 90)
        self.assertEqual(0, stations.gateway.stop())
        segments = self.segments()
        self.assertGreater(len(announced), KILLS // 2)
        self.assertEqual(set(), set(announced) - set(segments), "durable segments are not in the stream")
        sent = sent_frames(folder, FRAME_OCTETS)
        self.arrived(stations, sent)
        lost = self.lost_frames(stations, sent, segments)
        print(f"\n{'kill':>4} {'after s':>8} {'on disk':>8} {'unfinished':>10} {'lost':>5} {'from s':>7} {'to s':>7}")
        for number, up, disk, torn, killed, ready in table:
            own = [each for each in lost if killed - 2.2 <= each[0] <= ready + 3 and each[1] <= ready + 3]
            lost = [each for each in lost if each not in own]
            print(f"{number:4} {up:8.2f} {disk:8} {torn:10} {sum(each[2] for each in own):5} {killed - 1:7.1f} {ready:7.1f}")
        print(f"{len(segments)} segments, {len(announced)} of them seen on disk at a kill, "
              f"{sum(map(len, sent.values()))} frames sent")
        self.assertEqual([], lost, "frames lost at no kill")
        self.verify_ledger(stations, "--since", earlier)
        happened = collections.Counter((entry["event"], entry["segment"]) for entry in self.ledger(stations)
                                       if "segment" in entry)
        self.assertEqual([], [each for each, times in happened.items() if times > 1], "noted twice")
        for event in ("spooled", "acknowledged"):
            self.assertEqual(set(segments), {digest for what, digest in happened if what == event}, event)
        self.assertEqual([], list((stations.gateway.runtime / "spool" / "weather").glob("*.age")))

    def lost_frames(self, stations, sent, segments):
        """[(from, to, count)] of runs of frames that are in no segment, in seconds of the pass."""
        read = read_segments(list(segments.values()), self.identity, stations.folder)
        when = {frame: float(time) for frame, _, time, _ in read}
        first = min(when.values())
        runs = []
        for frames in sent.values():
            run_from, count = 0.0, 0
            for frame in frames:
                if frame not in when:
                    count += 1
                    continue
                if count:
                    runs.append((run_from, when[frame] - first, count))
                run_from, count = when[frame] - first, 0
            if count:
                runs.append((run_from, float("inf"), count))
        return sorted(runs)

    def test_a_server_that_is_killed_and_a_line_that_is_cut_lose_and_double_nothing(self):
        stations = self.durable_stations()
        stations.gateway.start(self.config(stations))
        process, folder = stations.simulate("pass", "goes-hrit", seconds=25)
        time.sleep(3)
        self.server.kill()
        time.sleep(8)
        peak = stations.gateway.status()["tenants"][0]
        self.assertGreater(peak["segments"], 3)
        self.assertGreater(peak["oldest_seconds"], 3)
        self.server.start()
        back = time.monotonic()
        wait_for(lambda: stations.gateway.status()["tenants"][0]["segments"] <= 1, 40, "it has caught up")
        print(f"\nserver gone for 8 s: {peak['segments']} segments, {peak['bytes']} octets in the spool; "
              f"caught up {time.monotonic() - back:.1f} s after its return")
        stations.dc.ip("link", "set", "bh0", "down")
        time.sleep(5)
        stations.dc.ip("link", "set", "bh0", "up")
        self.assertEqual(0, process.wait(60))
        self.wait_empty(stations, 90)
        self.assert_all_in_stream(stations, folder)
        self.assertEqual(0, stations.gateway.stop())
        self.verify_ledger(stations)

    def test_a_server_that_acknowledges_nothing_gets_nothing_twice(self):
        stations = self.durable_stations()
        relay = Relay(stations)
        stations.gateway.start(self.config(stations, port=4333))
        wait_for(lambda: stations.gateway.status()["publisher"]["ready"], 15, "the stream is ready")
        relay.silent = True
        process, folder = stations.simulate("pass", "goes-hrit", seconds=15)
        self.assertEqual(0, process.wait(60))
        time.sleep(4)
        status = stations.gateway.status()
        self.assertGreater(status["tenants"][0]["segments"], 8)
        self.assertEqual(0, status["tenants"][0]["removed"]["acknowledged"])
        self.assertGreater(sum(status["publisher"]["troubles"].values()), 0)
        # What came there already is not taken again, also after the gateway began anew.
        self.assertGreater(len(self.segments()), 0)
        self.assertEqual(0, stations.gateway.stop())
        relay.silent = False
        stations.gateway.start(self.config(stations, port=4333))
        self.wait_empty(stations)
        self.assert_all_in_stream(stations, folder)
        self.assertGreater(stations.gateway.status()["publisher"]["outcomes"]["duplicate"], 0)

    def test_a_full_disk_drops_for_a_reason_and_goes_on_when_there_is_space(self):
        stations = self.durable_stations(server=False)
        small = stations.gateway.runtime
        run("mount", "-t", "tmpfs", "-o", "size=4m", "none", small)
        self.addCleanup(run, "umount", "-l", small, code=None)
        stations.gateway.start(self.config(stations, tenant='when_full = "refuse-new"', more="reserve_octets = 1048576"))
        fill(small / "others")
        process, folder = stations.simulate("pass", "goes-hrit", seconds=25)
        wait_for(lambda: stations.gateway.status()["tenants"][0]["removed"]["refused"] > 0, 40, "the disk is full")
        self.assertTrue(stations.gateway.status()["carriers"][0]["locked"])
        (small / "others").unlink()
        refused = stations.gateway.status()["tenants"][0]["removed_frames"]["refused"]
        self.assertEqual(0, process.wait(60))
        self.server = NatsServer(stations)
        self.wait_empty(stations)
        status = stations.gateway.status()
        sent = sent_frames(folder, FRAME_OCTETS)
        _, count = self.arrived(stations, sent)
        lost = status["tenants"][0]["removed_frames"]["refused"]
        self.assertGreaterEqual(lost, refused)
        self.assertEqual(status["carriers"][0]["frames"]["good"], count + lost)
        self.assertEqual(0, stations.gateway.stop())
        self.verify_ledger(stations)
        entries = self.ledger(stations)
        self.assertEqual(lost, sum(entry["frames"] for entry in entries if entry["event"] == "dropped"))
        self.assertEqual({"refused"}, {entry["reason"] for entry in entries if entry["event"] == "dropped"})
        print(f"\ndisk full: {lost} frames refused and on record, {count} delivered")

    def test_damage_is_named_and_does_not_stop_the_rest(self):
        stations = self.durable_stations(server=False)
        stations.gateway.start(self.config(stations))
        process, folder = stations.simulate("pass", "goes-hrit", seconds=8)
        self.assertEqual(0, process.wait(60))
        time.sleep(1.5)
        self.assertEqual(0, stations.gateway.stop())
        files = sorted((stations.gateway.runtime / "spool" / "weather").glob("*.age"))
        self.assertGreater(len(files), 4)
        flipped = bytearray(files[1].read_bytes())
        flipped[len(flipped) // 2] ^= 4
        files[1].write_bytes(flipped)
        files[2].write_bytes(files[2].read_bytes()[:-50])
        files[3].unlink()
        report, code = self.spool(stations, "verify")
        self.assertEqual(1, code)
        self.assertEqual({files[1].name: "digest", files[2].name: "length", files[3].name: "missing"},
                         {one["file"]: one["wrong"] for one in report["files"] if "wrong" in one})
        self.server = NatsServer(stations)
        stations.gateway.start(self.config(stations))
        wait_for(lambda: stations.gateway.status()["tenants"][0]["segments"] == 0, 30, "the rest is delivered")
        self.assertEqual(len(files) - 3, len(self.segments()))
        self.assertEqual(0, stations.gateway.stop())
        self.verify_ledger(stations)
        self.assertEqual(3, sum(entry["event"] == "dropped" for entry in self.ledger(stations)))
        self.assertEqual(2, sum(entry.get("reason") == "damaged" for entry in self.ledger(stations)))


if __name__ == "__main__":
    lib.main("nats-server", "age", "age-keygen", "tshark", "minisign")
