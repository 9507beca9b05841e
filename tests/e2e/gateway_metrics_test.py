# SPDX-License-Identifier: MIT
"""A stock Prometheus scrapes the gateway."""
import json
import re
import subprocess
import urllib.parse

import stations as lib
from stations import GatewayCase, wait_for


class metrics(GatewayCase):
    def test_prometheus_scrapes_and_sees_the_pass(self):
        stations, _ = self.tunnel()
        settings = stations.folder / "prometheus.yml"
        settings.write_text("global: {scrape_interval: 1s}\nscrape_configs:\n- job_name: landfall\n"
                            "  static_configs:\n  - targets: ['127.0.0.1:9464']\n")
        server = stations.gw.start(
            "prometheus", f"--config.file={settings}", "--web.listen-address=127.0.0.1:9090",
            f"--storage.tsdb.path={stations.folder / 'prometheus'}",
            log=stations.folder / "prometheus.log")
        stations.cleanups.callback(server.wait)
        stations.cleanups.callback(server.kill)

        def value(query):
            try:
                body = stations.gw.get(9090, "/api/v1/query?" +
                                       urllib.parse.urlencode({"query": query}))
            except (OSError, AssertionError):  # not there yet
                return None
            result = json.loads(body)["data"]["result"]
            return float(result[0]["value"][1]) if result else None

        wait_for(lambda: value('up{job="landfall"}') == 1, 30, "up == 1")
        collector = stations.collector()
        self.assert_pass_arrives(stations, collector, "a")
        count = stations.gateway.metric("landfall_route_packets_total")
        self.assertGreater(count, 100)
        wait_for(lambda: value("sum(landfall_route_packets_total)") == count, 10,
                 "the pass in Prometheus")
        self.assertEqual(1, value("landfall_port_up{port='rf'}"))
        targets = json.loads(stations.gw.get(9090, "/api/v1/targets"))["data"]["activeTargets"]
        self.assertEqual([("up", "")], [(one["health"], one["lastError"]) for one in targets])

    def test_promtool_finds_nothing_wrong_and_every_drop_reason_starts_at_zero(self):
        stations, _ = self.tunnel()
        body = stations.gw.get(9464, "/metrics")
        done = subprocess.run(["promtool", "check", "metrics"], input=body.encode(),
                              capture_output=True)
        self.assertEqual((0, b""), (done.returncode, done.stderr), done.stdout.decode())
        for name in ("landfall_route_drops_total", "landfall_port_drops_total",
                     "landfall_tunnel_rejected_packets_total"):
            self.assertGreater(len(re.findall(rf'^{name}\{{.*reason="', body, re.MULTILINE)), 3, name)
        self.assertEqual(0, stations.gateway.metric("landfall_route_drops_total"))
        for secret in (stations.key, stations.psk):
            self.assertNotIn(secret, body)


if __name__ == "__main__":
    lib.main("prometheus", "promtool")
