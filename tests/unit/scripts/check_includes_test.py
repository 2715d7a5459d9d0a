"""scripts/check-includes on small made-up trees."""
import pathlib
import subprocess
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[3] / "scripts" / "check-includes"


class CheckIncludesTest(unittest.TestCase):
    def check(self, sources: dict[str, str]) -> subprocess.CompletedProcess:
        with tempfile.TemporaryDirectory() as root:
            for path, text in sources.items():
                file = pathlib.Path(root) / "orchestrator" / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
            return subprocess.run([SCRIPT, root], capture_output=True, text=True, check=False)

    def assert_refused(self, source: str, include: str, reason: str) -> None:
        result = self.check({source: f"// A comment.\n#include {include}\n"})
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn(f"orchestrator/{source}:2: {include[1:-1]}: {reason}", result.stderr)

    def assert_allowed(self, source: str, include: str) -> None:
        result = self.check({source: f"#include {include}\n"})
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_allows_downward_edges(self):
        self.assert_allowed("browser/a.cc", '"orchestrator/driver/vm_driver.h"')
        self.assert_allowed("browser/a.cc", '"orchestrator/model/browser.h"')
        self.assert_allowed("store/store.h", '"orchestrator/base/clock.h"')
        self.assert_allowed("daemon/main.cc", '"orchestrator/driver/libvirt/libvirt_driver.h"')

    def test_allows_foreign_headers(self):
        self.assert_allowed("model/a.h", '"absl/time/time.h"')
        self.assert_allowed("model/a.h", "<string>")

    def test_refuses_upward_edges(self):
        self.assert_refused("model/a.h", '"orchestrator/driver/vm_driver.h"', "model must not include driver")
        self.assert_refused("base/a.cc", '"orchestrator/model/browser.h"', "base must not include model")

    def test_refuses_implementations_outside_the_daemon(self):
        self.assert_refused("browser/a.cc", '"orchestrator/driver/libvirt/x.h"',
                            "browser must not include driver/libvirt")
        self.assert_refused("driver/a.h", '"orchestrator/driver/fake/x.h"', "driver must not include driver/fake")

    def test_refuses_libvirt_outside_its_driver(self):
        self.assert_allowed("driver/libvirt/a.cc", "<libvirt/libvirt.h>")
        self.assert_refused("driver/a.cc", "<libvirt/libvirt.h>", "only driver/libvirt may include libvirt/")
        self.assert_refused("daemon/main.cc", "<libvirt/libvirt.h>", "only driver/libvirt may include libvirt/")

    def test_refuses_prometheus_outside_metrics(self):
        self.assert_allowed("metrics/a.cc", '"prometheus/registry.h"')
        self.assert_refused("server/a.cc", '"prometheus/registry.h"', "only metrics may include prometheus/")

    def test_refuses_protos_below_the_services(self):
        self.assert_allowed("agent/a.cc", '"guest/v1/process.pb.h"')
        self.assert_refused("model/a.h", '"orchestrator/v1/browsers.pb.h"', "model must not know the protos")

    def test_refuses_a_folder_that_the_table_lacks(self):
        self.assert_refused("utils/a.h", '"orchestrator/base/clock.h"', "utils is not in the table")

    def test_fails_without_sources(self):
        self.assertEqual(self.check({}).returncode, 2)


if __name__ == "__main__":
    unittest.main()
