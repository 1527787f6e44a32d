"""Who lives where: the names, addresses, ports and folders of the lab. Facts only, nothing is started here."""

import os
from dataclasses import dataclass, field

SERVICE_NAME = "orders.farshore.test"
ZONE = "farshore.test"
CLUSTER = "shop"

# The last byte of an address says what lives there; the ports are the same in every region.
EXPORTER, PROMETHEUS, ALERTMANAGER, POSTGRES, APPLICATION = 2, 3, 4, 5, 10
CONTROL = 2  # actuator and PowerDNS in the witness
CLOUDS = 6  # what stands for a cloud, in the witness too


@dataclass(frozen=True)
class Region:
    name: str
    number: int  # second byte of its addresses
    server: str = ""  # its PostgreSQL server, empty in the witness


US_EAST = Region("us-east", 1, "shop-us")
EU_WEST = Region("eu-west", 2, "shop-eu")
EU_CENTRAL = Region("eu-central", 3)
REGIONS = (US_EAST, EU_WEST, EU_CENTRAL)
PRIMARY, STANDBY, WITNESS = REGIONS


@dataclass
class Plan:
    """One world. `isolated` is false where namespaces cannot be made: then everything lives on 127.1/2/3.0.0/16."""

    state: str  # a folder that postgres can read, removed at the end
    source: str  # the checkout
    binaries: str  # the build folder
    isolated: bool = True
    root: bool = True
    dns_port: int = field(default=53)

    def address(self, region, host):
        return f"{10 if self.isolated else 127}.{region.number}.0.{host}"

    def network(self):
        return "10.0.0.0/8" if self.isolated else "127.0.0.0/8"

    def path(self, *parts):
        return os.path.join(self.state, *parts)

    def folder(self, *parts):
        path = self.path(*parts)
        os.makedirs(path, exist_ok=True)
        return path

    def program(self, name):
        places = {"farshore-exporter": "exporter", "farshore-actuator": "actuator", "farshorectl": "actuator/ctl",
                  "farshore-example-app": "examples/app"}
        return os.path.join(self.binaries, places[name], name)

    # Where things answer.
    def prometheus_url(self, region):
        return f"http://{self.address(region, PROMETHEUS)}:9090"

    def alertmanager_url(self, region):
        return f"http://{self.address(region, ALERTMANAGER)}:9093"

    def exporter_address(self, region):
        return f"{self.address(region, EXPORTER)}:10187"

    def actuator_address(self):
        return f"{self.address(WITNESS, CONTROL)}:10188"

    def actuator_url(self):
        return f"http://{self.actuator_address()}"

    def powerdns_url(self):
        return f"http://{self.address(WITNESS, CONTROL)}:8081"

    def nameserver(self):
        return self.address(WITNESS, CONTROL), self.dns_port

    def application_url(self, region):
        return f"http://{self.address(region, APPLICATION)}:8080"

    def power_socket(self):
        return self.path("power.sock")

    def data_folder(self, region):
        return self.path(region.name, "postgres", "data")
