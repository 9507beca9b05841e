# SPDX-License-Identifier: MIT
"""The service's files: installed whole, understood by systemd's own tools, and as tight as said."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from support import Case, needs_program, needs_root

BUILD = pathlib.Path(os.environ["LANDFALL_BUILD"])
SOURCE = pathlib.Path(os.environ["LANDFALL_SOURCE"])
# The exposure that systemd may find at most, 0 (none) to 10.
MOST_EXPOSED = {None: 1.4, "vfio": 1.6, "tap": 1.9, "host": 1.9, "pcap": 1.8, "af_packet": 2.0, "af_xdp": 2.6}
CAPABILITIES = {None: "", "vfio": "", "tap": "CAP_NET_ADMIN", "host": "CAP_NET_ADMIN", "pcap": "CAP_NET_RAW",
                "af_packet": "CAP_NET_RAW CAP_NET_ADMIN",
                "af_xdp": "CAP_NET_RAW CAP_NET_ADMIN CAP_IPC_LOCK CAP_SYS_ADMIN"}


def run(*command, code=0):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          timeout=120, env={**os.environ, "LC_ALL": "C"})
    if code is not None and done.returncode != code:
        raise AssertionError(f"{command}\nexit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


class Systemd(Case):
    @classmethod
    def setUpClass(cls):
        needs_program("systemd-analyze", "systemd-sysusers", "systemd-tmpfiles")
        cls.tree = pathlib.Path(tempfile.mkdtemp(prefix="landfall-e2e-")) / "root"
        cls.addClassCleanup(shutil.rmtree, cls.tree.parent, ignore_errors=True)
        done = subprocess.run(["meson", "install", "--no-rebuild", "--strip", "--quiet", "-C", str(BUILD)],
                              env={**os.environ, "DESTDIR": str(cls.tree)}, capture_output=True,
                              text=True, timeout=120)
        if done.returncode != 0:
            raise AssertionError(done.stdout + done.stderr)
        options = json.loads(run("meson", "introspect", "--buildoptions", BUILD))
        cls.prefix = next(one["value"] for one in options if one["name"] == "prefix").lstrip("/")

    def install(self):
        """What `meson install` put into DESTDIR, a copy. Returns it and, in it, the prefix."""
        root = self.folder / "root"
        shutil.copytree(self.tree, root, copy_function=os.link)
        return root, root / self.prefix

    def test_every_file_is_installed(self):
        root, prefix = self.install()
        share = prefix / "share" / "landfall"
        wanted = [prefix / "bin/landfall", prefix / "lib/systemd/system/landfall.service",
                  prefix / "lib/sysusers.d/landfall.conf", prefix / "lib/tmpfiles.d/landfall.conf",
                  share / "systemd/hugepages.conf", share / "systemd/70-landfall-vfio.rules",
                  share / "systemd/README.md", share / "missions/generic-ccsds.toml"]
        wanted += [share / "systemd/drop-ins" / f"{name}.conf" for name in MOST_EXPOSED if name]
        for file in wanted:
            self.assertTrue(file.is_file(), file)
        shipped = {file.stem for file in (SOURCE / "systemd/drop-ins").iterdir()}
        self.assertEqual(shipped, {name for name in MOST_EXPOSED if name})
        unit = (prefix / "lib/systemd/system/landfall.service").read_text()
        self.assertNotRegex(unit, "@[a-z]+@")
        binary = re.search("^ExecStart=([^ ]+)", unit, re.M).group(1)
        binary = root / binary.lstrip("/")
        self.assertTrue(os.access(binary, os.X_OK), binary)
        self.assertLess(binary.stat().st_size, 20e6)  # without its debugging symbols
        listed = subprocess.run([binary, "missions"], capture_output=True, text=True, timeout=60,
                                env={"PATH": os.environ["PATH"]})  # finds its own, wherever it is
        self.assertEqual((0, ""), (listed.returncode, listed.stderr))
        self.assertIn("gk2a-lrit", listed.stdout)

    def analysed(self, name):
        """A tree with the unit, and with a drop-in in its place."""
        root, prefix = self.install()
        unit = prefix / "lib/systemd/system/landfall.service"
        place = root / "etc/systemd/system"
        place.mkdir(parents=True)
        shutil.copy(unit, place)
        if name is not None:
            (place / "landfall.service.d").mkdir()
            shutil.copy(prefix / f"share/landfall/systemd/drop-ins/{name}.conf",
                        place / "landfall.service.d")
        for target in ("multi-user", "network-online", "sysinit", "basic", "shutdown", "sockets"):
            (place / f"{target}.target").write_text("[Unit]\n")
        (place / "systemd-sysctl.service").write_text("[Service]\nExecStart=/bin/true\n")
        (root / "bin").mkdir(exist_ok=True)
        for program in (root / "bin/true", root / "usr/sbin/ip"):
            program.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy("/bin/true", program)
        return root

    def test_systemd_finds_nothing_wrong_and_little_exposed(self):
        for name, most in MOST_EXPOSED.items():
            with self.subTest(drop_in=name):
                shutil.rmtree(self.folder / "root", ignore_errors=True)
                root = self.analysed(name)
                complaints = run("systemd-analyze", "verify", "--man=no", f"--root={root}",
                                 "landfall.service")
                self.assertEqual(complaints.strip(), "")
                table = run("systemd-analyze", "security", "--offline=true", "--no-pager",
                            f"--root={root}", "landfall.service")
                exposed = float(re.search("Overall exposure level.*: ([0-9.]+)", table).group(1))
                print(f"exposure with {name or 'no drop-in'}: {exposed} (at most {most})",
                      file=sys.stderr)
                self.assertLessEqual(exposed, most, table)

    def test_a_mistake_in_a_unit_is_seen(self):
        root = self.analysed(None)
        unit = root / "etc/systemd/system/landfall.service" # a copy, not a link
        unit.write_text(unit.read_text().replace("ProtectHome=yes", "ProtectHom=yes"))
        complaints = run("systemd-analyze", "verify", "--man=no", f"--root={root}",
                         "landfall.service", code=None)
        self.assertIn("ProtectHom", complaints)

    def test_each_drop_in_gives_just_the_capabilities_of_its_driver(self):
        for name, wanted in CAPABILITIES.items():
            file = f"drop-ins/{name}.conf" if name else "landfall.service.in"
            text = (SOURCE / "systemd" / file).read_text()
            for key in ("CapabilityBoundingSet", "AmbientCapabilities"):
                given = re.findall(f"^{key}=(.*)$", text, re.M)
                self.assertEqual(given, [wanted] if wanted or name is None else [], file)

    def test_users_and_folders(self):
        root, prefix = self.install()
        (root / "etc").mkdir(exist_ok=True)
        users = run("systemd-sysusers", "--dry-run", f"--root={root}",
                    prefix / "lib/sysusers.d/landfall.conf")
        self.assertRegex(users, "Would create group landfall|Creating group .*landfall")
        self.assertRegex(users, "Would create user landfall|Creating user .*landfall")
        # systemd-tmpfiles of Debian 12 has no dry run: it works in the tree.
        needs_root("to give folders to landfall")
        run("systemd-sysusers", f"--root={root}", prefix / "lib/sysusers.d/landfall.conf")
        run("systemd-tmpfiles", "--create", f"--root={root}",
            prefix / "lib/tmpfiles.d/landfall.conf")
        for folder, mode in (("etc/landfall", 0o755), ("etc/landfall/conf.d", 0o755),
                             ("run/wireguard", 0o1775)):
            self.assertEqual((root / folder).stat().st_mode & 0o7777, mode, folder)
        landfall = next(line for line in (root / "etc/passwd").read_text().splitlines()
                        if line.startswith("landfall:")).split(":")
        sockets = (root / "run/wireguard").stat()
        group = next(line for line in (root / "etc/group").read_text().splitlines()
                     if line.startswith("landfall-tunnel:")).split(":")
        self.assertEqual((sockets.st_uid, sockets.st_gid), (0, int(group[2])))
        self.assertIn(group[3], ("", "landfall"))  # nobody else
        self.assertIn("nologin", landfall[6])


if __name__ == "__main__":
    unittest.main()
