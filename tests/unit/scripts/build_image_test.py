"""What scripts/build-image refuses before it builds anything."""
import os
import pathlib
import subprocess
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[3] / "scripts" / "build-image"


class BuildImageTest(unittest.TestCase):
    def run_script(self, *arguments: str) -> subprocess.CompletedProcess:
        with tempfile.TemporaryDirectory() as cache:
            result = subprocess.run([SCRIPT, *arguments], env={**os.environ, "ORCHESTRATOR_CACHE_DIR": cache},
                                    capture_output=True, text=True, check=False)
            self.assertEqual(os.listdir(cache), [], "a refused build leaves nothing behind")
            self.assertEqual(result.stdout, "")
            return result

    def test_explains_itself_without_a_name(self):
        result = self.run_script()
        self.assertEqual(result.returncode, 2)
        self.assertIn("build-image NAME", result.stderr)
        self.assertIn("chromium minimal", result.stderr)

    def test_refuses_an_unknown_image(self):
        result = self.run_script("netscape")
        self.assertEqual(result.returncode, 1)
        self.assertIn("no images/netscape/image.toml", result.stderr)

    def test_refuses_a_name_that_leaves_the_folder(self):
        result = self.run_script("../images/minimal")
        self.assertEqual(result.returncode, 1)
        self.assertIn("[a-z0-9-]", result.stderr)

    def test_refuses_a_missing_agent(self):
        result = self.run_script("minimal", "--agent", "/nonexistent/agent")
        self.assertEqual(result.returncode, 1)
        self.assertIn("no agent at /nonexistent/agent", result.stderr)

    def test_refuses_an_agent_that_needs_shared_libraries(self):
        result = self.run_script("minimal", "--agent", "/bin/true")
        self.assertEqual(result.returncode, 1)
        self.assertIn("linked dynamically", result.stderr)


if __name__ == "__main__":
    unittest.main()
