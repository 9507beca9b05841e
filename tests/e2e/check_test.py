# SPDX-License-Identifier: MIT
"""`landfall check`: what it says of good and of bad configurations, word for word."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import unittest

from support import Case, LANDFALL, MISSIONS, landfall, needs, needs_root, program_environment

CONFIGURATION = 78
KEY = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="
OWN_KEY = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk="  # of the wg manual's examples
GOOD = f"""config_version = 1
[[port]]
name = "rf"
device = "net_null0"
address = ["192.0.2.10/24"]
[[port]]
name = "mdc"
device = "net_af_packet1,iface=lo"
address = ["198.51.100.10/24"]
gateway = ["198.51.100.1"]
[[carrier]]
name = "a"
mission = "gk2a-lrit"
port = "rf"
[tunnel]
port = "mdc"
private_key_file = "tunnel.key"
address = ["10.77.0.1/24"]
[[peer]]
name = "p"
public_key = "{KEY}"
endpoint = "203.0.113.7:51820"
allowed_ips = ["10.77.0.7"]
[[route]]
carrier = "a"
to = "p"
udp = "10.77.0.7:50011"
"""


class check(Case):
    def setUp(self):
        super().setUp()
        self.path = self.folder / "landfall.toml"
        self.write("landfall.toml", GOOD)
        self.write("tunnel.key", OWN_KEY + "\n", 0o600)

    def write(self, name, text, mode=0o644):
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(mode)

    def check(self, *more, code=0):
        return landfall("check", "-c", "landfall.toml", *more, code=code, cwd=self.folder)

    def test_keys_that_are_none_and_rates_that_do_not_fit(self):
        self.write("tunnel.key", "secret-secret\n", 0o600)
        self.write("landfall.toml", GOOD.replace('mission = "gk2a-lrit"', 'mission = "gk2a-lrit"\nsample_rate_hz = "100 kHz"'))
        _, err = self.check(code=CONFIGURATION)
        self.assertIn("landfall.toml:18:20: error: private_key_file: ", err)
        self.assertNotIn("secret-secret", err)
        self.assertIn("landfall.toml:14:18: error: sample_rate_hz: ", err)
        self.assertIn("100000 samples/s for 128000 symbols/s", err)

    def test_a_peer_with_the_gateways_own_key(self):
        public, _ = landfall("key", "public", input=(OWN_KEY + "\n").encode())
        self.write("landfall.toml", GOOD.replace(KEY, public.strip()))
        _, err = self.check(code=CONFIGURATION)
        self.assertIn("public_key: it is the gateway's own", err)

    def test_run_without_a_file_looks_where_it_says(self):
        needs(not pathlib.Path("/etc/landfall/landfall.toml").exists(), "a machine without a configuration")
        _, err = landfall("run", code=CONFIGURATION)
        self.assertEqual("/etc/landfall/landfall.toml: error: no such file\n", err)

    def test_a_good_one(self):
        out, err = self.check()
        self.assertEqual("landfall.toml: ok: 2 ports, 1 carrier, 1 peer, 1 route\n", out)
        self.assertEqual("", err)

    def test_json(self):
        report = json.loads(self.check("--json")[0])
        self.assertEqual((1, True, [], [], {"ports": 2, "carriers": 1, "peers": 1, "routes": 1}),
                         tuple(report[k] for k in ("schema", "ok", "errors", "warnings", "counts")))
        self.write("conf.d/1.toml", "[gateway]\nnam = 1\n")
        report = json.loads(self.check("--json", code=CONFIGURATION)[0])
        self.assertFalse(report["ok"])
        self.assertEqual([{"file": "conf.d/1.toml", "line": 2, "column": 1,
                           "message": "unknown key 'nam'; did you mean 'name'?"}],
                         report["errors"])

    def test_print_shows_origins_and_loads_again(self):
        self.write("conf.d/1.toml", "[gateway]\nname = \"north\"\n")
        out, _ = self.check("--print")
        for line in ('name = "north"  # conf.d/1.toml:2', 'idle = "backoff"  # default',
                     'mtu = 1500  # default', 'private_key_file = "tunnel.key"  # landfall.toml:17'):
            self.assertIn("\n" + line + "\n", out)
        self.assertRegex(out, r'\nconvolutional = "1/2"  # \S*gk2a-lrit.toml:\d+\n')
        self.assertNotIn("secret", out)
        (self.folder / "conf.d" / "1.toml").unlink()
        self.write("landfall.toml", out)
        again, _ = self.check("--print")
        self.assertEqual([line.rsplit("  # ", 1)[0] for line in out.splitlines()],
                         [line.rsplit("  # ", 1)[0] for line in again.splitlines()])

    def test_many_mistakes_at_once(self):
        self.write("landfall.toml", GOOD.replace("[[route]]", "[[routes]]").replace(
            '"198.51.100.1"', '"198.51.0.1"').replace("device = \"net_null0\"",
                                                      "device = \"eth0\"\nmtu = \"9 MHz\""))
        self.write("conf.d/20-more.toml", f"""[tunnel]
mtu = 1450
[[peer]]
name = "p"
public_key = "{KEY}"
allowed_ips = ["10.77.0.0/28", "10.1.2.3/8"]
[[route]]
carrier = ["a", "aa"]
to = "q"
as = "ip"
udp = "10.77.0.9:1"
""")
        _, err = self.check(code=CONFIGURATION)
        self.assertEqual("""landfall.toml:4:10: error: device: "eth0" is not a PCI address ("0000:3b:00.0") or a virtual device ("net_af_packet,iface=eth0")
    device = "eth0"
             ^
landfall.toml:5:7: error: mtu: "9 MHz" has a wrong unit: expected a number and one of B, kB, MB, GB, KiB, MiB, GiB
    mtu = "9 MHz"
          ^
landfall.toml:11:12: error: gateway: 198.51.0.1 is in no network of the port's addresses
    gateway = ["198.51.0.1"]
               ^
landfall.toml:25:3: error: unknown key 'routes'; did you mean 'route'?
    [[routes]]
      ^
conf.d/20-more.toml:2:7: error: mtu: 1450 does not go through port "mdc" with its mtu of 1500: 1440 at most
    mtu = 1450
          ^
conf.d/20-more.toml:4:8: error: name: "p" is another peer's, landfall.toml:21:8
    name = "p"
           ^
conf.d/20-more.toml:5:14: error: public_key: is another peer's, landfall.toml:22:14
    public_key = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="
                 ^
conf.d/20-more.toml:6:16: error: allowed_ips: 10.77.0.0/28 overlaps 10.77.0.7/32 of peer "p", landfall.toml:24:16
    allowed_ips = ["10.77.0.0/28", "10.1.2.3/8"]
                   ^
conf.d/20-more.toml:6:32: error: allowed_ips: "10.1.2.3/8" has bits behind its length: "10.0.0.0/8" is the network, "10.1.2.3" the host
    allowed_ips = ["10.77.0.0/28", "10.1.2.3/8"]
                                   ^
conf.d/20-more.toml:8:17: error: carrier: there is none named "aa"; there are: "a"
    carrier = ["a", "aa"]
                    ^
conf.d/20-more.toml:9:6: error: to: there is none named "q"; there are: "p", "p"
    to = "q"
         ^
conf.d/20-more.toml:11:7: error: udp: is for routes as "frames", "packets", "iq", not "ip"
    udp = "10.77.0.9:1"
          ^
""", err)

    def test_what_the_machine_lacks(self):
        self.write("landfall.toml", GOOD.replace("iface=lo", "iface=nowhere0").replace(
            "net_null0", "net_pcap0,rx_pcap=no.pcap") + "[lcores]\nio = [1023]\n")
        (self.folder / "tunnel.key").unlink()
        _, err = self.check(code=CONFIGURATION)
        cpus = os.sysconf("SC_NPROCESSORS_CONF")
        for line in ('landfall.toml:4:10: error: device: no.pcap: No such file or directory',
                     'landfall.toml:8:10: error: device: no network interface is named "nowhere0"',
                     "landfall.toml:17:20: error: private_key_file: key file 'tunnel.key': No such file or directory; "
                     "`(umask 077; landfall key generate > tunnel.key)` makes one",
                     f"landfall.toml:29:7: error: io: there is no CPU 1023 here, just 0 to {cpus - 1}"):
            self.assertIn(line + "\n", err)

    def test_what_the_machine_may_have_later_is_worth_another_try(self):
        self.write("landfall.toml", GOOD.replace("iface=lo", "iface=nowhere0"))
        for word in ("check", "run"):
            _, err = landfall(word, "-c", "landfall.toml", code=75, cwd=self.folder)
            self.assertIn('no network interface is named "nowhere0"', err)

    def test_mistakes_in_the_text_do_not_hide_what_the_machine_lacks(self):
        self.write("landfall.toml", GOOD.replace("iface=lo", "iface=nowhere0").replace(
            'mission = "gk2a-lrit"', 'mission = "gk2a-lirt"') + "[lcores]\nio = [1023]\n[[routes]]\n")
        (self.folder / "tunnel.key").unlink()
        _, err = self.check(code=CONFIGURATION)
        found = re.findall(r"^landfall.toml:(\d+):\d+: error: (\w+)", err, re.MULTILINE)
        self.assertEqual(["device", "mission", "private_key_file", "io", "unknown"],
                         [message for _, message in found], err)

    def test_a_key_that_everyone_can_read_is_a_warning(self):
        self.write("tunnel.key", OWN_KEY + "\n", 0o644)
        out, err = self.check()
        self.assertIn(": ok: ", out)
        self.assertIn("landfall.toml:17:20: warning: private_key_file: key file 'tunnel.key': others "
                      "may read or change it; `chmod 600` it\n", err)

    def test_the_file_may_stand_alone(self):
        out, _ = landfall("check", self.path)
        self.assertTrue(out.startswith(f"{self.path}: ok: "), out)
        _, err = landfall("check", self.path, "-c", self.path, code=2)
        self.assertIn("--config", err)

    def test_the_example_says_what_is_left_to_do(self):
        example = pathlib.Path(os.environ["LANDFALL_SOURCE"]) / "config/examples/landfall.toml"
        self.write("landfall.toml", example.read_text().replace("iface=rf0", "iface=lo"))
        _, err = self.check(code=CONFIGURATION)
        self.assertRegex(err, r"landfall.toml:\d+:14: error: public_key: ")
        self.assertIn("`landfall key public < tunnel.key`", err)

    def test_a_key_that_may_not_be_read_is_a_missing_permission(self):
        needs_root("to become somebody else")
        self.folder.chmod(0o755)
        binary = self.folder / "landfall"
        shutil.copy(LANDFALL, binary)
        for code, text in ((77, GOOD), (CONFIGURATION, GOOD.replace("net_null0", "net_nul0"))):
            self.write("landfall.toml", text)
            for word in ("check", "run"):
                done = subprocess.run([binary, word, "-c", "landfall.toml"], cwd=self.folder, timeout=60,
                                      env=program_environment(), capture_output=True, text=True,
                                      user=65534, group=65534, extra_groups=[])
                self.assertEqual(code, done.returncode, done.stderr)
                self.assertIn("key file 'tunnel.key': Permission denied", done.stderr)

    def test_every_argument_that_a_driver_describes_is_known(self):
        """The drivers' libraries hold their descriptions: what dpdk-pmdinfo shows."""
        described = {}
        for library in pathlib.Path("/usr/lib").glob("*/dpdk/pmds-*/librte_net_*.so"):
            for found in re.findall(rb'PMD_INFO_STRING= (\{[^\0]*\})\0', library.read_bytes()):
                driver = json.loads(found)
                if "params" in driver:
                    described[driver["name"]] = re.findall(r"([a-z_-]+)=", driver["params"])
        needs(described, "the drivers of DPDK")
        self.assertIn("net_af_packet", described)
        # Not net_memif, whose description has no blanks between its arguments.
        for driver in sorted({"net_af_packet", "net_af_xdp", "net_null", "net_pcap", "net_tap",
                              "net_tun", "net_vhost", "net_virtio_user", "net_softnic", "net_bonding",
                              "net_vdev_netvsc"} & set(described)):
            words = "".join(f",{word}=lo" for word in described[driver])
            self.assertTrue(words, driver)
            self.write("landfall.toml", GOOD.replace("net_null0", driver + "7" + words).replace(
                "net_af_packet1,iface=lo", "net_null1"))
            _, err, _ = landfall("check", "-c", "landfall.toml", code=None, cwd=self.folder)
            self.assertNotIn("DPDK has no", err)

    def test_text_without_quotes(self):
        self.write("landfall.toml", GOOD.replace('"gk2a-lrit"', "gk2a-lrit"))
        _, err = self.check(code=CONFIGURATION)
        self.assertEqual('landfall.toml:13:11: error: text needs quotes: "gk2a-lrit"\n'
                         "    mission = gk2a-lrit\n              ^\n", err)

    def test_missions_beside_a_program_that_was_moved(self):
        program = self.folder / "opt/bin/landfall"
        program.parent.mkdir(parents=True)
        shutil.copy(LANDFALL, program)
        shutil.copytree(MISSIONS, self.folder / "opt/share/landfall/missions")
        environment = {key: value for key, value in os.environ.items() if key != "LANDFALL_MISSIONS"}
        done = subprocess.run([program, "missions"], capture_output=True, text=True, timeout=60, env=environment)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn("gk2a-lrit", done.stdout)

    def test_no_file(self):
        _, err = landfall("check", "-c", self.folder / "none.toml", code=CONFIGURATION)
        self.assertEqual(f"{self.folder / 'none.toml'}: error: no such file\n", err)

    def test_help_has_an_example(self):
        self.assertIn("landfall check -c ", landfall("check", "--help")[0])


if __name__ == "__main__":
    unittest.main()
