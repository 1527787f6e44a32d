"""The shop's customer: posts orders at a fixed pace and writes down what it was told, one JSON line each.

Runs as a script. It knows the service by name only (its own cache honours the TTL) unless --address pins it, makes its
own order ids, opens a connection per order, gives up on one after 500 ms and keeps at most 16 in flight. An order
whose answer did not come is `unknown`; it is never posted again under another id. Ends at the end of its input.
"""

import argparse
import asyncio
import json
import os
import random
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from farlab import names  # pylint: disable=wrong-import-position

LIMIT, LOOKUP_LIMIT, IN_FLIGHT = 0.5, 0.25, 16


def say(**event):
    sys.stdout.write(json.dumps({"t": time.monotonic(), **event}) + "\n")
    sys.stdout.flush()


class NameCache:
    """The address of the service for as long as its TTL allows. One question at a time, shared by all who wait."""

    def __init__(self, name, server):
        self._name, self._server = name, server
        self._address, self._expires, self._asking = None, 0.0, None

    async def address(self):
        if time.monotonic() < self._expires:
            return self._address
        if self._asking is None or self._asking.done():
            self._asking = asyncio.ensure_future(self._ask())
        return await asyncio.shield(self._asking)

    async def _ask(self):
        loop = asyncio.get_running_loop()
        answer = loop.create_future()
        identifier = random.randrange(65536)

        class Asker(asyncio.DatagramProtocol):
            def datagram_received(self, data, addr):
                found = names.first_address(data, identifier)
                if found and not answer.done():
                    answer.set_result(found)

        wire, _ = await loop.create_datagram_endpoint(Asker, remote_addr=self._server)
        try:
            wire.sendto(names.question(self._name, identifier))
            address, ttl = await asyncio.wait_for(answer, LOOKUP_LIMIT)
        except (asyncio.TimeoutError, OSError):
            return None
        finally:
            wire.close()
        if address != self._address:
            say(name=address)
        self._address, self._expires = address, time.monotonic() + ttl
        return address


class FixedAddress:
    def __init__(self, address):
        self._address = address

    async def address(self):
        return self._address


class Customer:
    def __init__(self, cache, prefix):
        self._cache, self._prefix = cache, prefix
        self._number = self._in_flight = 0

    async def order(self):
        if self._in_flight >= IN_FLIGHT:
            say(result="skipped")
            return
        self._number += 1
        self._in_flight += 1
        order = {"id": f"{self._prefix}-{self._number:06d}", "item": "tea", "sent": None}
        try:
            await asyncio.wait_for(self._post(order), LIMIT)
        except (asyncio.TimeoutError, OSError, EOFError, ValueError) as error:
            # Before the request was sent nothing can have been written; afterwards nobody knows.
            say(result="unknown" if order["sent"] else "failed", id=order["id"], sent=order["sent"], why=repr(error))
        finally:
            self._in_flight -= 1

    async def _post(self, order):
        address = await self._cache.address()
        if address is None:
            raise OSError("no address for the name")
        reader, writer = await asyncio.open_connection(address, 8080)
        try:
            body = json.dumps({"id": order["id"], "item": order["item"]}).encode()
            order["sent"] = time.monotonic()
            writer.write(b"POST /orders HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n"
                         b"Content-Type: application/json\r\n" + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
            head, _, rest = (await reader.read(-1)).partition(b"\r\n\r\n")
        finally:
            writer.close()
        status = int(head.split(None, 2)[1]) if head else 0
        if status == 200:
            answer = json.loads(rest)
            say(result="acked", id=order["id"], sent=order["sent"], lsn=answer["lsn"], region=answer["region"])
        elif status == 503:
            say(result="refused", id=order["id"], at=address)
        else:
            say(result="unknown", id=order["id"], why=f"status {status}")


async def run(options):
    if options.address:
        cache = FixedAddress(options.address)
    else:
        host, port = options.nameserver.rsplit(":", 1)
        cache = NameCache(options.name, (host, int(port)))
    customer = Customer(cache, options.prefix)
    loop = asyncio.get_running_loop()
    ended = loop.run_in_executor(None, sys.stdin.read)
    orders, due = set(), loop.time()
    while not ended.done():
        task = asyncio.ensure_future(customer.order())
        orders.add(task)
        task.add_done_callback(orders.discard)
        due = max(due + options.every, loop.time() - options.every)
        await asyncio.sleep(due - loop.time())
    await asyncio.gather(*orders)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--name")
    parser.add_argument("--nameserver")
    parser.add_argument("--address")
    parser.add_argument("--prefix", required=True)
    parser.add_argument("--every", type=float, default=0.05)
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
