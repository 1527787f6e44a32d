"""Passwords and tokens of one world: made at random, kept in files of mode 0600, never on a command line."""

import os
import secrets as random
import shutil


class Secrets:
    def __init__(self, plan):
        self._plan = plan
        self._folder = plan.folder("secrets")
        self._made = {}

    def value(self, name):
        return self._made.setdefault(name, random.token_hex(16))

    def file(self, name, text=None, owner=None):
        """The path of a file that holds `text` (the secret itself when not given), readable by its owner only."""
        path = os.path.join(self._folder, f"{name}.{owner}" if owner else name)
        if not os.path.exists(path):
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write((text if text is not None else self.value(name)) + "\n")
            if owner and self._plan.root:
                shutil.chown(path, owner, owner)
        return path

    def passfile(self, role, owner=None):
        return self.file(f"{role}.pgpass", f"*:*:*:{role}:{self.value(role)}", owner)
