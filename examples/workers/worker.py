"""A worker: it offers the function survey to the mpreg node at the URL that is its
last argument, and ends when the node does. It needs websockets, python3-websockets
in Debian."""

import asyncio
import json
import statistics
import sys

import websockets


def survey(words, longest=3):
    if not words:
        raise ValueError("no words, nothing to survey")
    return {
        "mean": round(statistics.mean(map(len, words)), 2),
        "median": statistics.median(map(len, words)),
        "longest": sorted(words, key=len, reverse=True)[:longest],
    }


FUNCTIONS = {"survey": survey}

HELLO = {
    "what": "HELLO",
    "cluster_id": "default-cluster",
    "offers": [{"fun": name, "locs": ["python"], "idempotent": True} for name in FUNCTIONS],
}


async def answer(socket, call):
    message = {"role": "internal-answer", "u": call["u"]}
    try:
        # In a thread, so that the others' calls need not wait for this one.
        message["answer"] = await asyncio.to_thread(FUNCTIONS[call["command"]], *call["args"], **call["kwargs"])
    except Exception as failure:
        message["error"] = {"code": 1003, "message": str(failure)}
    await socket.send(json.dumps(message))


async def main(url):
    async with websockets.connect(url, max_size=64 << 20) as socket:
        await socket.send(json.dumps({"role": "server", "u": "hello", "server": HELLO}))
        running = {}
        async for text in socket:
            message = json.loads(text)
            if message["role"] == "internal-rpc":
                task = running[message["u"]] = asyncio.create_task(answer(socket, message))
                task.add_done_callback(lambda _, u=message["u"]: running.pop(u))
            elif message["role"] == "cancel" and message["u"] in running:
                running[message["u"]].cancel()
            elif message.get("error"):
                sys.exit(message["error"]["message"])
            elif message["role"] == "server-response":
                print(message["r"], flush=True)


asyncio.run(main(sys.argv[-1]))
