# SPDX-License-Identifier: MIT
"""`landfall key` against stock `wg`: the same public keys, and keys that `wg` takes."""
import base64
import os
import shutil
import subprocess
import unittest

from support import Case, LANDFALL, landfall, needs_program


class keys(Case):
    def test_are_one_line_of_44_characters_and_new_each_time(self):
        for word in ("generate", "preshared"):
            made = {landfall("key", word)[0] for _ in range(3)}
            self.assertEqual(3, len(made))
            for key in made:
                self.assertRegex(key, r"\A[A-Za-z0-9+/]{43}=\n\Z")
                self.assertEqual(32, len(base64.b64decode(key)))

    def test_private_keys_are_clamped(self):
        for _ in range(20):
            key = base64.b64decode(landfall("key", "generate")[0])
            self.assertEqual((0, 0x40), (key[0] & 7, key[31] & 0xC0))

    def test_public_of_rfc_7748(self):
        private = bytes.fromhex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")  # 6.1
        public = bytes.fromhex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")
        out, _ = landfall("key", "public", input=base64.b64encode(private))
        self.assertEqual(public, base64.b64decode(out))

    def test_public_is_what_wg_says(self):
        needs_program("wg")

        def wg(word, text=b""):
            return subprocess.run(["wg", word], input=text, capture_output=True, timeout=20, check=True).stdout

        for make in (lambda: landfall("key", "generate")[0].encode(), lambda: wg("genkey")):
            for _ in range(5):
                private = make()
                self.assertEqual(wg("pubkey", private), landfall("key", "public", input=private)[0].encode())
        wg("pubkey", landfall("key", "preshared")[0].encode())  # 32 octets are a key to wg as well

    def test_what_is_no_key_is_refused(self):
        good = landfall("key", "generate")[0].strip()
        for text in ("", "\n", good[:-1], good + "A", good[:-2] + "B=", "!" + good[1:], good + " x",
                     good[:20] + "\n" + good[20:], good + "\n" * 100, "\0" * 44, good[:-1] + "\0"):
            with self.subTest(text=text):
                out, err = landfall("key", "public", input=text.encode(), code=1)
                self.assertEqual("", out)
                self.assertIn("standard input holds no private key", err)

    def test_a_secret_does_not_go_where_others_read_it_without_a_word(self):
        for mode, warned in ((0o644, True), (0o600, False)):
            path = self.folder / f"key-{mode:o}"
            path.touch()
            path.chmod(mode)
            with open(path, "wb") as out:
                done = subprocess.run([LANDFALL, "key", "generate"], stdout=out, stderr=subprocess.PIPE,
                                      timeout=20, check=True)
            self.assertEqual(warned, b"others may read" in done.stderr)

    def test_words_and_a_full_disk(self):
        self.assertIn("preshared", landfall("key", "--help")[0])
        self.assertIn("Example:", landfall("key", "--help")[0])
        landfall("key", code=2)
        landfall("key", "nosuch", code=2)
        if os.path.exists("/dev/full"):
            with open("/dev/full", "wb") as full:
                done = subprocess.run([LANDFALL, "key", "generate"], stdout=full, stderr=subprocess.PIPE,
                                      timeout=20, check=False)
            self.assertEqual(1, done.returncode)
            self.assertIn(b"standard output", done.stderr)


if __name__ == "__main__":
    unittest.main()
