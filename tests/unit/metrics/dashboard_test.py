"""scripts/grafana/orchestrator.json against the table of metrics in orchestrator/metrics/README.md."""
import json
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
SUFFIXES = {"histogram": ("_bucket", "_count", "_sum"), "summary": ("", "_count", "_sum")}


def documented() -> dict[str, tuple[str, set[str]]]:
    """Each name that can be queried -> its metric's type and labels."""
    names = {}
    for line in (ROOT / "orchestrator/metrics/README.md").read_text().splitlines():
        if not line.startswith("| `"):
            continue
        _, metric, kind, labels, *_ = [cell.strip() for cell in line.split("|")]
        labels = set(re.findall(r"`([^`]*)`", labels))
        for suffix in SUFFIXES.get(kind, ("",)):
            extra = {"le"} if suffix == "_bucket" else {"quantile"} if kind == "summary" and not suffix else set()
            names[metric.strip("`") + suffix] = (kind, labels | extra)
    return names


def selectors(expression: str) -> list[tuple[str, set[str]]]:
    """The metrics of a PromQL expression, each with the labels that its selector names."""
    found = []
    bare = re.sub(r'"[^"]*"', '""', re.sub(r"\bby \([^)]*\)", "", expression))
    for match in re.finditer(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(\{[^}]*\})?", bare):
        name, braces = match.groups()
        is_function = bare[match.end():].startswith("(") or name == "sum"
        is_variable = bare[:match.start()].endswith("$")
        if not is_function and not is_variable:
            found.append((name, set(re.findall(r"(\w+)\s*[=!]", braces or ""))))
    return found


class DashboardTest(unittest.TestCase):
    def setUp(self):
        self.dashboard = json.loads((ROOT / "scripts/grafana/orchestrator.json").read_text())
        self.metrics = documented()
        self.variables = {variable["name"]: variable for variable in self.dashboard["templating"]["list"]}

    def targets(self):
        """Title and target of every query."""
        for panel in self.dashboard["panels"]:
            for target in panel.get("targets", []):
                yield panel["title"], target

    def test_queries_only_metrics_that_exist_with_labels_that_they_have(self):
        count = 0
        for title, target in self.targets():
            for name, labels in selectors(target["expr"]):
                count += 1
                self.assertIn(name, self.metrics, f"{title}: {target['expr']}")
                self.assertLessEqual(labels, self.metrics[name][1] | {"instance"}, f"{title}: {target['expr']}")
        self.assertGreater(count, 50, "the queries were not understood")

    def test_groups_and_names_lines_by_labels_that_exist(self):
        for title, target in self.targets():
            own = set().union(*(self.metrics[name][1] for name, _ in selectors(target["expr"])))
            groups = {label.strip() for group in re.findall(r"\bby \(([^)]*)\)", target["expr"])
                      for label in group.split(",")}
            self.assertLessEqual(groups, own, f"{title}: {target['expr']}")
            shown = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            left = groups if "sum" in target["expr"] else own
            self.assertLessEqual(shown, left, f"{title}: {target['legendFormat']}")

    def test_shows_every_metric(self):
        shown = {name for _, target in self.targets() for name, _ in selectors(target["expr"])}
        for name, (kind, _) in self.metrics.items():
            stem = re.sub("_(bucket|count|sum)$", "", name) if kind in SUFFIXES else name
            self.assertTrue(any(stem + suffix in shown for suffix in SUFFIXES.get(kind, ("",))), f"{stem} has no panel")

    def test_rates_counters_and_never_gauges(self):
        for title, target in self.targets():
            for name, _ in selectors(target["expr"]):
                kind = self.metrics[name][0]
                rated = re.search(rf"rate\({name}\{{", target["expr"]) is not None
                self.assertEqual(rated, kind in ("counter", "histogram"), f"{title}: {target['expr']}")

    def test_variables_exist_and_query_metrics(self):
        text = json.dumps([panel for panel in self.dashboard["panels"]])
        used = set(re.findall(r"\$\{?([a-z]\w*)", text))
        self.assertEqual(used, set(self.variables))
        for variable in self.variables.values():
            if variable["type"] == "query":
                query, label = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["definition"]).groups()
                self.assertEqual(variable["query"]["query"], variable["definition"])
                for name, _ in selectors(query):
                    self.assertIn(label, self.metrics[name][1] | {"instance"})

    def test_names_no_data_source_and_no_machine(self):
        sources = [panel["datasource"] for panel in self.dashboard["panels"] if panel["type"] != "row"]
        sources += [target["datasource"] for _, target in self.targets()]
        for source in sources:
            self.assertEqual(source, {"type": "prometheus", "uid": "${datasource}"})
        self.assertEqual(self.variables["datasource"]["type"], "datasource")
        self.assertNotIn("id", self.dashboard)
        self.assertNotRegex(json.dumps(self.dashboard), r"localhost|\d+\.\d+\.\d+\.\d+|https?://")

    def test_every_query_is_of_the_chosen_daemons(self):
        for title, target in self.targets():
            for name, labels in selectors(target["expr"]):
                self.assertIn("instance", labels, f"{title}: {name}")

    def test_panels_have_their_own_ids_and_places(self):
        panels = self.dashboard["panels"]
        self.assertEqual(len({panel["id"] for panel in panels}), len(panels))
        cells = set()
        for panel in panels:
            at = panel["gridPos"]
            self.assertLessEqual(at["x"] + at["w"], 24, panel["title"])
            own = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
            self.assertFalse(cells & own, panel["title"])
            cells |= own


if __name__ == "__main__":
    unittest.main()
