# SPDX-License-Identifier: MIT
"""`landfall run` as a process: what it says, how it ends, and a second one beside it. On DPDK's own
devices, so without interfaces; nothing here needs root but to become somebody else."""
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import unittest

from support import Case, LANDFALL, needs_root, program_environment

PEER = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="
KEY = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk="
READY = "is running: 2 ports, 1 carrier, 1 peer, 1 route"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class run(Case):
    def setUp(self):
        super().setUp()
        self.metrics = free_port()
        self.number = 0

    def write(self, name, metrics=None, control="control.sock", interface=None, mdc="net_null1,no-rx=1"):
        path = self.folder / f"{name}.toml"
        path.write_text(f"""config_version = 1
[gateway]
control_socket = "{self.folder}/{control}"
[[port]]
name = "rf"
device = "net_null0,no-rx=1"
address = ["192.0.2.10/24"]
[[port]]
name = "mdc"
device = "{mdc}"
address = ["198.51.100.10/24"]
[[carrier]]
name = "a"
mission = "gk2a-lrit"
port = "rf"
[tunnel]
port = "mdc"
private_key_file = "tunnel.key"
address = ["10.77.0.1/24"]
interface = "{interface or f'lf{os.getpid()}'}"
[[peer]]
name = "p"
public_key = "{PEER}"
endpoint = "198.51.100.7:51820"
allowed_ips = ["10.77.0.7"]
[[route]]
carrier = "a"
to = "p"
udp = "10.77.0.7:50011"
[metrics]
listen = "127.0.0.1:{metrics or self.metrics}"
""")
        key = self.folder / "tunnel.key"
        if not key.exists():
            key.touch(mode=0o600)
            key.write_text(KEY + "\n")
        return path

    def start(self, path, binary=LANDFALL, **more):
        self.number += 1
        log = self.folder / f"{self.number}.log"
        with log.open("w") as out:
            process = subprocess.Popen(
                [binary, "run", "-c", path], stdout=out, stderr=out,
                env=program_environment(STATE_DIRECTORY=str(self.folder / "state")), **more)

        def end():
            process.kill()
            process.wait()

        self.addCleanup(end)
        return process, log

    def wait_for(self, process, log, text, seconds=60):
        end = time.monotonic() + seconds
        while text not in log.read_text():
            self.assertIsNone(process.poll(), log.read_text())
            self.assertLess(time.monotonic(), end, log.read_text())
            time.sleep(0.05)

    def ended(self, path, code, **more):
        process, log = self.start(path, **more)
        self.assertEqual(code, process.wait(60), log.read_text())
        return log.read_text()

    def test_from_its_first_line_to_its_last(self):
        process, log = self.start(self.write("landfall"))
        self.wait_for(process, log, READY)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(0, process.wait(30))
        lines = log.read_text().splitlines()
        for line in lines:
            self.assertRegex(line, rf"^{TIME} (info|warning) ")
        self.assertRegex(lines[-1], " info stopped$")
        self.assertEqual(1, sum("stopping: delivering what was received" in line for line in lines))
        self.assertFalse((self.folder / "control.sock").exists())

    def test_a_second_one_is_told_what_it_needs_of_its_own(self):
        first, log = self.start(self.write("landfall"))
        self.wait_for(first, log, READY)
        said = self.ended(self.write("second"), 1)
        self.assertIn(f"[metrics] listen: cannot listen on 127.0.0.1:{self.metrics}: ", said)
        self.assertIn("a second gateway on this machine needs a listen of its own", said)
        self.assertNotIn("DPDK", said)  # nothing was done to a port
        own = {"metrics": free_port(), "interface": f"lf{os.getpid()}b"}
        said = self.ended(self.write("second", **own), 1)
        self.assertIn(f"{self.folder}/control.sock", said)
        self.assertIn("needs a control_socket in [gateway] of its own", said)
        self.assertNotIn("DPDK", said)
        second, log = self.start(self.write("second", control="second.sock", **own))
        self.wait_for(second, log, READY)
        for process in (first, second):
            self.assertIsNone(process.poll())
            process.send_signal(signal.SIGTERM)
        self.assertEqual([0, 0], [first.wait(30), second.wait(30)])

    def test_a_missing_capability_is_one_line(self):
        needs_root("to become somebody else")
        self.folder.chmod(0o777)
        binary = self.folder / "landfall"
        shutil.copy(LANDFALL, binary)
        path = self.write("landfall", mdc="net_af_packet1,iface=lo")
        os.chown(self.folder / "tunnel.key", 65534, 65534)
        said = self.ended(path, 77, binary=binary, user=65534, group=65534, extra_groups=[])
        lines = [line for line in said.splitlines() if "CAP_" in line or "DPDK" in line or "error" in line]
        self.assertEqual(1, len(lines), said)
        self.assertRegex(lines[0], rf"^{TIME} error port mdc \(net_af_packet1,iface=lo\): needs CAP_NET_RAW "
                                   "and CAP_NET_ADMIN: ")


if __name__ == "__main__":
    unittest.main(verbosity=2)
