# SPDX-License-Identifier: MIT
"""Metrics and status of a gateway as Prometheus and a person get them."""
import fcntl
import json
import os
import pathlib
import pty
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import termios
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

from support import Case, LANDFALL, landfall, needs_program, needs_root, program_environment

FAKE_GATEWAY = os.environ["LANDFALL_FAKE_GATEWAY"]


class ControlCase(Case):
    def gateway(self, *arguments):
        self.socket = self.folder / "control.sock"
        process = subprocess.Popen([FAKE_GATEWAY, str(self.socket), *arguments],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.wait)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stdin.close)
        self.port = int(process.stdout.readline())
        return process

    def get(self, path="/metrics"):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as reply:
            return reply.read().decode()


class Metrics(ControlCase):
    def test_promtool_finds_nothing_wrong(self):
        needs_program("promtool")
        self.gateway()
        first = self.get()
        for text in (first, self.get()):
            done = subprocess.run(["promtool", "check", "metrics"], input=text, text=True,
                                  capture_output=True, timeout=60)
            self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def test_the_process_is_told_of(self):
        gateway = self.gateway()
        values = dict(line.rsplit(" ", 1) for line in self.get().splitlines()
                      if line.startswith("process_"))
        self.assertGreater(float(values["process_resident_memory_bytes"]), 1e6)
        self.assertGreater(float(values["process_virtual_memory_bytes"]),
                           float(values["process_resident_memory_bytes"]))
        self.assertGreaterEqual(float(values["process_threads"]), 3)
        descriptors = len(os.listdir(f"/proc/{gateway.pid}/fd"))
        self.assertAlmostEqual(float(values["process_open_fds"]), descriptors, delta=3)
        self.assertAlmostEqual(float(values["process_start_time_seconds"]), time.time(), delta=60)
        self.assertIn("process_cpu_seconds_total", values)

    def test_a_snapshot_that_fails_is_counted_and_costs_nothing_else(self):
        gateway = self.gateway("fail")
        for count in (1, 2, 3):
            text = self.get()
            self.assertIn(f"\nlandfall_collect_errors_total {count}\n", text)
            self.assertNotIn("landfall_port_up", text)
            self.assertIn("\nprocess_open_fds ", text)
        self.assertIsNone(gateway.poll())

    def test_nothing_but_metrics_is_served(self):
        self.gateway()
        for path in ("/", "/etc/passwd", "/../../etc/passwd", "/x.cgi"):
            with self.assertRaises(urllib.error.HTTPError, msg=path) as refused:
                self.get(path)
            self.assertEqual(refused.exception.code, 404, path)

    def test_slow_clients_do_not_keep_a_scrape_waiting_for_ever(self):
        self.gateway()
        slow = [socket.create_connection(("127.0.0.1", self.port)) for _ in range(8)]
        for one in slow:
            one.sendall(b"GET /metr")
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=60) as reply:
            self.assertEqual(reply.status, 200)
        for one in slow:
            one.close()

    def test_a_prometheus_server_scrapes_it(self):
        needs_program("prometheus")
        self.gateway()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        (self.folder / "prometheus.yml").write_text(
            "scrape_configs:\n- job_name: landfall\n  scrape_interval: 1s\n  static_configs:\n"
            f"  - targets: ['127.0.0.1:{self.port}']\n")
        log = (self.folder / "log").open("w")
        self.addCleanup(log.close)
        server = subprocess.Popen(
            ["prometheus", f"--config.file={self.folder}/prometheus.yml",
             f"--storage.tsdb.path={self.folder}/data", f"--web.listen-address=127.0.0.1:{port}"],
            stdout=log, stderr=log)
        self.addCleanup(server.wait)
        self.addCleanup(server.terminate)

        def ask(query):
            url = f"http://127.0.0.1:{port}/api/v1/query?query={urllib.parse.quote(query)}"
            try:
                with urllib.request.urlopen(url, timeout=5) as reply:
                    return json.load(reply)["data"]["result"]
            except (urllib.error.URLError, ConnectionError):
                return []

        deadline = time.monotonic() + 60
        while ask('up{job="landfall"} == 1') == [] and time.monotonic() < deadline:
            time.sleep(0.5)
        self.assertEqual(ask('up{job="landfall"}')[0]["value"][1], "1",
                         (self.folder / "log").read_text())
        hostile = [one["metric"]["port"] for one in ask("landfall_port_up")]
        self.assertEqual(sorted(hostile), ['a "b" \\ {c}\nd é', "rf"])
        zero = ask('landfall_iq_invalid_packets_total{stream="metop-c",reason="short"}')
        self.assertEqual(zero[0]["value"][1], "0")


class Status(ControlCase):
    def test_a_page_and_json(self):
        self.gateway()
        page, _ = landfall("status", "--socket", self.socket)
        for text in ("gateway svalbard-1   up ", "198.51.100.7:51820", "locked",
                     "bad_tag"):
            self.assertIn(text, page)
        self.assertNotIn("\x1b", page)
        out, _ = landfall("status", "--json", "--socket", self.socket)
        status = json.loads(out)
        self.assertEqual(status["schema"], 1)
        self.assertEqual(status["carriers"][0]["mission"], "jpss-hrd")
        self.assertEqual(status["tunnel"]["rejects"]["replay"], 319)

    def test_the_socket_of_the_runtime_directory_is_the_default(self):
        self.gateway()
        done = subprocess.run([LANDFALL, "status"], capture_output=True, text=True, timeout=60,
                              env=program_environment(RUNTIME_DIRECTORY=str(self.folder)))
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_no_gateway_exits_75(self):
        _, error = landfall("status", "--socket", self.folder / "none.sock", code=75)
        self.assertEqual(error,
                         f"landfall status: {self.folder}/none.sock: no gateway is running there\n")
        landfall("status", "--watch", "--socket", self.folder / "none.sock", code=75)

    def test_a_gateway_that_fails_says_so(self):
        self.gateway("fail")
        _, error = landfall("status", "--socket", self.socket, code=1)
        self.assertIn("no snapshot", error)

    def test_a_stranger_is_refused_with_77(self):
        needs_root("to become somebody else")
        self.gateway()
        os.chmod(self.folder, 0o755)
        binary = self.folder / "landfall"
        shutil.copy(LANDFALL, binary)
        done = subprocess.run([binary, "status", "--socket", str(self.socket)], timeout=60,
                              capture_output=True, text=True, user=65534, group=65534,
                              extra_groups=[])
        self.assertEqual(done.returncode, 77, done.stderr)
        self.assertIn("group landfall", done.stderr)

    def test_watch_in_a_pipe_prints_pages_one_after_the_other(self):
        self.gateway()
        for extra, is_page in ((["--json"], lambda text: json.loads(text)["schema"] == 1),
                               ([], lambda text: "svalbard-1" in text)):
            process = subprocess.Popen(
                [LANDFALL, "status", "--watch", "--socket", str(self.socket), *extra],
                stdout=subprocess.PIPE, text=True)
            lines = []
            while len([line for line in lines if "svalbard-1" in line]) < 2:
                lines.append(process.stdout.readline())
                self.assertNotEqual(lines[-1], "")
            self.assertTrue(is_page(lines[0]))
            process.send_signal(signal.SIGINT)
            process.stdout.read()
            process.stdout.close()
            self.assertEqual(process.wait(timeout=10), 0)

    def test_watch_on_a_terminal_redraws_within_it_and_ends_with_interrupt(self):
        self.gateway()
        parent, child = pty.openpty()
        fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 12, 60, 0, 0))
        process = subprocess.Popen([LANDFALL, "status", "--watch", "--socket", str(self.socket)],
                                   stdin=child, stdout=child, stderr=child, start_new_session=True,
                                   env=program_environment(TERM="xterm"))
        os.close(child)
        seen = b""
        deadline = time.monotonic() + 30
        while seen.count(b"\x1b[H") < 2 or not seen.endswith(b"\x1b[J"):
            self.assertLess(time.monotonic(), deadline)
            if select.select([parent], [], [], 1)[0]:
                seen += os.read(parent, 65536)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=10), 0)
        os.close(parent)
        page = seen.split(b"\x1b[H")[1].decode()
        self.assertLess(page.count("\n"), 12)
        self.assertIn("svalbard-1", page)
        self.assertIn("\x1b[", page)


if __name__ == "__main__":
    unittest.main()
