# SPDX-License-Identifier: MIT
"""Alert rules and dashboard: right for Prometheus, each alert tested, each metric one that exists."""
import json
import os
import pathlib
import re
import subprocess
import unittest

from support import Case, needs_program

SOURCE = pathlib.Path(os.environ["LANDFALL_SOURCE"])
RULES = SOURCE / "config/prometheus/landfall.rules.yml"
RULES_TEST = SOURCE / "tests/prometheus/rules_test.yml"
DASHBOARD = SOURCE / "config/grafana/landfall.json"


def alerts(text):
    return re.findall(r"^\s+- alert: (\w+)$", text, re.MULTILINE)


def exported():
    """All metrics, from the table that is tested against what a gateway exports."""
    table = (SOURCE / "src/control/README.md").read_text()
    return set(re.findall(r"^\| `(landfall_\w+)` \|", table, re.MULTILINE))


def named(text):
    return set(re.findall(r"\blandfall_\w+", text))


class Alerts(Case):
    def promtool(self, *words):
        needs_program("promtool")
        done = subprocess.run(["promtool", *map(str, words)], capture_output=True, text=True, timeout=120)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)

    def test_prometheus_takes_the_rules(self):
        self.promtool("check", "rules", RULES)

    def test_each_alert_fires_when_it_should_and_only_then(self):
        self.promtool("test", "rules", RULES_TEST)
        tests = RULES_TEST.read_text().split("\n  - name: ")[1:]
        self.assertEqual(alerts(RULES.read_text()), [one.split("\n", 1)[0] for one in tests])
        for one in tests:
            self.assertIn('instance="good"', one)
            self.assertIn('instance: "bad"', one)

    def test_each_alert_is_explained(self):
        explained = re.findall(r"^\| `(Landfall\w+)` \|", (RULES.parent / "README.md").read_text(),
                               re.MULTILINE)
        self.assertEqual(alerts(RULES.read_text()), explained)

    def test_rules_and_dashboard_name_metrics_that_exist(self):
        expressions = "\n".join(re.findall(r"^\s+expr: (.*)$", RULES.read_text(), re.MULTILINE))
        self.assertEqual(set(), named(expressions) - exported())
        panels = json.loads(DASHBOARD.read_text())["panels"]
        queries = [target["expr"] for panel in panels for target in panel.get("targets", [])]
        self.assertGreater(len(queries), 15)
        self.assertEqual(set(), named("\n".join(queries)) - exported())


if __name__ == "__main__":
    unittest.main()
