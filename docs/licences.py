"""Writes docs/licences.md: what an installed hsvis brings along, and under which licences.

python docs/licences.py
"""

import re
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

PAGE = Path(__file__).with_name("licences.md")
HEAD = """# Licences

What `pip install hsvis` brings along, at the versions of constraints.txt, as the packages themselves say
(`python docs/licences.py`). hsvis is under the MIT licence.

| package | version | licence |
| --- | --- | --- |
"""


def needed(name: str = "hsvis") -> dict[str, Distribution]:
    """What is installed of all that a package needs, directly or not, by normalised name."""
    found: dict[str, Distribution] = {}
    waiting = [name]
    while waiting:
        one = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if one in found:
            continue
        try:
            found[one] = distribution(one)
        except PackageNotFoundError:
            continue  # for another system
        for requirement in found[one].requires or ():
            what, _, condition = requirement.partition(";")
            if "extra ==" not in condition or (one == "dash" and "compress" in condition):
                waiting.append(re.match(r"[\w.-]+", what)[0])  # type: ignore[index]
    return {one: found[one] for one in sorted(found) if one != name}


def licence(of: Distribution) -> str:
    """In a line; "not said" where a package says nothing."""
    said = of.metadata.get("License-Expression")
    classified = [
        one.rpartition(" :: ")[2]
        for one in of.metadata.get_all("Classifier") or ()
        if one.startswith("License ::")
    ]
    text = (of.metadata.get("License") or "").strip().splitlines()
    exact = [one for one in classified if one != "OSI Approved"]
    return said or ", ".join(exact) or (text[0][:80] if text else "not said")


def page() -> str:
    rows = (f"| {name} | {one.version} | {licence(one)} |" for name, one in needed().items())
    return HEAD + "\n".join(rows) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
