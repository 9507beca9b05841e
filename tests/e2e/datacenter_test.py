# SPDX-License-Identifier: MIT
"""The example of a datacenter's end, its files as they are: sealed segments go by the host's own connection through the
tunnel into a real nats-server there, and come out of it as frames."""
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess

import stations as lib
from stations import CARRIER, DC_INNER, PATIENCE, ROUTE, GatewayCase, end, private_key, public_key, wait_for
from support import cut, needs_program

EXAMPLE = pathlib.Path(os.environ["LANDFALL_SOURCE"]) / "config/examples/datacenter"
SERVER = f"{DC_INNER}:4222"
FRAME_OCTETS = 1000


def numbered_frame(number):
    """What spool-writer writes."""
    return bytes((number >> 8 * i & 255) if i < 8 else (number + i & 255) for i in range(FRAME_OCTETS))


class datacenter(GatewayCase):
    def setUp(self):
        super().setUp()
        needs_program("wg-quick", "nats-server", "age", "age-keygen", "tshark")
        self.made = self.stations()
        self.key = self.folder / "tenant.key"
        subprocess.run(["age-keygen", "-o", self.key], check=True, capture_output=True)
        self.frames = self.folder / "frames"

    def tunnel_as_told(self):
        """wg0.conf with keys, under a name of its own: sockets of all namespaces are in one folder."""
        device, key = self.made.unique("q"), private_key()
        config = self.made.folder / f"{device}.conf"
        config.touch(mode=0o600)
        config.write_text((EXAMPLE / "wg0.conf").read_text().replace("OWN_PRIVATE_KEY", key)
                          .replace("GATEWAYS_PUBLIC_KEY", self.made.public))
        self.made.dc.run("wg-quick", "up", config)
        self.made.cleanups.callback(self.made.dc.run, "wg-quick", "down", config, code=None)
        self.made.dc_public = public_key(key)

    def server_as_told(self):
        """Its folder is on a file system of its own, which goes with it."""
        process = self.made.dc.start(
            "sh", "-c", "mount -t tmpfs none /var/lib && mkdir /var/lib/nats && exec nats-server -c "
            f"{EXAMPLE}/nats-server.conf", log=self.made.folder / "nats.log")
        self.made.cleanups.callback(end, process)

        def listens():
            with self.made.dc.socket(socket.AF_INET, socket.SOCK_STREAM) as one:
                return one.connect_ex((DC_INNER, 4222)) == 0
        wait_for(listens, 10, "nats-server listens")

    def segments(self, count):
        """A folder of so many, or some more, and the numbers of the frames in them."""
        recipient = subprocess.run(["age-keygen", "-y", self.key], check=True, capture_output=True, text=True).stdout
        spool = self.folder / "spool" / "acme"
        spool.parent.mkdir()
        process = subprocess.Popen([os.environ["LANDFALL_SPOOL_WRITER"], spool, recipient.strip(), "1000", "1000000000",
                                    "1000000", "oldest-first", "0"], stdout=subprocess.PIPE, text=True)
        lines = [process.stdout.readline() for _ in range(count)]
        process.send_signal(signal.SIGTERM)
        lines += process.communicate(timeout=60)[0].splitlines()
        sent = [list(map(int, line.split()[3:])) for line in lines if line.startswith("durable")]
        folder = self.folder / "segments"
        folder.mkdir()
        for path in spool.glob("seg-*.age"):
            shutil.copy(path, folder)
        return folder, [number for first, many in sent for number in range(first, first + many)]

    def publish(self, folder):
        self.made.gw.run(os.environ["PUBLISH_SEGMENTS"], f"nats://{SERVER}", "passes", 0, 0, "create",
                         f"folder={folder}", timeout=60)

    def take(self, *words):
        return ["ip", "netns", "exec", self.made.dc.name, EXAMPLE / "take-frames", *words, SERVER, "passes", self.key,
                self.frames]

    def read(self):
        """Numbers of the frames of each channel, in the order of the files' names."""
        numbers = {}
        for path in sorted(self.frames.glob("*.frames")):
            channel = re.search(r"Z-[0-9a-f]{64}\.(noaa20\.sc\d+\.vc\d+)\.frames$", path.name)[1]
            for frame in cut(path.read_bytes(), FRAME_OCTETS):
                number = int.from_bytes(frame[:8], "little")
                self.assertEqual(numbered_frame(number), frame)
                numbers.setdefault(channel, []).append(number)
        return numbers

    def test_what_was_sealed_comes_out_as_frames_once_each_in_order(self):
        self.tunnel_as_told()
        self.server_as_told()
        self.made.gateway.start(self.made.config([CARRIER], [ROUTE], extra="\n[host]\n"))
        folder, sent = self.segments(12)
        self.publish(folder)
        # Killed when it has some; then to the end.
        taking = subprocess.Popen(list(map(str, self.take())), stderr=subprocess.DEVNULL)
        wait_for(lambda: len(list(self.frames.glob("*.pcapng"))) >= 3, 20, "segments are taken")
        taking.kill()
        taking.wait()
        subprocess.run(self.take("--once"), check=True, timeout=120 * PATIENCE)
        got = self.read()
        self.assertGreater(len(got), 1)
        for channel, numbers in got.items():
            self.assertEqual(sorted(numbers), numbers, channel)
        self.assertEqual(sorted(sent), sorted(number for numbers in got.values() for number in numbers))
        self.assertEqual(len(list(folder.iterdir())), len(list(self.frames.glob("*.pcapng"))))
        self.assertGreater(self.made.gateway.status()["tunnel"]["host"]["transmitted"]["bytes"],
                           sum(path.stat().st_size for path in folder.iterdir()))

    def test_a_segment_that_does_not_open_is_kept_and_the_rest_is_taken(self):
        self.tunnel_as_told()
        self.server_as_told()
        self.made.gateway.start(self.made.config([CARRIER], [ROUTE], extra="\n[host]\n"))
        folder, _ = self.segments(4)
        damaged = sorted(folder.iterdir())[1]
        content = bytearray(damaged.read_bytes())
        content[len(content) // 2] ^= 1
        damaged.write_bytes(content)
        self.publish(folder)
        done = subprocess.run(self.take("--once"), capture_output=True, text=True, timeout=120 * PATIENCE)
        self.assertEqual(1, done.returncode, done.stderr)
        self.assertEqual(1, done.stderr.count("take-frames: "), done.stderr)
        [kept] = self.frames.glob("*.age.bad")
        self.assertEqual(bytes(content), kept.read_bytes())
        self.assertEqual(len(list(folder.iterdir())) - 1, len(list(self.frames.glob("*.pcapng"))))
        self.assertEqual([], list(self.frames.glob("*.part")))

    def test_a_stream_that_is_not_there_is_named(self):
        self.tunnel_as_told()
        self.server_as_told()
        done = subprocess.run(self.take("--once"), capture_output=True, text=True, timeout=60)
        self.assertEqual(1, done.returncode)
        self.assertIn("take-frames: passes: {'code': 404, 'err_code': 10059", done.stderr)


if __name__ == "__main__":
    lib.main()
