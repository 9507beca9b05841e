# SPDX-License-Identifier: MIT
"""The publisher against a real nats-server on the loopback interface: killed, silent, without a stream."""
import hashlib
import json
import os
import socket
import subprocess
import threading
import time
import unittest

from nats_support import client
from support import Case, needs_program

PUBLISH = os.environ.get("PUBLISH_SEGMENTS", "publish_segments")


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class server:
    """A nats-server with JetStream."""

    def __init__(self, folder, port=None):
        self.port = port or free_port()
        self.config = folder / "nats.conf"
        self.config.write_text(f'host: "127.0.0.1"\nport: {self.port}\nmax_payload: 4MB\n'
                               f'jetstream {{ store_dir: "{folder}/store" }}\n')
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen(["nats-server", "-c", self.config], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise AssertionError("nats-server does not listen")

    def kill(self):
        self.process.kill()
        self.process.wait()

    @property
    def url(self):
        return f"nats://127.0.0.1:{self.port}"


class publishing(Case):
    def setUp(self):
        super().setUp()
        needs_program("nats-server")
        self.server = server(self.folder)
        self.addCleanup(lambda: self.server.kill())

    def run_publisher(self, segments, octets, *words, url=None, stream="passes"):
        process = subprocess.Popen([PUBLISH, url or self.server.url, stream, str(segments), str(octets), *words],
                                   stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(lambda: process.poll() is None and (process.kill(), process.wait()))
        return process

    def finish(self, process, timeout=60):
        """[(outcome, id)], other lines."""
        out, _ = process.communicate(timeout=timeout)
        self.assertEqual(0, process.returncode, out)
        lines = [line.split() for line in out.splitlines()]
        return [(line[0], int(line[1])) for line in lines if line[0] in ("acknowledged", "duplicate")], \
            [line for line in lines if line[0] not in ("acknowledged", "duplicate")]

    def stored(self, stream="passes"):
        """Of every message of the stream: its headers and data."""
        one = client(self.server.port)
        self.addCleanup(one.close)
        return [(headers, data) for _, headers, data in one.stored(stream)]

    def check_once(self, segments, stream="passes"):
        found = self.stored(stream)
        self.assertEqual(segments, len({headers["Landfall-Contact"] for headers, _ in found}))
        self.assertEqual(segments, len(found))
        for headers, data in found:
            self.assertEqual(hashlib.sha256(data).hexdigest(), headers["Nats-Msg-Id"])
        return found

    def test_one_message_for_each_segment_with_its_headers_in_order(self):
        acks, _ = self.finish(self.run_publisher(30, 5000, "create"))
        self.assertEqual([("acknowledged", number) for number in range(30)], sorted(acks, key=lambda each: each[1]))
        found = self.check_once(30)
        self.assertEqual([f"contact-{number}" for number in range(30)],
                         [headers["Landfall-Contact"] for headers, _ in found])
        headers, data = found[7]
        self.assertEqual(5000, len(data))
        self.assertEqual({"Landfall-Gateway": "station-1", "Landfall-Tenant": "weather", "Landfall-Carrier": "noaa20",
                          "Landfall-Channels": "1,6,16", "Landfall-Frames": "8", "Landfall-Contact": "contact-7",
                          "Landfall-First": "2026-11-24T12:00:00.000000000Z",
                          "Landfall-Last": "2026-11-24T12:00:02.000000000Z",
                          "Landfall-Digest": headers["Nats-Msg-Id"]},
                         {key: value for key, value in headers.items()
                          if key.startswith("Landfall") and key != "Landfall-Attempt"})

    def test_priority_goes_first_then_age(self):
        self.finish(self.run_publisher(30, 100, "create", "order"))
        numbers = [int(headers["Landfall-Contact"][8:]) for headers, _ in self.check_once(30)]
        self.assertEqual(sorted(range(30), key=lambda number: (-(number % 3), -number)), numbers)

    def test_a_repeat_is_dropped_by_the_server(self):
        self.finish(self.run_publisher(20, 1000, "create"))
        acks, _ = self.finish(self.run_publisher(25, 1000))
        self.assertEqual({"duplicate": 20, "acknowledged": 5},
                         {what: sum(each == what for each, _ in acks) for what in ("duplicate", "acknowledged")})
        self.check_once(25)

    def create(self, **more):
        one = client(self.server.port)
        self.addCleanup(one.close)
        return one.request("$JS.API.STREAM.CREATE.passes", json.dumps(
            {"name": "passes", "subjects": ["passes.>"], "retention": "limits", "storage": "file",
             "max_consumers": -1, "max_msgs": -1, "max_bytes": -1, "num_replicas": 1, "discard": "old",
             **more}).encode())

    def test_a_repeat_is_dropped_also_after_the_server_forgot_its_identity(self):
        self.create(duplicate_window=100_000_000)
        self.finish(self.run_publisher(20, 1000))
        time.sleep(1)
        acks, _ = self.finish(self.run_publisher(25, 1000))
        self.assertEqual({"duplicate": 20, "acknowledged": 5},
                         {what: sum(each == what for each, _ in acks) for what in ("duplicate", "acknowledged")})
        self.check_once(25)

    def test_a_stream_is_made_only_if_told_so_and_waited_for_otherwise(self):
        process = self.run_publisher(5, 1000)
        time.sleep(1.5)
        self.assertIsNone(process.poll())
        one = client(self.server.port)
        self.addCleanup(one.close)
        self.assertEqual(10059, one.request("$JS.API.STREAM.INFO.passes")["error"]["err_code"])
        self.create()
        acks, other = self.finish(process)
        self.assertEqual(5, len(acks))
        self.assertGreater(int(other[0][6]), 0)  # no_stream
        self.check_once(5)

    def test_a_server_that_is_killed_gets_everything_once(self):
        process = self.run_publisher(400, 20_000, "create", "timeout=1000", "rate=2000000")
        for _ in range(3):
            time.sleep(0.8)
            self.server.kill()
            time.sleep(0.4)
            self.server.start()
        acks, other = self.finish(process)
        self.assertEqual(set(range(400)), {number for _, number in acks})
        self.assertEqual(400, len(acks))
        self.check_once(400)
        print("killed three times:", " ".join(other[-2]) if len(other) > 1 else "no trouble")

    def test_it_starts_without_a_server_and_takes_the_one_that_is_there(self):
        nobody = f"nats://127.0.0.1:{free_port()}"
        acks, _ = self.finish(self.run_publisher(10, 100, "create", url=f"{nobody},{self.server.url}"))
        self.assertEqual(10, len(acks))
        self.server.kill()
        process = self.run_publisher(12, 100)
        time.sleep(1)
        self.server.start()
        acks, _ = self.finish(process)
        self.assertEqual(12, len(acks))
        self.check_once(12)

    def test_a_server_that_acknowledges_nothing_loses_and_doubles_nothing(self):
        """A relay that swallows what the server says, from the first publishing on, for a while."""
        self.finish(self.run_publisher(1, 100, "create"))
        relay = silent_relay(self.server.port)
        self.addCleanup(relay.close)
        process = self.run_publisher(40, 20_000, "timeout=500", url=relay.url)
        self.assertTrue(relay.silent_since.wait(10))
        time.sleep(2)
        self.assertIsNone(process.poll())
        relay.speak()
        acks, other = self.finish(process)
        self.assertEqual(set(range(40)), {number for _, number in acks})
        self.assertGreater(int(other[0][4]), 0)  # timeout
        found = self.stored()
        self.assertEqual(41, len(found))
        self.assertEqual(41, len({headers["Nats-Msg-Id"] for headers, _ in found}))

    def test_no_faster_than_told(self):
        begun = time.monotonic()
        self.finish(self.run_publisher(40, 25_000, "create", "rate=500000"))
        self.assertGreater(time.monotonic() - begun, 1.5)  # a million octets, an eighth of them at once

    def test_speed_beside_the_client_alone(self):
        self.finish(self.run_publisher(1, 100, "create", stream="speed"))
        best = {}
        for _ in range(3):
            for words in (("plain",), ("same",)):
                _, other = self.finish(self.run_publisher(200, 786_432, *words, stream="speed"), timeout=120)
                kind, rate = other[-1][0], float(other[-1][1])
                best[kind] = max(best.get(kind, 0), rate)
        self.assertGreater(best["publisher"], 0)
        print(f"publisher {best['publisher'] / 1e6:.0f} MB/s, C client alone {best['plain'] / 1e6:.0f} MB/s: "
              f"{best['publisher'] / best['plain']:.2f}")


class silent_relay:
    """Between client and server; forwards both ways until a publishing of a segment is seen, then nothing back,
    until told to."""

    def __init__(self, port):
        self.port, self.silent, self.silent_since, self.sockets = port, None, threading.Event(), []
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen()
        self.url = f"nats://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                one, _ = self.listener.accept()
            except OSError:
                return
            other = socket.create_connection(("127.0.0.1", self.port))
            self.sockets += [one, other]
            threading.Thread(target=self.pump, args=(one, other, True), daemon=True).start()
            threading.Thread(target=self.pump, args=(other, one, False), daemon=True).start()

    def pump(self, source, sink, to_server):
        try:
            while data := source.recv(65536):
                if to_server and self.silent is None and b"Nats-Msg-Id" in data:
                    self.silent = True
                    self.silent_since.set()
                if to_server or not self.silent or data.startswith((b"PING", b"PONG")):
                    sink.sendall(data)
        except OSError:
            pass
        for each in (source, sink):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def speak(self):
        self.silent = False

    def close(self):
        for each in [self.listener, *self.sockets]:
            each.close()


if __name__ == "__main__":
    unittest.main()
