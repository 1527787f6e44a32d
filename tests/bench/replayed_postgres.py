"""Many PostgreSQL servers made of one: what the real one once answered to a question is answered again.

usage: replayed_postgres.py PORT SERVER_PORT

Listens on all of 127.0.0.0/8. Two real servers on the cores of the bench cannot begin 200 sessions within a look's
deadline, each with a statement of its own to plan; 200 machines could. The first session is the real server's, and
what is new in a later one is asked there too; everything else comes from memory, byte by byte. So positions and times
stand still: what is measured is the exporter.
Protocol: https://www.postgresql.org/docs/15/protocol-message-formats.html.
"""

import asyncio
import sys

SSL_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"


async def read_startup(reader, writer):
    while True:
        length = await reader.readexactly(4)
        message = length + await reader.readexactly(int.from_bytes(length, "big") - 4)
        if message != SSL_REQUEST:
            return message
        writer.write(b"N")


async def read_message(reader):
    kind = await reader.readexactly(1)
    length = await reader.readexactly(4)
    return kind, kind + length + await reader.readexactly(int.from_bytes(length, "big") - 4)


async def read_question(reader):
    """All messages up to the one that asks for an answer: Sync or Query."""
    question = b""
    while True:
        kind, message = await read_message(reader)
        if kind == b"X":
            raise asyncio.IncompleteReadError(b"", None)
        question += message
        if kind in b"SQ":
            return question


async def read_answer(reader):
    answer = b""
    while True:
        kind, message = await read_message(reader)
        answer += message
        if kind == b"Z":  # ReadyForQuery
            return answer


class Replayed:
    def __init__(self, server_port):
        self.server_port, self.known, self.recording = server_port, {}, asyncio.Lock()

    async def ask_server(self, asked):
        """A session of its own that asks all that this one has asked, for prepared statements live in sessions."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.server_port)
        try:
            for question in asked:
                writer.write(question)
                answer = await read_answer(reader)
        finally:
            writer.close()
        return answer

    async def answer(self, asked, question):
        if question not in self.known:
            async with self.recording:
                if question not in self.known:
                    self.known[question] = await self.ask_server(asked)
        return self.known[question]

    async def serve(self, reader, writer):
        try:
            asked = [await read_startup(reader, writer)]
            writer.write(await self.answer(asked, asked[0]))
            while True:
                question = await read_question(reader)
                if question not in asked:
                    asked.append(question)
                writer.write(await self.answer(asked, question))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


async def main(port, server_port):
    server = await asyncio.start_server(Replayed(server_port).serve, "0.0.0.0", port, backlog=512)
    print("ready", flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
