# SPDX-License-Identifier: MIT
"""Ledgers: read by stock minisign and openssl and by a reader that is written from the specifications
alone, verified by `landfall ledger` on nothing but folder and key, and killed while they are written."""
import base64
import hashlib
import json
import os
import pathlib
import random
import shutil
import subprocess
import time
import unittest

from support import Case, LANDFALL, landfall, needs_program

MAKE_LEDGER = os.environ.get("MAKE_LEDGER", "make_ledger")


# ---------------------------------------------------------------- C2SP tlog-tiles, from the specification

def leaf(entry):
    return hashlib.sha256(b"\0" + entry).digest()


def root(hashes):
    """RFC 6962, 2.1."""
    if len(hashes) <= 1:
        return hashes[0] if hashes else hashlib.sha256().digest()
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return hashlib.sha256(b"\1" + root(hashes[:split]) + root(hashes[split:])).digest()


def resource(folder, kind, index, width):
    parts = []
    while True:
        parts.insert(0, f"{index % 1000:03}")
        index //= 1000
        if not index:
            break
    name = "/".join(["x" + part for part in parts[:-1]] + parts[-1:])
    return (folder / "tile" / kind / (name if width == 256 else f"{name}.p/{width}")).read_bytes()


def read_log(folder):
    """(origin, entries) of a log of which every tile is compared with the entries, up to the root."""
    origin, size, head = (folder / "checkpoint").read_text().split("\n\n")[0].split("\n")
    size, entries, level = int(size), [], 0
    for index in range((size + 255) // 256):
        width = min(256, size - index * 256)
        data = resource(folder, "entries", index, width)
        while data:
            length = int.from_bytes(data[:2], "big")
            entries.append(data[2:2 + length])
            data = data[2 + length:]
    assert len(entries) == size, (len(entries), size)
    hashes = [leaf(entry) for entry in entries]
    assert base64.b64decode(head) == root(hashes)
    while hashes:
        for index in range((len(hashes) + 255) // 256):
            part = hashes[index * 256:index * 256 + 256]
            assert resource(folder, str(level), index, len(part)) == b"".join(part), (level, index)
        hashes = [root(hashes[i:i + 256]) for i in range(0, len(hashes) - 255, 256)]
        level += 1
    return origin, entries


class ledgers(Case):
    def setUp(self):
        super().setUp()
        self.key = self.folder / "ledger.key"
        self.key.touch(mode=0o600)
        self.key.write_text(landfall("key", "generate")[0])
        self.log = self.folder / "ledger"

    def public(self, form="verifier", name="station-1"):
        return landfall("ledger", "public", name, "--form", form, input=self.key.read_bytes())[0]

    def make(self, entries, at_once=100):
        subprocess.run([MAKE_LEDGER, self.log, self.key, str(entries), str(at_once)], check=True, timeout=60,
                       stdout=subprocess.DEVNULL)

    def verify(self, *more, code=0, path=None):
        out, _ = landfall("ledger", "verify", "-k", self.public().strip(), path or self.log, *more, "--json",
                          code=code)
        return json.loads(out)

    def flip(self, path, at):
        data = bytearray(path.read_bytes())
        data[at] ^= 1
        path.write_bytes(data)

    def test_is_what_the_specifications_say(self):
        self.make(1500)
        origin, entries = read_log(self.log)
        self.assertRegex(origin, r"\Astation-1/\d{10}\Z")
        self.assertEqual(1500, len(entries))
        for number, entry in enumerate(entries):
            self.assertEqual(number + 1, json.loads(entry)["octets"])
        report = self.verify()
        self.assertEqual((True, 1500, 1500, []), (report["good"], report["size"], report["good_entries"],
                                                  report["findings"]))
        self.assertEqual(root([leaf(entry) for entry in entries]).hex(), report["root"])
        self.assertEqual({"spooled": 1500}, {k: v for k, v in report["events"].items() if v})

    def test_stock_minisign_verifies_it_and_what_it_makes_is_verified(self):
        needs_program("minisign")
        self.make(300)
        key = self.folder / "minisign.pub"
        key.write_text(self.public("minisign"))

        def minisign(file, **more):
            return subprocess.run(["minisign", "-Vm", file, "-p", key], capture_output=True, timeout=20, **more)

        self.assertIn(b"ledger station-1/", minisign(self.log / "checkpoint", check=True).stdout)
        self.assertEqual(key.read_text(), (self.log / "minisign.pub").read_text())
        landfall("ledger", "verify", "-k", key, self.log)
        self.flip(self.log / "checkpoint", 3)
        self.assertNotEqual(0, minisign(self.log / "checkpoint").returncode)

    def test_stock_openssl_verifies_the_note(self):
        self.make(300)
        key = self.folder / "ledger.pem"
        key.write_text(self.public("pem"))
        script = r"""head -n 3 "$1" > text; sed -n 's/^— [^ ]* //p' "$1" | base64 -d | tail -c 64 > signature
                     openssl pkeyutl -verify -pubin -inkey "$2" -rawin -in text -sigfile signature"""

        def openssl():
            return subprocess.run(["sh", "-c", script, "sh", self.log / "checkpoint", key], cwd=self.folder,
                                  capture_output=True, timeout=20).returncode

        self.assertEqual(0, openssl())
        self.flip(self.log / "checkpoint", 3)
        self.assertNotEqual(0, openssl())

    def test_proofs_verify_elsewhere_with_a_key_alone(self):
        self.make(300)
        older = self.folder / "older"
        older.write_bytes((self.log / "checkpoint").read_bytes())
        self.make(1000)
        key = self.folder / "key"
        key.write_text(self.public())
        one, other = self.folder / "delivery.tlog-proof", self.folder / "growth"
        one.write_text(landfall("ledger", "prove", "-k", key, self.log, "777")[0])
        other.write_text(landfall("ledger", "prove", "-k", key, self.log, "--from", "300")[0])
        shutil.move(self.log, self.folder / "gone")
        report = json.loads(landfall("ledger", "verify", "-k", key, one, "--json")[0])
        self.assertEqual((777, 1000, 778), (report["index"], report["size"], json.loads(report["entry"])["octets"]))
        self.assertIn("grew from 300 to 1000", landfall("ledger", "verify", "-k", key, other, "--since", older)[0])
        landfall("ledger", "verify", "-k", key, other, code=1)
        # The proof as its specification has it, by hand.
        lines = one.read_text().split("\n")
        self.assertEqual(("c2sp.org/tlog-proof@v1", "index 777"), (lines[0], lines[2]))
        entry = base64.b64decode(lines[1].removeprefix("extra "))
        _, entries = read_log(self.folder / "gone")
        self.assertEqual(entries[777], entry)
        with_wrong = one.read_text().replace("index 777", "index 778")
        one.write_text(with_wrong)
        self.assertIn("not in the tree", landfall("ledger", "verify", "-k", key, one, code=1)[1])
        another = landfall("ledger", "public", "station-1", input=landfall("key", "generate")[0].encode())[0].strip()
        self.assertIn("not signed by this key", landfall("ledger", "verify", "-k", another, one, code=1)[1])

    def test_damage_is_found_and_named_and_does_not_stop_the_rest(self):
        self.make(1500)
        good = self.folder / "good"
        shutil.copytree(self.log, good)
        for damage, path, whole in (("altered", "tile/entries/002", 1499), ("altered", "tile/0/001", 1500),
                                    ("missing", "tile/entries/000", 1244), ("missing", "tile/0/003", 1500),
                                    ("missing", "tile/1/000.p/5", 1500), ("length", "tile/0/005.p/220", 1500)):
            with self.subTest(path=path):
                shutil.rmtree(self.log)
                shutil.copytree(good, self.log)
                file = self.log / path
                if damage == "altered":
                    self.flip(file, 100)
                elif damage == "missing":
                    file.unlink()
                else:
                    file.write_bytes(file.read_bytes()[:-1])
                report = self.verify(code=1)
                self.assertEqual([(damage, path)], [(each["damage"], each["path"]) for each in report["findings"]])
                self.assertEqual(whole, report["good_entries"])
                out, err = landfall("ledger", "show", "-k", self.public().strip(), self.log, code=1)
                self.assertIn(path, err)
                self.assertGreaterEqual(len(out.splitlines()), whole)

    def test_a_log_that_was_cut_or_begun_again_is_found_by_an_older_checkpoint(self):
        self.make(400)
        older = self.folder / "older"
        older.write_bytes((self.log / "checkpoint").read_bytes())
        early = self.folder / "early"
        shutil.copytree(self.log, early)
        self.make(700)
        self.assertEqual("consistent", self.verify("--since", older)["since"])
        later = self.folder / "later"
        later.write_bytes((self.log / "checkpoint").read_bytes())
        shutil.rmtree(self.log)
        shutil.copytree(early, self.log)
        self.assertEqual("longer", self.verify("--since", later, code=1)["since"])
        time.sleep(1.1)
        shutil.rmtree(self.log)
        self.make(700)
        self.assertEqual("other_log", self.verify("--since", older, code=1)["since"])

    def test_killed_again_and_again_it_goes_on_and_loses_nothing_durable(self):
        seed = random.Random(7)
        durable, torn, key = 0, 0, self.folder / "key"
        key.write_text(self.public())
        seen = []
        for run in range(20):
            writer = subprocess.Popen([MAKE_LEDGER, self.log, self.key, "1000000", "7"], stdout=subprocess.PIPE,
                                      text=True)
            try:
                opened = writer.stdout.readline().split()
                self.assertEqual("opened", opened[0])
                self.assertGreaterEqual(int(opened[1]), durable)
                torn += int(opened[3])
                time.sleep(seed.uniform(0.005, 0.3))
            finally:
                writer.kill()
                rest = writer.stdout.read()
                writer.wait()
                writer.stdout.close()
            whole = [int(line) for line in rest.splitlines(keepends=True) if line.endswith("\n")]
            durable = max([durable, int(opened[1]), *whole])
            if (self.log / "checkpoint").exists():
                seen.append((self.log / "checkpoint").read_bytes())
        self.make(durable + 100)
        _, entries = read_log(self.log)
        self.assertGreaterEqual(len(entries), durable + 100)
        self.assertEqual(list(range(1, len(entries) + 1)), [json.loads(entry)["octets"] for entry in entries])
        for note in seen:
            older = self.folder / "older"
            older.write_bytes(note)
            self.assertEqual("consistent", self.verify("--since", older)["since"])
        print(f"20 kills: {durable} entries durable, {torn} torn set aside, {len(seen)} checkpoints consistent")

    def test_words_and_errors(self):
        self.make(10, 10)
        self.assertIn("Example:", landfall("ledger", "--help")[0])
        for arguments in ((), ("nosuch",), ("verify", self.log), ("prove", "-k", "x", self.log),
                          ("prove", "-k", "x", self.log, "1", "--from", "2"), ("public",)):
            landfall("ledger", *arguments, code=2)
        key = self.public().strip()
        self.assertIn("no such", landfall("ledger", "verify", "-k", key, self.folder / "nosuch", code=1)[1])
        self.assertIn("holds neither", landfall("ledger", "verify", "-k", self.key, self.log, code=1)[1])
        self.assertIn("10 entries", landfall("ledger", "prove", "-k", key, self.log, "10", code=1)[1])
        self.assertIn("is no proof", landfall("ledger", "verify", "-k", key, self.log / "checkpoint", code=1)[1])
        lines = landfall("ledger", "show", "-k", key, self.log, "--from", "8", "--json")[0].splitlines()
        self.assertEqual([8, 9], [json.loads(line)["index"] for line in lines])
        self.assertEqual(10, json.loads(lines[1])["entry"]["octets"])


if __name__ == "__main__":
    unittest.main()
