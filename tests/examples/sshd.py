"""A real sshd on a port of its own, with keys of its own."""

import getpass
import os
import pwd
import shutil
import signal
import subprocess

from postgres_fixture import free_port, wait_until

# sshd as root wants system folders; as somebody else it needs nothing, and lets in nobody but that user.
USER = "postgres" if os.getuid() == 0 else getpass.getuser()
BECOME = ["setpriv", f"--reuid={USER}", f"--regid={pwd.getpwnam(USER).pw_gid}", "--init-groups"] if os.getuid() == 0 else []


class Sshd:
    """A server that lets one key in, which can do what `options` of authorized_keys leave it."""

    def __init__(self, folder, options):
        self.folder, self.port = folder, free_port()
        for name in ("host.key", "client.key"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
        (folder / "authorized_keys").write_text(options + (folder / "client.key.pub").read_text())
        kind_and_key = " ".join((folder / "host.key.pub").read_text().split()[:2])
        (folder / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {kind_and_key}\n")
        (folder / "sshd_config").write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {folder}/host.key\nPidFile none\nUsePAM no\n"
            f"AuthorizedKeysFile {folder}/authorized_keys\nStrictModes no\nPasswordAuthentication no\n"
            "Subsystem sftp internal-sftp\n")
        for path in folder.iterdir():
            if BECOME:
                shutil.chown(path, USER)
        self.process = None
        self.start()

    def start(self):
        with open(self.folder / "sshd.log", "ab") as log:
            self.process = subprocess.Popen([*BECOME, "/usr/sbin/sshd", "-D", "-e", "-f", self.folder / "sshd_config"],
                                            stdout=log, stderr=log, start_new_session=True)
        wait_until(self.listens, "sshd listens")

    def listens(self):
        if self.process.poll() is not None:
            raise RuntimeError((self.folder / "sshd.log").read_text())
        return subprocess.run(["bash", "-c", f": >/dev/tcp/127.0.0.1/{self.port}"], stderr=subprocess.DEVNULL,
                              check=False).returncode == 0

    def signal(self, number):
        os.killpg(self.process.pid, number)  # the session that was started for it

    def stop(self):
        if self.process.poll() is None:
            self.signal(signal.SIGKILL)
            self.process.wait()
