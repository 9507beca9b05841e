# SPDX-License-Identifier: MIT
"""The durable lane's files: written by a process that is killed, on disks that are full, damaged,
and read with stock age and tshark."""
import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import struct
import subprocess
import threading
import time
import unittest

from support import Case, landfall, needs, needs_program, needs_root

WRITER = os.environ.get("LANDFALL_SPOOL_WRITER", "spool-writer")
KILLS = int(os.environ.get("LANDFALL_KILLS", "20"))
ROOMY = (10**9, 10**6, "oldest-first")


class writer:
    """The writing process, and what it said."""

    def __init__(self, folder, recipient, first, limits=ROOMY, publish_every=0):
        self.process = subprocess.Popen([WRITER, str(folder), recipient, str(first), *map(str, limits),
                                         str(publish_every)], stdout=subprocess.PIPE)
        self.lines = []
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            if line.endswith(b"\n"):
                self.lines.append(line.decode().split())

    def end(self, how):
        self.process.send_signal(how)
        self.process.wait(timeout=60)
        self.reader.join()
        self.process.stdout.close()
        return self.process.returncode

    def wait_for(self, word, count, patience=30):
        until = time.monotonic() + patience
        while sum(1 for line in self.lines if line[0] == word) < count:
            if time.monotonic() > until or self.process.poll() is not None:
                raise AssertionError(f"not {count} × {word}: {self.lines[-3:]}")
            time.sleep(0.01)


def packets(content):
    """(interface, nanoseconds, octets) of every packet of a big-endian pcapng."""
    at, names, found = 0, [], []
    while at < len(content):
        kind, length = struct.unpack_from(">II", content, at)
        assert struct.unpack_from(">I", content, at + length - 4)[0] == length
        if kind == 1:
            option, size = struct.unpack_from(">HH", content, at + 16)
            assert option == 2
            names.append(content[at + 20:at + 20 + size].decode())
        if kind == 6:
            interface, high, low, captured = struct.unpack_from(">IIII", content, at + 8)
            found.append((names[interface], high << 32 | low, content[at + 28:at + 28 + captured]))
        at += length
    assert at == len(content)
    return found


def numbered_frame(number):
    return bytes((number >> 8 * i & 255) if i < 8 else (number + i & 255) for i in range(1000))


class spool(Case):
    def setUp(self):
        super().setUp()
        needs_program("age")
        self.key = self.folder / "tenant.key"
        subprocess.run(["age-keygen", "-o", self.key], check=True, capture_output=True)
        self.recipient = subprocess.run(["age-keygen", "-y", self.key], check=True,
                                        capture_output=True).stdout.decode().strip()
        self.spool = self.folder / "spool"
        self.tenant = self.spool / "acme"
        self.spool.mkdir()

    def opened(self, path):
        """With the stock tool, to the end."""
        return subprocess.run(["age", "-d", "-i", self.key, path], check=True, capture_output=True).stdout

    def fill(self, segments, publish_every=0):
        one = writer(self.tenant, self.recipient, 0, publish_every=publish_every)
        one.wait_for("durable", segments)
        self.assertEqual(0, one.end(signal.SIGTERM))
        return one.lines

    def files(self):
        return sorted(self.tenant.glob("seg-*.age"))

    def verify(self, code):
        out, _ = landfall("spool", "verify", self.spool, "--json", code=code)
        return json.loads(out)

    def test_what_was_announced_survives_kills_at_any_moment(self):
        moments = random.Random(5)
        announced, published, torn = {}, set(), 0
        for run in range(KILLS):
            one = writer(self.tenant, self.recipient, run * 10**9, publish_every=7)
            time.sleep(moments.uniform(0.02, 0.3))
            if run % 5 == 4:
                self.verify(0)  # beside a gateway that writes
            one.end(signal.SIGKILL)
            for line in one.lines:
                if line[0] == "durable" and int(line[4]) == 0:
                    announced.setdefault(line[2], (0, 0))  # said again, or what the kill kept from being said
                elif line[0] == "durable":
                    self.assertNotIn(line[2], announced)
                    announced[line[2]] = (int(line[3]), int(line[4]))
                elif line[0] == "published":
                    published.add(line[2])
                else:
                    self.assertEqual(("removed", "acknowledged"), (line[0], line[3]))
        last = writer(self.tenant, self.recipient, KILLS * 10**9)
        last.wait_for("durable", 1)
        last.end(signal.SIGTERM)
        for line in last.lines:
            if line[0] == "durable":
                announced.setdefault(line[2], (int(line[3]), int(line[4])))
        there = {path.name.split("-")[2][:64]: path for path in self.files()}
        sequences = [path.name.split("-")[1] for path in self.files()]
        self.assertEqual(len(sequences), len(set(sequences)))
        self.assertGreater(len(announced), KILLS)
        seen = set()
        for digest, path in there.items():
            content = path.read_bytes()
            self.assertEqual(digest, hashlib.sha256(content).hexdigest())
            frames = [frame for _, _, frame in packets(self.opened(path))]
            numbers = [int.from_bytes(frame[:8], "little") for frame in frames]
            self.assertEqual([numbered_frame(number) for number in numbers], frames)
            self.assertFalse(seen.intersection(numbers), "a frame is there twice")
            seen.update(numbers)
            first, count = announced[digest]  # each that is there was announced, at the latest now
            if count:
                self.assertEqual(list(range(first, first + count)), numbers)
        lost = set(announced) - set(there) - published
        self.assertEqual(set(), lost)
        report = self.verify(0)
        self.assertEqual(len(there), report["segments"])
        torn = sum(1 for one in report["files"] if one.get("wrong") == "torn")
        self.assertEqual(torn, len(list(self.tenant.glob("*.torn"))))
        self.assertEqual([], list(self.tenant.glob("*.part")))
        print(f"{KILLS} kills: {len(announced)} segments announced, {len(published)} published, "
              f"{len(there)} there, {len(lost)} lost, {torn} torn")

    def test_two_writers_do_not_share_a_folder(self):
        one = writer(self.tenant, self.recipient, 0)
        one.wait_for("durable", 1)
        other = writer(self.tenant, self.recipient, 10**9)
        self.assertEqual(75, other.process.wait(timeout=30))
        other.end(signal.SIGTERM)
        self.assertEqual(0, one.end(signal.SIGTERM))

    def test_verify_names_a_flipped_bit_a_cut_and_a_missing_file(self):
        self.fill(8)
        self.assertEqual(0, self.verify(0)["damaged"])
        flipped, cut, missing, *others = self.files()
        content = bytearray(flipped.read_bytes())
        content[len(content) // 2] ^= 4
        flipped.write_bytes(content)
        cut.write_bytes(cut.read_bytes()[:-1])
        missing.unlink()
        report = self.verify(1)
        wrong = {one["file"]: one["wrong"] for one in report["files"] if "wrong" in one}
        self.assertEqual({flipped.name: "digest", cut.name: "length", missing.name: "missing"}, wrong)
        self.assertEqual(len(others), report["segments"])
        out, _ = landfall("spool", "verify", self.spool, code=1)
        for path in (flipped, cut, missing):
            self.assertIn(path.name, out)
        # What is good is exported all the same; the next start sets aside what it finds.
        landfall("spool", "export", self.spool, "--to", self.folder / "out", code=1)
        self.assertEqual(sorted(f"acme-{path.name}" for path in others),
                         sorted(path.name for path in (self.folder / "out").iterdir()))
        self.fill(1)
        wrong = {one["file"]: one["wrong"] for one in self.verify(1)["files"] if "wrong" in one}
        self.assertEqual("set_aside", wrong.pop(cut.with_suffix(".bad").name))
        self.assertEqual({flipped.name: "digest", missing.name: "missing"}, wrong)

    def test_verify_finds_every_damaged_line_of_the_manifest(self):
        self.fill(2)
        path = self.tenant / "manifest"
        good = path.read_bytes()
        places = random.Random(3)
        for _ in range(30):
            bad = bytearray(good)
            bit = places.randrange(8 * (len(bad) - 1))
            bad[bit // 8] ^= 1 << bit % 8
            path.write_bytes(bad)
            self.assertIn("manifest", [one.get("wrong") for one in self.verify(1)["files"]])
        path.unlink()
        landfall("spool", "verify", self.tenant, code=0)  # not told to be a tenant's: no folders in it
        self.assertIn("manifest", [one.get("wrong") for one in self.verify(1)["files"]])
        path.write_bytes(good)
        self.verify(0)

    def test_list_and_export(self):
        self.fill(3)
        listed = json.loads(landfall("spool", "list", self.spool, "--json")[0])
        for one, path in zip(listed["files"], self.files()):
            self.assertEqual((path.name, "acme", "crash"), (one["file"], one["tenant"], one["gateway"]))
            self.assertEqual(one["frames"], sum(channel["frames"] for channel in one["channels"]))
            self.assertEqual(one["octets"], path.stat().st_size)
            self.assertEqual("noaa20", one["channels"][0]["carrier"])
            self.assertTrue(one["first"].startswith("2023-11-14T22:13:2"))
        self.assertIn("noaa20.vc01", landfall("spool", "list", self.tenant)[0])
        landfall("spool", "export", self.spool, "--to", self.folder / "sealed")
        landfall("spool", "export", self.spool, "--to", self.folder / "open", "-i", self.key)
        for path in self.files():
            sealed = self.folder / "sealed" / f"acme-{path.name}"
            self.assertEqual(path.read_bytes(), sealed.read_bytes())
            self.assertEqual(self.opened(path), (self.folder / "open" / sealed.with_suffix(".pcapng").name).read_bytes())
        landfall("spool", "export", self.spool, "--to", self.folder / "open", "-i", self.key, code=1)  # there already
        other = self.folder / "other.key"
        subprocess.run(["age-keygen", "-o", other], check=True, capture_output=True)
        _, err = landfall("spool", "export", self.spool, "--to", self.folder / "none", "-i", other, code=1)
        self.assertIn("no_match", err)
        other.write_text("nonsense\n")
        landfall("spool", "export", self.spool, "--to", self.folder / "none", "-i", other, code=1)
        landfall("spool", "list", self.spool, "--tenant", "nobody", code=1)
        landfall("spool", "list", self.folder / "nowhere", code=1)
        landfall("spool", code=2)
        needs_program("tshark")
        path = sorted((self.folder / "open").iterdir())[0]
        out = subprocess.run(["tshark", "-r", path, "-T", "fields", "-e", "frame.interface_name",
                              "-e", "frame.packet_id", "-e", "frame.time_epoch"], check=True, capture_output=True).stdout
        self.assertTrue(out)
        for number, line in enumerate(out.decode().splitlines()):
            self.assertEqual([f"noaa20.sc000.vc{number % 4:02}", str(number),
                              f"{1_700_000_000 + number // 1000}.{number % 1000:03}000000"], line.split("\t"))

    def test_a_small_disk_is_full_and_it_goes_on_when_there_is_space(self):
        needs_root("for a mount namespace of its own")
        needs(subprocess.run(["unshare", "-m", "true"], check=False).returncode == 0, "mount namespaces")
        for policy in ("oldest-first", "lowest-priority-first", "refuse-new"):
            with self.subTest(policy=policy):
                disk = self.folder / f"disk-{policy}"
                disk.mkdir()
                script = f"""set -e
                    mount -t tmpfs -o size=2m none {disk}
                    {WRITER} {disk}/acme {self.recipient} 0 100000000 262144 {policy} \
                        {3 if policy == "refuse-new" else 0} >> {disk}.log & writer=$!
                    sleep 1
                    dd if=/dev/zero of={disk}/others bs=4096 2>/dev/null || true
                    sleep 0.7
                    echo full >> {disk}.log
                    rm {disk}/others
                    sleep 1
                    kill $writer
                    wait $writer
                    cp -r {disk}/acme {disk}.copy"""
                subprocess.run(["unshare", "-m", "--propagation", "private", "sh", "-c", script],
                               check=True, timeout=60)
                lines = [line.split() for line in pathlib.Path(f"{disk}.log").read_text().splitlines()]
                words = [line[0] for line in lines]
                after = words[words.index("full"):]
                self.assertGreater(after.count("durable"), 3)
                self.assertGreater(words.count("removed"), 3)
                total = [int(number) for number in lines[-1][1:]]
                self.assertEqual("total", lines[-1][0])
                self.assertEqual(0, total[3])  # nothing waits
                alive = {line[2] for line in lines if line[0] == "durable"}
                alive -= {line[2] for line in lines if line[0] == "removed"}
                copy = pathlib.Path(f"{disk}.copy")
                self.assertEqual(alive, {path.name.split("-")[2][:64] for path in copy.glob("seg-*.age")})
                out, _ = landfall("spool", "verify", copy, "--json")
                self.assertEqual(len(alive), json.loads(out)["segments"])
                print(f"{policy}: {total[1]} durable, {total[2]} removed, {len(alive)} left, {total[5]} failed operations")


if __name__ == "__main__":
    unittest.main()
