# SPDX-License-Identifier: MIT
"""What the README tells the operator of a datacenter's end to type, typed there, behind a firewall that lets nothing
else in; and the example configuration at the other end."""
import os
import pathlib
import re

import stations as lib
from stations import GatewayCase
from support import needs_program

SOURCE = pathlib.Path(os.environ["LANDFALL_SOURCE"])


def blocks():
    """The README's blocks for the datacenter's end: its tunnel, its firewall."""
    text = (SOURCE / "README.md").read_text()
    part = re.search(r"\n3\. \*\*The datacenter's end\*\*.*?\n4\. ", text, re.DOTALL)[0]
    found = re.findall(r"\n   ```\n(.*?)\n   ```\n", part, re.DOTALL)
    return [re.sub(r"^   ", "", block, flags=re.MULTILINE) for block in found]


class readme(GatewayCase):
    def test_the_datacenters_end_as_told_takes_the_example_gateways_frames(self):
        needs_program("nft", "wg-quick")
        stations = self.stations()
        # The example's endpoint is elsewhere, behind a router.
        stations.dc.ip("address", "add", "198.51.100.1/24", "dev", "mdc0")
        stations.dc.ip("address", "add", "203.0.113.7/32", "dev", "lo")
        device = stations.unique("q")  # sockets of all namespaces are in one folder
        tunnel, firewall = (block.replace("wg0", device).replace("/etc/wireguard", str(stations.folder))
                            .replace("GATEWAYS_PUBLIC_KEY", stations.public) for block in blocks())
        stations.dc.run("nft", "add table inet filter; add chain inet filter input "
                               "{ type filter hook input priority 0; policy drop; }")
        name = f"wg-quick up {device}"
        self.assertIn(name, tunnel)
        said = stations.dc.run("sh", "-ec", tunnel.replace(name, f"wg-quick up {stations.folder}/{device}.conf"))
        stations.cleanups.callback(stations.dc.run, "wg-quick", "down", f"{stations.folder}/{device}.conf", code=None)
        stations.dc.run("sh", "-ec", firewall)
        key = re.match(r"[A-Za-z0-9+/]{43}=", said)[0]
        example = (SOURCE / "config/examples/landfall.toml").read_text()
        stations.gateway.start(re.sub(r'public_key = ".*"', f'public_key = "{key}"', example).replace(
            "[tunnel]\n", f'[tunnel]\ninterface = "{stations.gateway.interface}"\n'))
        collector = stations.collector()
        self.assert_pass_arrives(stations, collector, "a", mission="gk2a-lrit", seconds=4)
        self.assertEqual({(lib.GW_INNER, lib.FRAME_PORT)}, collector.sources)


if __name__ == "__main__":
    lib.main()
