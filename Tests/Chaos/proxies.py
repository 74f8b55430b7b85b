"""Proxies in front of PostgreSQL and of the API server, one of each for every replica: they log what passes, and break it when told to."""

import asyncio
import struct
import threading
import time


class Loop:
    """One event loop on a thread of its own, for all proxies."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(10)

    def stop(self):
        async def finish():
            tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        self.call(finish())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()


class Proxy:
    """Passes on what arrives at its port. `hole(True)` swallows everything, without a word, until `hole(False)`."""

    def __init__(self, loop, target_port):
        self.loop, self.target_port = loop, target_port
        self.open, self.writers = asyncio.Event(), set()
        self.server = loop.call(self._listen())
        self.port = self.server.sockets[0].getsockname()[1]

    async def _listen(self):
        self.open.set()
        return await asyncio.start_server(self._connected, "127.0.0.1", 0)

    def hole(self, is_open):
        self.loop.loop.call_soon_threadsafe(self.open.clear if is_open else self.open.set)

    def cut(self):
        """Ends every connection there is."""
        def abort():
            for writer in list(self.writers):
                writer.transport.abort()
        self.loop.loop.call_soon_threadsafe(abort)

    async def _connected(self, reader, writer):
        await self.open.wait()
        try:
            server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self.target_port)
        except OSError:
            writer.transport.abort()
            return
        self.writers |= {writer, server_writer}
        try:
            await self.serve(reader, writer, server_reader, server_writer)
        except (OSError, asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.writers -= {writer, server_writer}
            for end in (writer, server_writer):
                end.transport.abort()

    async def both(self, *pumps):
        """Until either direction ends."""
        tasks = [asyncio.ensure_future(pump) for pump in pumps]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def send(self, writer, data):
        await self.open.wait()
        writer.write(data)
        await writer.drain()

    async def pump(self, reader, writer):
        while data := await reader.read(1 << 16):
            await self.send(writer, data)


class APIProxy(Proxy):
    """Logs every request: when it went to the server, its method and path."""

    def __init__(self, loop, target_port):
        self.requests = []
        super().__init__(loop, target_port)

    async def serve(self, reader, writer, server_reader, server_writer):
        await self.both(self._requests(reader, server_writer), self.pump(server_reader, writer))

    async def _requests(self, reader, writer):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            method, path = head.split(b" ", 2)[:2]
            length = 0
            for line in head.split(b"\r\n")[1:]:
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            body = await reader.readexactly(length) if length else b""
            await self.open.wait()
            self.requests.append((time.time(), method.decode(), path.decode()))
            await self.send(writer, head + body)


class PostgresProxy(Proxy):
    """Knows the messages of PostgreSQL's protocol (version 3), so that a connection can be cut just before or just after COMMIT."""

    SSL, GSS = 80877103, 80877104

    def __init__(self, loop, target_port):
        # What becomes of the next COMMITs: "before" and "after" cut there, a number delays it by so many seconds.
        self.commits = lambda: None
        self.drops_notifications = False
        self.cuts, self.notifications_dropped = [], 0
        super().__init__(loop, target_port)

    async def serve(self, reader, writer, server_reader, server_writer):
        while True:
            length = struct.unpack("!I", await reader.readexactly(4))[0]
            rest = await reader.readexactly(length - 4)
            await self.send(server_writer, struct.pack("!I", length) + rest)
            if struct.unpack("!I", rest[:4])[0] not in (self.SSL, self.GSS):
                break
            await self.send(writer, await server_reader.readexactly(1))
        swallow = asyncio.Event()
        await self.both(self._statements(reader, server_writer, swallow), self._answers(server_reader, writer, swallow))

    async def _message(self, reader):
        kind = await reader.readexactly(1)
        length = struct.unpack("!I", await reader.readexactly(4))[0]
        return kind, struct.pack("!I", length) + await reader.readexactly(length - 4)

    async def _statements(self, reader, writer, swallow):
        while True:
            kind, rest = await self._message(reader)
            if kind == b"Q" and rest[4:] == b"COMMIT\0":
                rule = self.commits()
                if rule == "before":
                    self.cuts.append((time.time(), rule))
                    return
                if rule == "after":
                    self.cuts.append((time.time(), rule))
                    swallow.set()
                elif rule:
                    await asyncio.sleep(rule)
            await self.send(writer, kind + rest)

    async def _answers(self, reader, writer, swallow):
        while True:
            kind, rest = await self._message(reader)
            if swallow.is_set():
                if kind == b"Z":
                    return  # committed, and nobody will hear of it
                continue
            if kind == b"A" and self.drops_notifications:
                self.notifications_dropped += 1
                continue
            await self.send(writer, kind + rest)
