"""Offers functions to the node at the URL that is its argument, and runs them until
its standard input ends. What the test is to know it prints."""

import asyncio
import json
import sys

from sockets import connect


class Worker:
    def __init__(self, socket):
        self.socket, self.running, self.answers = socket, {}, {}

    async def send(self, message):
        await self.socket.send(json.dumps(message))

    async def notify(self, u, what, **more):
        """Sends a notice and returns what answers it."""
        self.answers[u] = asyncio.get_running_loop().create_future()
        await self.send({"role": "server", "u": u, "server": {"what": what, **more}})
        return await self.answers[u]

    async def read(self):
        while True:
            m = json.loads(await self.socket.recv())
            if m["role"] == "internal-rpc":
                self.running[m["u"]] = asyncio.create_task(self.run(m))
            elif m["role"] == "cancel":
                self.running[m["u"]].cancel()
            else:
                self.answers.pop(m["u"]).set_result(m)

    async def run(self, m):
        answer = {"role": "internal-answer", "u": m["u"]}
        try:
            answer["answer"] = await FUNCTIONS[m["command"]](self, m, *m["args"], **m["kwargs"])
        except asyncio.CancelledError:
            print("canceled", flush=True)
            return
        except Exception as failure:
            answer["error"] = {"code": getattr(failure, "code", 1003), "message": str(failure)}
        finally:
            del self.running[m["u"]]
        await self.send(answer)


class OutOfPaper(Exception):
    code = 2001


async def scale(worker, m, numbers, by=10):
    return [n * by for n in numbers]


async def told(worker, m):
    """What the call said besides its arguments."""
    timeout = m.get("timeout_ms")
    assert set(m) - {"timeout_ms"} == {"role", "u", "command", "args", "kwargs", "results", "locs", "headers"}, m
    assert timeout is None or 0 < timeout <= 60000, m
    return {"locs": m["locs"], "headers": m["headers"], "results": m["results"], "deadline": timeout is not None}


async def boom(worker, m, text):
    raise ValueError(text)


async def print_it(worker, m):
    raise OutOfPaper("out of paper")


async def wait(worker, m):
    print("waiting", flush=True)
    await asyncio.Event().wait()


async def withdraw(worker, m, fun):
    gone = await worker.notify("bye", "GOODBYE", funs=[fun])
    return [gone["role"], gone["r"], gone["error"]]


FUNCTIONS = {"scale": scale, "told": told, "boom": boom, "print": print_it, "wait": wait, "withdraw": withdraw}


async def until_input_ends():
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


async def main(url):
    worker = Worker(await connect(url))
    reading = asyncio.create_task(worker.read())
    refused = await worker.notify("no", "HELLO", cluster_id="default-cluster", offers=[{"fun": "scale"}, {"fun": "echo"}])
    assert (refused["role"], refused["r"], refused["error"]["code"]) == ("server-response", None, 1004), refused
    added = await worker.notify("hi", "HELLO", cluster_id="default-cluster", offers=[
        {"fun": "scale", "locs": ["py", "v2"], "idempotent": True, "doc": "Multiplies each of a list."},
        *({"fun": name, "locs": ["py"]} for name in FUNCTIONS if name != "scale"),
    ])
    assert added == {"role": "server-response", "u": "hi", "r": "ADDED", "error": None}, added
    heard = await worker.notify("st", "STATUS")
    assert heard == {"role": "server-response", "u": "st", "r": "STATUS", "error": None}, heard
    print("offered", flush=True)
    await asyncio.wait([reading, asyncio.create_task(until_input_ends())], return_when=asyncio.FIRST_COMPLETED)
    if reading.done():
        reading.result()  # why it ended
    reading.cancel()
    await worker.socket.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
