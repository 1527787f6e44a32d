#!/usr/bin/python3
"""The structure that docs/architecture.md promises: who may include whom, and what may stand in no file.

One rule is one row of RULES or ONLY_IN. Each kind of rule is also shown a violation, so that it cannot pass by
looking at nothing.
"""
import pathlib
import re
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.M)

PROVIDER_MAY_SEE = (r"common/(base|dns|http|json|process|topology|xml)/", r"actuator/cloud/",
                    r"actuator/journal/.*\.h$")
# Interfaces by name: a real PostgreSQL server, a SQLite journal or a provider is not for the engine to see.
ENGINE_MAY_SEE = (r"common/(base|topology)/", r"common/postgres/(facts|loss)\.h$", r"actuator/journal/journal(_rules)?\.h$",
                  r"actuator/failover/", r"actuator/postgres/postgres_server\.h$", r"actuator/fence/fence\.h$",
                  r"actuator/hooks/hooks\.h$", r"actuator/traffic/traffic_switch\.h$", r"actuator/alerts/alert_votes\.h$")

# (name, files, what a project include of theirs must match, why)
RULES = [
    ("common knows no program", r"^common/", (r"^common/",), "every program uses common/"),
    ("the exporter does not know the actuator", r"^exporter/", (r"^(common|exporter)/",),
     "the exporter must never be able to act"),
    ("the actuator does not know the exporter", r"^actuator/", (r"^(common|actuator)/",),
     "what both need belongs into common/"),
]

# (header, files that may include it, why)
ONLY_IN = [
    (r"^ldns/", r"^(common/dns/[^/]*\.cc|tests/canary/.*)$", "its header redefines bool"),
    (r"^spdlog/", r"^common/base/log\.cc$", "seconds of compiling per file"),
    (r"^CLI/", r"^common/cli/", "seconds of compiling per file"),
    (r"^(civetweb|CivetServer)", r"^(common/http/|tests/canary/)", "its threads, limits and traps are handled there"),
    (r"^sqlite3\.h$", r"^(common/sqlite/|tests/canary/|tests/support/process_stop/)", "one wrapper sets durability"),
    (r"^libpq", r"^(common/postgres/|examples/app/|tests/)", "non-blocking use only"),
    (r"^curl/", r"^common/http/", "one client sets the limits"),
    (r"^yaml-cpp/", r"^(common/(topology|yaml)/|tests/canary/)", "exceptions and duplicate keys end there"),
    (r"^pugixml", r"^common/xml/", "bounded, one root, no document type"),
    (r"^rapidjson/", r"^(common/json/|examples/app/|tests/canary/)", "parsed without recursion, bounded, strict"),
    (r"^systemd/", r"^common/systemd/", "one place tells the service manager"),
    (r"^httplib\.h$", r"^(examples/app/|tests/)", "the library of the guides, not ours"),
]

# The text of this file and of the rules' own examples is not judged.
BANNED = [
    (re.compile(r"/" + r"work/"), "a path of one machine"),
    (re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b"), "unfinished work belongs into an issue"),
]


def tracked():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    if listed.returncode == 0 and listed.stdout:
        return [name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]
    every = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file())
    return [str(path) for path in every if path.parts[0] not in ("build", ".git")]


def is_code(name):
    return name.endswith((".h", ".cc", ".cc.in"))


def is_ours(include):
    return re.match(r"^(common|exporter|actuator|examples|tests)/", include) is not None


def direction_faults(includes):
    """includes: pairs of file and what it includes."""
    for file, include in includes:
        for name, files, allowed, why in RULES:
            if re.search(files, file) and is_ours(include) and not any(re.search(one, include) for one in allowed):
                yield f"{file} includes {include}: {name} ({why})"


def seam_faults(includes):
    """Engine code sees interfaces only; a provider sees its interface and nothing of the engine."""
    for file, include in includes:
        if not is_ours(include):
            continue
        provider = re.match(r"^actuator/(fence|hooks|traffic|notify)/", file)
        if provider and not include.startswith(provider.group(0)) and not matches(PROVIDER_MAY_SEE, include):
            yield f"{file} includes {include}: a provider sees its interface and nothing of the engine"
        if file.startswith("actuator/failover/") and not matches(ENGINE_MAY_SEE, include):
            yield f"{file} includes {include}: the engine sees interfaces only"


def library_faults(includes):
    for file, include in includes:
        for header, files, why in ONLY_IN:
            if re.search(header, include) and not re.search(files, file):
                yield f"{file} includes <{include}>, which only {files} may ({why})"


def matches(patterns, text):
    return any(re.search(pattern, text) for pattern in patterns)


def text_faults(name, text):
    for pattern, why in BANNED:
        found = pattern.search(text)
        if found:
            yield f"{name}: '{found.group(0)}': {why}"


def all_includes():
    for name in tracked():
        if is_code(name):
            for include in INCLUDE.findall((ROOT / name).read_text(encoding="utf-8")):
                yield name, include


class IncludeDirections(unittest.TestCase):
    def test_there_is_something_to_look_at(self):
        self.assertGreater(len(list(all_includes())), 50)

    def test_programs_and_common_keep_their_directions(self):
        self.assertEqual(list(direction_faults(all_includes())), [])

    def test_engine_and_providers_see_interfaces_only(self):
        self.assertEqual(list(seam_faults(all_includes())), [])

    def test_library_headers_stay_in_their_folders(self):
        self.assertEqual(list(library_faults(all_includes())), [])

    def test_a_wrong_direction_is_found(self):
        for pair in [("common/base/x.h", "exporter/y.h"), ("exporter/x.cc", "actuator/api/y.h"),
                     ("actuator/x.cc", "exporter/y.h"), ("exporter/x.cc", "tests/fakes/y.h")]:
            self.assertEqual(len(list(direction_faults([pair]))), 1, pair)

    def test_a_provider_that_sees_the_engine_is_found(self):
        for pair in [("actuator/fence/x.cc", "actuator/failover/engine.h"), ("actuator/traffic/x.cc", "actuator/fence/y.h"),
                     ("actuator/failover/x.cc", "common/http/client.h"), ("actuator/failover/x.cc", "common/sqlite/db.h"),
                     ("actuator/failover/x.cc", "actuator/journal/sqlite_journal.h"),
                     ("actuator/failover/x.cc", "actuator/fence/command_fence.h")]:
            self.assertEqual(len(list(seam_faults([pair]))), 1, pair)

    def test_a_library_header_out_of_place_is_found(self):
        for pair in [("exporter/x.cc", "libpq-fe.h"), ("actuator/x.cc", "spdlog/spdlog.h"), ("common/dns/x.h", "ldns/ldns.h")]:
            self.assertEqual(len(list(library_faults([pair]))), 1, pair)


class Texts(unittest.TestCase):
    def test_no_file_names_a_machine_or_leaves_work_unfinished(self):
        faults = []
        for name in tracked():
            try:
                faults += text_faults(name, (ROOT / name).read_text(encoding="utf-8"))
            except UnicodeDecodeError:
                continue  # a picture or a fixture with bytes that are meant to be wrong
        self.assertEqual(faults, [])

    def test_an_unfinished_line_is_found(self):
        self.assertEqual(len(list(text_faults("x", "// TO" + "DO: later"))), 1)

    def test_no_target_is_called_all(self):
        for name in tracked():
            if name.endswith("CMakeLists.txt"):
                self.assertNotRegex((ROOT / name).read_text(), r"add_\w+\(\s*all[\s)]", name)

    def test_every_folder_of_code_has_a_readme(self):
        folders = {"tests", "exporter", "examples/app", "examples/lab", "alerting"}
        for name in tracked():
            if is_code(name) and name.startswith(("common/", "actuator/")):
                folders.add(str(pathlib.Path(name).parent))
        self.assertGreater(len(folders), 15)
        for folder in sorted(folders):
            self.assertTrue((ROOT / folder / "README.md").is_file(), f"{folder}/README.md is missing")

    def test_every_link_between_documents_leads_somewhere(self):
        for name in tracked():
            if not name.endswith(".md"):
                continue
            for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", (ROOT / name).read_text(encoding="utf-8")):
                if "://" not in target:
                    self.assertTrue(((ROOT / name).parent / target).exists(), f"{name} links to {target}")


if __name__ == "__main__":
    unittest.main()
