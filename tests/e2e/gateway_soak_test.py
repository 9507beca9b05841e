# SPDX-License-Identifier: MIT
"""Real time, nothing lost: a pass of gk2a-lrit and one of goes-hrit, for the seconds that the
arguments say, at the same time on one gateway."""
import sys

import stations as lib
from stations import CARRIER, FRAME_PORT, DC_INNER, GatewayCase, PATIENCE, ROUTE, sent_frames

SECONDS = {"gk2a-lrit": 30.0, "goes-hrit": 30.0}


class soak(GatewayCase):
    def test_passes_of_two_satellites(self):
        carriers = [CARRIER, {**CARRIER, "name": '"gk2a"', "mission": '"gk2a-lrit"',
                              "stream_id": "0x1002"}]
        routes = [ROUTE, {**ROUTE, "carrier": '"gk2a"', "udp": f'"{DC_INNER}:{FRAME_PORT + 1}"'}]
        stations, _ = self.tunnel(carriers=carriers, routes=routes)
        passes = []
        for number, mission in enumerate(("goes-hrit", "gk2a-lrit")):
            collector = stations.collector(port=FRAME_PORT + number)
            process, folder = stations.simulate(mission, mission, seconds=SECONDS[mission],
                                                stream=0x1001 + number)
            passes.append((mission, collector, process, folder))
        for mission, collector, process, folder in passes:
            limit = SECONDS[mission] * 1.5 + 60
            self.assertEqual(0, process.wait(limit * PATIENCE), mission)
            sent = sent_frames(folder, 892)
            self.assert_arrived(sent, collector)
            count = sum(map(len, sent.values()))
            during = collector.times[count - 1] - collector.times[0]
            print(f"{mission}: {count} frames in {during:.1f} s, none lost")
            self.assertGreater(during, 0.9 * SECONDS[mission] - 3, "faster than real time")
        gateway = stations.gateway
        self.assertEqual(0, gateway.metric("landfall_route_drops_total"))
        self.assertEqual(0, gateway.metric("landfall_ring_full_total"))
        self.assertEqual(0, gateway.metric("landfall_iq_lost_packets_total"))
        self.assertEqual(0, gateway.stop())


if __name__ == "__main__":
    if len(sys.argv) > 1:
        SECONDS["gk2a-lrit"], SECONDS["goes-hrit"] = map(float, sys.argv[1:3])
        del sys.argv[1:]
    lib.main()
