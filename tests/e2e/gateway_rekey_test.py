# SPDX-License-Identifier: MIT
"""A new session under traffic, nothing lost: 120 s after the first one, whichever end began. Two
gateways at the same time, one of each role."""
import stations as lib
from stations import GatewayCase, PATIENCE, sent_frames

CARRIER = {**lib.CARRIER, "mission": '"gk2a-lrit"'}
SECONDS = 150


class rekey(GatewayCase):
    def test_a_rekey_under_traffic_loses_nothing(self):
        runs = []
        for gateway_begins in (True, False):
            stations, dc = self.tunnel(gateway_begins=gateway_begins, carriers=[CARRIER])
            collector = stations.collector()
            first = dc.handshakes(stations.public)
            process, folder = stations.simulate("a", "gk2a-lrit", seconds=SECONDS)
            runs.append((stations, dc, collector, first, process, folder, gateway_begins))
        came = []  # until the second handshake
        for stations, dc, collector, first, *_ in runs:
            second = lib.wait_for(lambda: dc.handshakes(stations.public) > first and
                                  dc.handshakes(stations.public), SECONDS, "a second handshake")
            self.assertGreaterEqual(second - first, 110)
            came.append(len(collector.datagrams))
            self.assertGreater(came[-1], 500, "frames before it")
        for (stations, _, collector, _, process, folder, gateway_begins), before in zip(runs, came):
            with self.subTest(gateway_begins=gateway_begins):
                self.assertEqual(0, process.wait(SECONDS * PATIENCE))
                sent = sent_frames(folder, 892)
                self.assertGreater(sum(map(len, sent.values())), before + 20, "frames after it")
                self.assert_arrived(sent, collector)
                self.assertGreater(stations.gateway.metric("landfall_tunnel_key_rotations_total"), 1)


if __name__ == "__main__":
    lib.main()
