"""A DNS question for one A record over UDP (RFC 1035), so that the lab's client can ask the authoritative server."""

import random
import socket
import struct


def question(name, identifier):
    labels = b"".join(bytes([len(label)]) + label.encode("ascii") for label in name.rstrip(".").split("."))
    return struct.pack(">HHHHHH", identifier, 0, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">HH", 1, 1)


def _skip_name(message, offset):
    while True:
        length = message[offset]
        if length >= 0xC0:
            return offset + 2
        offset += 1 + length
        if length == 0:
            return offset


def first_address(message, identifier):
    """(address, ttl in seconds) of the first A record, or None when the message is not such an answer."""
    try:
        got, flags, questions, answers = struct.unpack_from(">HHHH", message)
        if got != identifier or not flags & 0x8000 or flags & 0x000F:
            return None
        offset = 12
        for _ in range(questions):
            offset = _skip_name(message, offset) + 4
        for _ in range(answers):
            offset = _skip_name(message, offset)
            kind, _, ttl, length = struct.unpack_from(">HHIH", message, offset)
            offset += 10
            if kind == 1 and length == 4:
                return socket.inet_ntoa(message[offset:offset + 4]), ttl
            offset += length
    except (struct.error, IndexError, OSError):
        pass
    return None


def look_up(name, server, timeout=0.25):
    """As first_address; None also when nobody answered in time."""
    identifier = random.randrange(65536)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.settimeout(timeout)
        try:
            wire.connect(server)
            wire.send(question(name, identifier))
            return first_address(wire.recv(512), identifier)
        except OSError:
            return None
