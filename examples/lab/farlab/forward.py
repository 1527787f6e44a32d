"""--keep: doors on 127.0.0.1 of the host to what lives inside the lab's namespaces."""

import socket
import threading

from . import plan as places


def doors(plan):
    """(what, address, port) of everything that a person may want to open."""
    yield "actuator", plan.address(places.WITNESS, places.CONTROL), 10188
    yield "PowerDNS", plan.address(places.WITNESS, places.CONTROL), 8081
    for region in places.REGIONS:
        yield f"Prometheus {region.name}", plan.address(region, places.PROMETHEUS), 9090
        yield f"Alertmanager {region.name}", plan.address(region, places.ALERTMANAGER), 9093
        yield f"exporter {region.name}", plan.address(region, places.EXPORTER), 10187
        if region.server:
            yield f"shop {region.name}", plan.address(region, places.APPLICATION), 8080


class Forwarder:
    """Made before the lab leaves the host's network: a listening socket stays where it was made."""

    def __init__(self, plan):
        self._doors = []
        for what, address, port in doors(plan):
            listener = socket.socket()
            listener.bind(("127.0.0.1", 0))
            listener.listen(16)
            self._doors.append((what, listener, (address, port)))

    def open(self):
        """Starts to forward; yields (what, url)."""
        for what, listener, target in self._doors:
            threading.Thread(target=self._serve, args=(listener, target), daemon=True).start()
            yield what, f"http://127.0.0.1:{listener.getsockname()[1]}"

    def _serve(self, listener, target):
        while True:
            inside, _ = listener.accept()
            try:
                outside = socket.create_connection(target, timeout=2)
                outside.settimeout(None)
            except OSError:
                inside.close()
                continue
            for source, sink in ((inside, outside), (outside, inside)):
                threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    @staticmethod
    def _pump(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            source.close()
            sink.close()
