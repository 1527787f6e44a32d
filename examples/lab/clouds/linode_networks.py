"""The part of the Linode API that only holds what it is told: firewalls (they filter nothing here) and NodeBalancers."""
import re
import time

from cloud_server import CloudError

NODE_FIELDS = {"address", "label", "mode", "weight", "subnet_id"}


def stamp():
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())


class LinodeNetworks:
    """Mixed into LinodeCloud."""

    ROUTES = [
        ("GET", r"/v4/networking/firewalls", "list_firewalls"),
        ("GET", r"/v4/networking/firewalls/(\d+)", "get_firewall"),
        ("GET", r"/v4/networking/firewalls/(\d+)/rules", "get_rules"),
        ("PUT", r"/v4/networking/firewalls/(\d+)/rules", "put_rules"),
        ("GET", r"/v4/networking/firewalls/(\d+)/devices", "list_devices"),
        ("POST", r"/v4/networking/firewalls/(\d+)/devices", "create_device"),
        ("GET", r"/v4/networking/firewalls/(\d+)/devices/(\d+)", "get_device"),
        ("DELETE", r"/v4/networking/firewalls/(\d+)/devices/(\d+)", "delete_device"),
        ("GET", r"/v4/nodebalancers", "list_balancers"),
        ("GET", r"/v4/nodebalancers/(\d+)", "get_balancer"),
        ("GET", r"/v4/nodebalancers/(\d+)/configs", "list_configs"),
        ("GET", r"/v4/nodebalancers/(\d+)/configs/(\d+)", "get_config"),
        ("GET", r"/v4/nodebalancers/(\d+)/configs/(\d+)/nodes", "list_nodes"),
        ("POST", r"/v4/nodebalancers/(\d+)/configs/(\d+)/nodes", "create_node"),
        ("GET", r"/v4/nodebalancers/(\d+)/configs/(\d+)/nodes/(\d+)", "get_node"),
        ("PUT", r"/v4/nodebalancers/(\d+)/configs/(\d+)/nodes/(\d+)", "put_node"),
        ("DELETE", r"/v4/nodebalancers/(\d+)/configs/(\d+)/nodes/(\d+)", "delete_node"),
    ]

    def load_networks(self, seed):
        self.devices, self.configs, self.nodes = {}, {}, {}
        self.firewalls = {}
        for one in seed.get("firewalls", []):
            devices = one.pop("devices", [])
            rules = {"inbound": [], "outbound": [], "inbound_policy": "ACCEPT", "outbound_policy": "ACCEPT", "version": 1,
                     "fingerprint": "00000001"} | one.pop("rules", {})
            self.firewalls[one["id"]] = {"label": f"firewall{one['id']}", "status": "enabled", "tags": [],
                                         "created": stamp(), "updated": stamp(), "rules": rules} | one
            for device in devices:
                self.devices[device["id"]] = self.new_device(one["id"], device["id"], device["entity"])
        self.load_balancers(seed)

    def load_balancers(self, seed):
        self.balancers = {}
        for one in seed.get("nodebalancers", []):
            configs = one.pop("configs", [])
            self.balancers[one["id"]] = {"label": f"balancer{one['id']}", "region": "us-east", "hostname": "lb.invalid",
                                         "ipv4": "192.0.2.1", "ipv6": None, "client_conn_throttle": 0, "tags": [],
                                         "created": stamp(), "updated": stamp()} | one
            for config in configs:
                nodes = config.pop("nodes", [])
                self.configs[config["id"]] = {"nodebalancer_id": one["id"], "port": 5432, "protocol": "tcp",
                                              "algorithm": "leastconn", "stickiness": "none", "check": "connection"} | config
                for node in nodes:
                    self.nodes[node["id"]] = self.new_node(one["id"], config["id"], node)

    def new_device(self, firewall, number, entity):
        return {"firewall": firewall, "id": number, "created": stamp(), "updated": stamp(),
                "entity": {"label": f"{entity['type']}{entity['id']}", "url": f"/v4/linode/instances/{entity['id']}", **entity}}

    def new_node(self, balancer, config, fields):
        return {"nodebalancer_id": balancer, "config_id": config, "weight": 50, "mode": "accept", "status": "UP", **fields}

    def list_firewalls(self, request):
        return self.page(request, self.firewalls.values())

    def get_firewall(self, _request, firewall):
        return self.one_of(self.firewalls, firewall)

    def get_rules(self, _request, firewall):
        return self.one_of(self.firewalls, firewall)["rules"]

    def put_rules(self, request, firewall):
        """Replaces them all; refused while a Linode that they guard moves to another host."""
        found = self.one_of(self.firewalls, firewall)
        for device in self.devices.values():
            guarded = self.instances.get(device["entity"]["id"], {})
            if device["firewall"] == found["id"] and guarded.get("status") == "migrating":
                raise CloudError(400, "Cannot update Firewall rules while an assigned Linode is migrating")
        version = found["rules"]["version"] + 1
        fields = {key: value for key, value in request.json().items() if key not in ("version", "fingerprint")}
        found["rules"] = {"inbound": [], "outbound": [], "inbound_policy": "ACCEPT", "outbound_policy": "ACCEPT", **fields,
                          "version": version, "fingerprint": f"{version:08x}"}
        found["updated"] = stamp()
        return found["rules"]

    def firewalls_of(self, request, instance):
        number = self.one_of(self.instances, instance)["id"]
        held = {one["firewall"] for one in self.devices.values() if one["entity"]["id"] == number}
        return self.page(request, [one for one in self.firewalls.values() if one["id"] in held])

    def shown_device(self, device):
        return {key: value for key, value in device.items() if key != "firewall"}

    def list_devices(self, request, firewall):
        number = self.one_of(self.firewalls, firewall)["id"]
        return self.page(request, [self.shown_device(one) for one in self.devices.values() if one["firewall"] == number])

    def create_device(self, request, firewall):
        fields, number = request.json(), self.one_of(self.firewalls, firewall)["id"]
        if fields.get("type") == "linode" and fields.get("id") not in self.instances:
            raise CloudError(400, "Linode not found", field="id")
        device = self.new_device(number, next(self._new_id), {"id": fields["id"], "type": fields["type"]})
        self.devices[device["id"]] = device
        return self.shown_device(device)

    def get_device(self, _request, firewall, device):
        return self.shown_device(self.one_of(self.devices, device, firewall=int(firewall)))

    def delete_device(self, _request, firewall, device):
        del self.devices[self.one_of(self.devices, device, firewall=int(firewall))["id"]]
        return {}

    # --- NodeBalancers

    def list_balancers(self, request):
        return self.page(request, self.balancers.values())

    def get_balancer(self, _request, balancer):
        return self.one_of(self.balancers, balancer)

    def list_configs(self, request, balancer):
        number = self.one_of(self.balancers, balancer)["id"]
        return self.page(request, [self.counted(one) for one in self.configs.values() if one["nodebalancer_id"] == number])

    def get_config(self, _request, balancer, config):
        return self.counted(self.one_of(self.configs, config, nodebalancer_id=int(balancer)))

    def counted(self, config):
        states = [one["status"] for one in self.nodes.values() if one["config_id"] == config["id"]]
        return config | {"nodes_status": {"up": states.count("UP"), "down": states.count("DOWN")}}

    def list_nodes(self, request, balancer, config):
        self.get_config(request, balancer, config)
        return self.page(request, [one for one in self.nodes.values() if one["config_id"] == int(config)])

    def get_node(self, _request, balancer, config, node):
        return self.one_of(self.nodes, node, config_id=int(config), nodebalancer_id=int(balancer))

    def create_node(self, request, balancer, config):
        self.get_config(request, balancer, config)
        node = self.new_node(int(balancer), int(config), {"id": next(self._new_id), "status": "unknown"})
        self.nodes[node["id"]] = self.write_node(node, request.json())
        return node

    def put_node(self, request, balancer, config, node):
        return self.write_node(self.get_node(request, balancer, config, node), request.json())

    def write_node(self, node, fields):
        unknown = set(fields) - NODE_FIELDS
        if unknown:
            raise CloudError(400, "Invalid field", field=sorted(unknown)[0])
        if "address" in fields and not re.fullmatch(r"[0-9a-fA-F.:\[\]]+:\d+", fields["address"]):
            raise CloudError(400, "Must be IP:port", field="address")
        node.update(fields)
        return node

    def delete_node(self, request, balancer, config, node):
        del self.nodes[self.get_node(request, balancer, config, node)["id"]]
        return {}
