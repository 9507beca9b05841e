# SPDX-License-Identifier: MIT
"""The gateway's ports on net_af_xdp. Its buffers hold no jumbo frames: links of 1500."""
import socket
import time

import stations as lib
from stations import GW_INNER, GW_IPV4, GW_RF_IPV4, GatewayCase
from support import needs


def xdp_there():
    try:
        socket.socket(44, socket.SOCK_RAW).close()  # AF_XDP
    except OSError:
        return False
    return True


class xdp(GatewayCase):
    def setUp(self):
        super().setUp()
        needs(xdp_there(), "AF_XDP sockets")

    def test_a_pass_through_xdp_ports(self):
        for gateway_begins in (True, False):
            with self.subTest(gateway_begins=gateway_begins):
                stations, _ = self.tunnel(driver="net_af_xdp", gateway_begins=gateway_begins)
                collector = stations.collector()
                self.assert_pass_arrives(stations, collector, "a")
                stations.dc.run("ping", "-c", 3, "-i", 0.3, "-W", 2, GW_INNER)
                stations.dc.run("ping", "-c", 3, "-i", 0.3, "-W", 2, GW_IPV4)
                stations.sat.run("ping", "-c", 3, "-i", 0.3, "-W", 2, GW_RF_IPV4)
                self.assertEqual(0, stations.gateway.stop())
                self.assertNotIn("xdp", stations.gw.ip("link", "show", "dev", "rf0"),
                                 "a program is left on the interface")
                stations.close()

    def test_the_link_may_go_and_return(self):
        stations, _ = self.tunnel(driver="net_af_xdp")
        collector = stations.collector()
        stations.sat.ip("link", "set", "rf0", "down")
        stations.dc.ip("link", "set", "mdc0", "down")
        time.sleep(2)
        stations.sat.ip("link", "set", "rf0", "up")
        stations.dc.ip("link", "set", "mdc0", "up")
        stations.dc.run("ping", "-c", 1, "-w", 20, GW_INNER)
        self.assert_pass_arrives(stations, collector, "a", seconds=1.5)


if __name__ == "__main__":
    lib.main()
