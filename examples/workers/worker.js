// A worker: it offers the function list to the mpreg node at the URL that is its
// last argument, and ends when the node does. Its websocket is Node's own, which is
// there from Node 22 on, in Node 20 with --experimental-websocket, or that of the
// npm package ws.
"use strict";

const Socket = globalThis.WebSocket ?? require("ws");

const functions = {
  // list joins words as people do: "a, b, and c".
  list(words, { language = "en" } = {}) {
    if (!Array.isArray(words)) throw new Error("list takes an array of words");
    return new Intl.ListFormat(language).format(words);
  },
};

const hello = {
  what: "HELLO",
  cluster_id: "default-cluster",
  offers: Object.keys(functions).map((fun) => ({ fun, locs: ["node"], idempotent: true })),
};

const socket = new Socket(process.argv.at(-1));
const send = (message) => socket.send(JSON.stringify(message));

// answer gives keyword arguments, if there are any, as one object after the others.
async function answer({ u, command, args, kwargs }) {
  try {
    const more = Object.keys(kwargs).length > 0 ? [kwargs] : [];
    send({ role: "internal-answer", u, answer: await functions[command](...args, ...more) });
  } catch (failure) {
    send({ role: "internal-answer", u, error: { code: 1003, message: failure.message } });
  }
}

socket.onopen = () => send({ role: "server", u: "hello", server: hello });
socket.onmessage = ({ data }) => {
  const message = JSON.parse(data);
  if (message.role === "internal-rpc") {
    answer(message);
  } else if (message.error) {
    console.error(message.error.message);
    process.exitCode = 1;
    socket.close();
  } else if (message.role === "server-response") {
    console.log(message.r);
  } // a cancel comes too late for functions that take no time
};
socket.onerror = ({ message }) => {
  console.error(message ?? "the node can't be reached");
  process.exitCode = 1;
};
