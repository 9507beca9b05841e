# SPDX-License-Identifier: MIT
"""A stock Prometheus scrapes the gateway."""
import json
import os
import pathlib
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
        rejected = [*after("bad_message", enumerators("crypto/numbers.h", "decrypt_status")),
                    *("handshake_" + one for one in
                      after("bad_message", enumerators("crypto/numbers.h", "handshake_status"))),
                    *("inner_" + one for one in
                      after("not_for_us", enumerators("src/app/tunnel_stage.h", "inner_result"))),
                    "handshake_queue_full"]
        self.assert_reasons(body, "landfall_tunnel_rejected_packets_total", rejected)
        self.assert_reasons(body, "landfall_tunnel_dropped_packets_total",
                            [*after("no_session", enumerators("crypto/numbers.h", "encrypt_status")),
                             *enumerators("src/app/tunnel_stage.h", "stage_drop"), "left_behind"])
        self.assert_reasons(body, "landfall_route_drops_total",
                            enumerators("src/delivery/drop.h", "drop"))
        self.assert_reasons(body, "landfall_port_drops_total",
                            [*enumerators("dataplane/drops.h", "rx_drop"),
                             *enumerators("dataplane/drops.h", "tx_drop"), "imissed", "ierrors",
                             "rx_nombuf", "oerrors"], "port")
        self.assert_reasons(body, "landfall_iq_invalid_packets_total",
                            [*enumerators("src/wire/difi.h", "difi_error"), "other_stream",
                             "no_context", "unfit_sample_rate", "unsteady_context", "behind",
                             "draining", "left_behind"])
        self.assert_reasons(body, "landfall_frames_refused_total",
                            enumerators("src/framing/frame.h", "frame_error"))
        for name in ("landfall_route_drops_total", "landfall_iq_invalid_packets_total",
                     "landfall_frames_refused_total", "landfall_config_reloads_total",
                     "landfall_ring_full_total"):
            self.assertEqual(0, stations.gateway.metric(name), name)
        for secret in (stations.key, stations.psk):
            self.assertNotIn(secret, body)


    def assert_reasons(self, body, name, wanted, more="reason"):
        """A series for each of these reasons and for no other, of each value of the label `more`."""
        found = re.findall(rf"^{name}\{{(.*)\}} \d+$", body, re.MULTILINE)
        labels = [dict(re.findall(r'(\w+)="([^"]*)"', one)) for one in found]
        self.assertTrue(labels, name)
        for value in {one[more] for one in labels} if more != "reason" else {None}:
            reasons = [one["reason"] for one in labels if value in (None, one[more])]
            self.assertEqual(sorted(wanted), sorted(reasons), f"{name} {value}")


def enumerators(header, name):
    """Of an enumeration of the sources: each is a label's value."""
    text = (pathlib.Path(os.environ["LANDFALL_SOURCE"]) / header).read_text()
    body = re.search(rf"enum class {name}\b[^{{]*\{{(.*?)\}};", text, re.DOTALL)[1]
    return re.findall(r"\w+", re.sub(r"//.*|=[^,]*", "", body))


def after(first, names):
    """Those before say that all was well."""
    return names[names.index(first):]


if __name__ == "__main__":
    lib.main("prometheus", "promtool")
