"""Places the libraries that the desk's pages use under `static/vendor/`; the set-up runs it once.

`package-lock.json` beside this file names each library's version and integrity hash. npm fetches them, and
refuses a package that does not match its hash; from each we keep only the files named in FILES. The
folder is ignored by git and carries a stamp of the lock, so a set-up that is complete is not repeated.

Run as `python acd/desk/vendor.py`: it needs nothing but the standard library, and no other part of the house.
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent
VENDOR: Final = HERE / "static" / "vendor"
FILES: Final[Mapping[str, str]] = {
    "preact.js": "htm/preact/standalone.module.js",
    "uPlot.js": "uplot/dist/uPlot.esm.js",
    "uPlot.css": "uplot/dist/uPlot.min.css",
    "LICENSE-htm.txt": "htm/LICENSE",
    "LICENSE-uPlot.txt": "uplot/LICENSE",
}
"""Name under `static/vendor/` -> file inside the npm packages."""

STAMP: Final = "LOCK.sha256"
FETCH_TIMEOUT_S: Final = 300


class VendorError(Exception):
    """A library could not be placed; the message says which step failed and what to do."""


def place(vendor: Path = VENDOR, lock: Path = HERE / "package-lock.json") -> bool:
    """Bring `vendor` to what `lock` says.

    Returns:
        True if files were placed, False if the folder already agreed with the lock.

    Raises:
        VendorError: npm is missing, or refused, or the packages lack a file of FILES.
    """
    wanted = hashlib.sha256(lock.read_bytes() + repr(sorted(FILES.items())).encode()).hexdigest()
    stamp = vendor / STAMP
    if stamp.is_file() and stamp.read_text() == wanted and all((vendor / name).is_file() for name in FILES):
        return False
    with tempfile.TemporaryDirectory(prefix="acd-pages-") as folder:
        packages = _fetch(lock, Path(folder))
        vendor.mkdir(parents=True, exist_ok=True)
        for name, source in FILES.items():
            if not (packages / source).is_file():
                raise VendorError(
                    f"the package holds no {source}; FILES in {Path(__file__).name} asks for it"
                )
            shutil.copyfile(packages / source, vendor / name)
    stamp.write_text(wanted)
    return True


def _fetch(lock: Path, folder: Path) -> Path:
    npm = shutil.which("npm") or shutil.which("npm", path=str(Path(sys.executable).parent))
    if npm is None:
        raise VendorError(
            "npm was not found. Install Node.js, or let the set-up bring it: "
            "python -m pip install --require-hashes -r requirements/node.txt"
        )
    shutil.copyfile(lock, folder / "package-lock.json")
    shutil.copyfile(lock.with_name("package.json"), folder / "package.json")
    order = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    try:
        done = subprocess.run(
            order,
            cwd=folder,
            timeout=FETCH_TIMEOUT_S,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
    except subprocess.TimeoutExpired as slow:
        raise VendorError(f"npm did not finish within {FETCH_TIMEOUT_S} s. Is the network up?") from slow
    if done.returncode != 0:
        raise VendorError(f"npm ci failed with status {done.returncode}:\n{done.stderr.strip()}")
    return folder / "node_modules"


def main() -> None:
    """Place the libraries; exit status 1 and a sentence on standard error where that fails."""
    try:
        place()
    except (VendorError, OSError) as problem:
        raise SystemExit(f"The page libraries could not be placed: {problem}") from problem


if __name__ == "__main__":
    main()
