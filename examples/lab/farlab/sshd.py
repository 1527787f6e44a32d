"""A real sshd on each PostgreSQL host, for fence kind `ssh`: it lets one key in, which can do nothing but call the agent."""

import os
import pwd
import shutil
import subprocess

from . import plan as places, processes
from .network import Trouble

PORT = 2222  # an sshd that is not root may not have 22
IDENTITY = "fence_ed25519"
AGENT = "farshore-fence-agent"


def user_of(plan):
    """Who PostgreSQL runs as; such a one can stop it, and needs no unit."""
    return "postgres" if plan.root else pwd.getpwuid(os.getuid()).pw_name


def make_key(path):
    if not os.path.exists(path):
        done = subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "farshore", "-f", path],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Trouble(f"ssh-keygen failed: {done.stderr.strip()}")
    with open(path + ".pub", encoding="utf-8") as file:
        return " ".join(file.read().split()[:2])


def host_key(plan, region):
    return os.path.join(plan.folder(region.name, "ssh"), "host_ed25519")


def fence_fields(plan, secrets, region):
    address = plan.address(region, places.POSTGRES)
    identity = plan.path("secrets", IDENTITY)
    make_key(identity)
    known = secrets.file(f"known_hosts.{region.server}", f"[{address}]:{PORT} {make_key(host_key(plan, region))}")
    return {"address": f"{address}:{PORT}", "user": user_of(plan), "identity_file": identity,
            "known_hosts_file": known, "data_directory": plan.data_folder(region)}


def write(path, text, mode=0o644):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)
    return path


def start(world, _secrets, region):
    """After fence_fields. Beside the machine of PostgreSQL and not in it: it stays when that is killed."""
    plan, folder = world.plan, world.plan.folder(region.name, "ssh")
    user, address = user_of(plan), plan.address(region, places.POSTGRES)
    # Installed as on a host, because the checkout may lie where user postgres cannot look.
    agent = os.path.join(folder, AGENT)
    shutil.copyfile(os.path.join(plan.source, "examples/fences/ssh", AGENT), agent)
    os.chmod(agent, 0o755)
    configuration = write(os.path.join(folder, "fence-agent.conf"),
                          f"data_directory={plan.data_folder(region)}\nport=5432\nfast_seconds=1\n")
    caller = plan.address(places.WITNESS, places.CONTROL) if plan.isolated else plan.network()
    key = make_key(plan.path("secrets", IDENTITY))
    keys = write(os.path.join(folder, "authorized_keys"),
                 f'restrict,from="{caller}",command="{agent} {configuration}" {key} farshore\n')
    config = write(os.path.join(folder, "sshd_config"), "\n".join([
        f"Port {PORT}", f"ListenAddress {address}", f"HostKey {host_key(plan, region)}", "PidFile none", "UsePAM no",
        f"AuthorizedKeysFile {keys}", "StrictModes no", "PasswordAuthentication no", "KbdInteractiveAuthentication no",
        f"AllowUsers {user}", ""]))
    if plan.root:
        shutil.chown(host_key(plan, region), user, user)
    world[region].spawn("sshd", ["/usr/sbin/sshd", "-D", "-e", "-f", config], user=user if plan.root else None)
    processes.wait_until(lambda: greets(world, region), f"sshd in {region.name}", 20, pause=0.05)


def greets(world, region):
    with open(world[region].log_path("sshd"), encoding="utf-8", errors="replace") as log:
        text = log.read()
    if "sshd" in world[region].exits:
        raise Trouble(f"sshd in {region.name} ended: {text.strip()[-300:]}")
    return "Server listening on" in text
