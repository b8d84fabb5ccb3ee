"""Calls functions of the node at the URL that is its argument, and holds each
answer against what the protocol says. It prints the name of each check that
passed, and ends with an exception at the first that did not."""

import asyncio
import json
import sys

from sockets import connect


def command(name, fun, *args, **more):
    return {"name": name, "fun": fun, "args": list(args), **more}


class Caller:
    def __init__(self, socket):
        self.socket, self.last = socket, 0

    async def send(self, message):
        await self.socket.send(message if isinstance(message, (str, bytes)) else json.dumps(message))

    async def recv(self):
        return json.loads(await self.socket.recv())

    async def ask(self, *cmds, **more):
        """Sends a request and returns its response."""
        self.last += 1
        u = str(self.last)
        await self.send({"role": "rpc", "u": u, "cmds": list(cmds), **more})
        answer = await self.recv()
        assert answer["role"] == "rpc-response" and answer["u"] == u, answer
        return answer

    async def results(self, *cmds, **more):
        answer = await self.ask(*cmds, **more)
        assert answer["error"] is None, answer
        return answer["r"]

    async def error(self, *cmds, **more):
        answer = await self.ask(*cmds, **more)
        assert answer["r"] is None, answer
        return answer["error"]


def same(got, want):
    assert got == want, f"\n got {got!r}\nwant {want!r}"


async def a_call(c):
    same(await c.results(command("sum", "add", 1, 2)), {"sum": 3})
    same(await c.results({"name": "e", "fun": "echos"}), {"e": []})


async def a_chain(c):
    got = await c.results(command("c", "add", "b", 1000), command("a", "add", 1, 2), command("b", "add", "a", 10))
    same(got, {"c": 1013})
    got = await c.results(command("a", "add", 1, 2), command("b", "add", "a", 10), **{"return": ["a"]})
    same(got, {"a": 3, "b": 13})


async def keywords(c):
    same(await c.results(command("t", "train", "d", kwargs={"lr": 0.5, "epochs": 3})), {"t": {"data": "d", "lr": 0.5, "epochs": 3}})
    same(await c.results(command("n", "add", 2, 3), command("t", "train", "d", kwargs={"epochs": "n"})), {"t": {"data": "d", "lr": 0, "epochs": 5}})
    e = await c.error(command("t", "train", "d", kwargs={"speed": 1}))
    same((e["code"], e["details"]["executed"]), (1006, "no"))


async def nested_names(c):
    got = await c.results(
        command("a", "add", 1, 1),
        command("e", "echo", {"a": ["a", {"deep": ["a", "b", "not a"]}]}),
        command("o", "echos", "o", "a"),
    )
    same(got, {"e": {"a": [2, {"deep": [2, "b", "not a"]}]}, "o": ["o", 2]})


async def dotted_names(c):
    got = await c.results(
        command("cls", "echo", {"label": "cat", "tags": ["x", "y"], "0": {"n": None}}),
        command("e", "echos", "cls.label", "cls.tags.1", "cls.0.n", "cls.missing", "cls.tags.7", "cls"),
    )
    same(got, {"e": ["cat", "y", None, "cls.missing", "cls.tags.7", {"label": "cat", "tags": ["x", "y"], "0": {"n": None}}]})
    # A result that looks like a name is data.
    got = await c.results(command("a", "header", "tenant"), command("b", "echo", 7), command("c", "echos", "a", "b"), headers={"tenant": "b"})
    same(got, {"c": ["b", 7]})


async def explicit_references(c):
    got = await c.results(
        command("img", "echo", "cls"),
        command("cls", "echos", None, "img", refs={"/args/0": ["img"]}),
        command("out", "echo", {"a/b": None}, refs={"/args/0/a~1b": ["cls", 1]}),
        refs="explicit",
    )
    same(got, {"out": {"a/b": "img"}})


async def locs(c):
    same(await c.results(command("w", "where", locs=["gpu"])), {"w": "gpu"})
    same(await c.results(command("w", "where", locs=["v2", "gpu"])), {"w": "gpu v2"})
    e = await c.error(command("w", "where", locs=["gpu", "v3"]))
    same((e["code"], e["details"]["missing_locs"], e["details"]["executed"]), (1001, ["v3"], "no"))


async def numbers(c):
    await c.send('{"role":"rpc","u":"n","cmds":[{"name":"e","fun":"echos","args":[1.0,-0,1e3,9007199254740993,18446744073709551615]}]}')
    same(await c.socket.recv(), '{"role":"rpc-response","u":"n","r":{"e":[1.0,-0,1e3,9007199254740993,18446744073709551615]},"error":null}')


async def reports(c):
    answer = await c.ask(
        command("a", "add", 1, 2), command("b", "add", 3, 4), command("c", "add", "a", "b"),
        return_intermediate_results=True, include_execution_summary=True,
    )
    same(answer["r"], {"c": 10})
    levels, summary = answer["intermediate_results"], answer["execution_summary"]
    same([l["level_results"] for l in levels], [{"a": 3, "b": 7}, {"c": 10}])
    same([l["accumulated_results"] for l in levels], [{"a": 3, "b": 7}, {"a": 3, "b": 7, "c": 10}])
    same([(l["request_id"], l["level_index"], l["total_levels"], l["completed_levels"]) for l in levels],
         [(answer["u"], 0, 2, 1), (answer["u"], 1, 2, 2)])
    assert all(l["timestamp"] > 0 and l["execution_time_ms"] >= 0 for l in levels), levels
    same((summary["request_id"], summary["total_levels"], len(summary["level_execution_times"]), summary["cross_cluster_hops"]),
         (answer["u"], 2, 2, 0))
    same(set(summary), {"request_id", "total_execution_time_ms", "total_levels", "level_execution_times",
                        "bottleneck_level_index", "average_level_time_ms", "parallel_commands_executed", "cross_cluster_hops"})
    same(set(await c.ask(command("a", "add", 1, 2))), {"role", "u", "r", "error"})


async def errors(c):
    e = await c.error(command("a", "add", 1, 2), command("b", "boom", "a"))
    same((e["code"], e["message"]), (1003, "boom"))
    same({k: e["details"][k] for k in ("command", "function", "node", "executed")},
         {"command": "b", "function": "boom", "node": "python-test", "executed": "yes"})
    e = await c.error(command("a", "nobody offers this"))
    same((e["code"], e["details"]["executed"]), (1001, "no"))
    e = await c.error(command("a", "echo", "b"), command("b", "echo", "a"))
    same((e["code"], e["details"]["executed"]), (1004, "no"))
    e = await c.error(command("a", "add", 1, 2), cluster_id="another")
    same(e["code"], 1005)


async def malformed_messages(c):
    for message, u in (
        ("", "unknown"),
        ("{", "unknown"),
        ("[1]", "unknown"),
        ('{"role":"rpc","u":"m1","cmds":[{"name":"a"', "m1"),
        ('{"role":"rpc","u":"m2"}', "m2"),
        ('{"role":"rpc","u":"m3","cmds":[{"name":7,"fun":"echo"}]}', "m3"),
        ('{"role":"rpc","cmds":[{"name":"a","fun":"echo"}]}', "unknown"),
        ('{"role":"unheard of","u":"m4"}', "m4"),
        (b"\xff\xfe", "unknown"),
    ):
        await c.send(message)
        answer = await c.recv()
        same((answer["role"], answer["u"], answer["r"], answer["error"]["code"]), ("rpc-response", u, None, 1004))
    same(await c.results(command("a", "echo", "alive")), {"a": "alive"})


async def kinds_of_messages(c):
    for extra in ({}, {"nobody": ["knows", "this"], "traceparent": None, "headers": None}):
        request = {"role": "rpc", "u": "k", "cmds": [{"name": "a", "fun": "echo", "args": [1], "kwargs": None, "locs": None}], **extra}
        await c.socket.send(json.dumps(request).encode())
        got = await c.socket.recv()
        assert isinstance(got, bytes), got
        same(json.loads(got)["r"], {"a": 1})
    await c.send({"role": "rpc", "rpc": {"u": "older", "cmds": [command("a", "echo", 1)]}})
    same(await c.recv(), {"role": "rpc-response", "u": "older", "r": {"a": 1}, "error": None})


async def requests_overtake(c):
    await c.send({"role": "rpc", "u": "slow", "cmds": [command("a", "block")]})
    await c.send({"role": "rpc", "u": "quick", "cmds": [command("a", "echo", 1)]})
    same((await c.recv())["u"], "quick")
    await c.send({"role": "cancel", "u": "slow"})
    same((await c.recv())["u"], "slow")


async def cancel(c):
    await c.send({"role": "rpc", "u": "x", "cmds": [command("a", "block")]})
    await c.send({"role": "cancel", "u": "x"})
    answer = await c.recv()
    same((answer["u"], answer["error"]["code"]), ("x", 1008))
    await c.send({"role": "cancel", "u": "x"})  # of what has ended is no error
    same(await c.results(command("a", "echo", 1)), {"a": 1})


async def timeout(c):
    e = await c.error(command("a", "block"), timeout_ms=20)
    same((e["code"], e["details"]["command"]), (1007, "a"))
    assert e["details"]["executed"] in ("maybe", "yes"), e  # who is first to say so: the node, or the function
    same(await c.results(command("a", "add", 1, 2), timeout_ms=60000.5), {"a": 3})


async def headers(c):
    same(await c.results(command("h", "header", "tenant"), headers={"tenant": "blue"}), {"h": "blue"})


async def auth_where_none_is_asked_for(c):
    await c.send({"role": "auth", "u": "0", "token": "whatever"})
    same(await c.recv(), {"role": "rpc-response", "u": "0", "r": {}, "error": None})


async def a_stream(c):
    await c.send({"role": "rpc", "u": "s", "stream": True, "window": 2, "cmds": [command("n", "count", 5)]})
    got = []
    for n in range(5):
        if n in (2, 4):  # what the window allows has come, and nothing else would
            await c.send({"role": "ack", "u": "s", "n": 2})
        got.append(await c.recv())
    same(got, [{"role": "rpc-item", "u": "s", "name": "n", "n": n, "item": n} for n in range(5)])
    same(await c.recv(), {"role": "rpc-response", "u": "s", "r": {"n": None}, "error": None, "items": 5})
    same(await c.results(command("n", "count", 3)), {"n": [0, 1, 2]})


async def events(c):
    await c.send({"role": "rpc", "u": "e", "events": True, "cmds": [command("a", "add", 1, 2), command("b", "add", "a", 1)]})
    told = [await c.recv() for _ in range(4)]
    same([(e["role"], e["u"], e["name"], e["fun"], e["what"]) for e in told], [
        ("rpc-event", "e", "a", "add", "started"), ("rpc-event", "e", "a", "add", "finished"),
        ("rpc-event", "e", "b", "add", "started"), ("rpc-event", "e", "b", "add", "finished"),
    ])
    same((await c.recv())["r"], {"b": 4})


CHECKS = [
    a_call, a_chain, keywords, nested_names, dotted_names, explicit_references, locs, numbers, reports, errors,
    malformed_messages, kinds_of_messages, requests_overtake, cancel, timeout, headers,
    auth_where_none_is_asked_for, a_stream, events,
]


async def main(url):
    socket = await connect(url)
    for check in CHECKS:
        await check(Caller(socket))
        print(check.__name__, flush=True)
    await socket.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
