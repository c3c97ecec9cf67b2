/** A run's socket, for `novasweep runs hold|go|abort ID` from another terminal: one command a connection, one line back. */
import { chmod, open, rm } from "node:fs/promises";
import { createConnection, createServer, type Socket } from "node:net";
import { basename, dirname } from "node:path";
import { type Command, type Controls, commandKinds, PARALLEL_MAX } from "../engine/controls.ts";
import { socketPath } from "../journal/runs.ts";

/** A command is a word and perhaps a number. */
const MAX_CHARS = 64;
/** Whoever connects and says nothing is not waited for. */
const SILENCE_MS = 5_000;
/** Where a Unix socket's path ends, bytes: sockaddr_un has 108 with its NUL. */
const PATH_MAX = 107;

/** Reads one line as a command; undefined: none of ours. */
export const parseCommand = (line: string): Command | undefined => {
  const [word = "", number = "", ...more] = line.trim().split(" ");
  const kind = commandKinds.find((one) => one === word);
  if (kind === undefined || more.length > 0) return undefined;
  if (kind !== "parallel") return number === "" ? { kind } : undefined;
  const parallel = /^\d{1,4}$/.test(number) ? Number(number) : 0;
  return parallel >= 1 && parallel <= PARALLEL_MAX ? { kind, parallel } : undefined;
};

/** Listens for commands until `close`, as the run's owner only. Why it cannot, if so: the run goes on without. */
export const openControlSocket = async (
  stateDir: string,
  run: string,
  controls: Controls,
): Promise<{ readonly close: () => Promise<void> } | string> => {
  const path = socketPath(stateDir, run);
  const short = await shortened(path);
  const server = createServer((socket) => answer(socket, controls));
  // Of a run that was taken up again: the socket of the process that died.
  await rm(path, { force: true });
  const failed = await new Promise<Error | undefined>((resolve) => {
    server.once("error", resolve);
    server.listen(short.path, () => resolve(undefined));
  });
  if (failed !== undefined) {
    await short.release();
    return failed.message;
  }
  server.unref();
  // Its directory lets nobody else in; this says it of the socket itself.
  await chmod(path, 0o600);
  return {
    close: async () => {
      server.close();
      await rm(path, { force: true });
      await short.release();
    },
  };
};

/** A path that an address has room for: of a long one the last name, below its directory as Linux has it open. */
const shortened = async (path: string): Promise<{ readonly path: string; readonly release: () => Promise<void> }> => {
  if (Buffer.byteLength(path) <= PATH_MAX) return { path, release: async () => undefined };
  const directory = await open(dirname(path), "r");
  return { path: `/proc/self/fd/${directory.fd}/${basename(path)}`, release: () => directory.close() };
};

const answer = (socket: Socket, controls: Controls): void => {
  let text = "";
  socket.setEncoding("utf8").setTimeout(SILENCE_MS, () => socket.destroy());
  socket.on("error", () => socket.destroy());
  socket.on("data", (more: string) => {
    text += more;
    const end = text.indexOf("\n");
    if (end < 0 && text.length <= MAX_CHARS) return;
    const command = end < 0 ? undefined : parseCommand(text.slice(0, end));
    if (command !== undefined) controls.take(command, "runs");
    socket.end(command === undefined ? "no such command\n" : `${command.kind}\n`);
  });
};

/** Sends one command to a run; true when the run took it, else why not. */
export const sendCommand = async (stateDir: string, run: string, command: string): Promise<true | string> => {
  const short = await shortened(socketPath(stateDir, run));
  try {
    return await said(createConnection(short.path), command);
  } finally {
    await short.release();
  }
};

const said = (socket: Socket, command: string): Promise<true | string> =>
  new Promise((resolve) => {
    let text = "";
    socket.setEncoding("utf8").setTimeout(SILENCE_MS, () => {
      resolve("it does not answer");
      socket.destroy();
    });
    socket.on("error", (cause) => resolve(cause.message));
    socket.on("connect", () => socket.write(`${command}\n`));
    socket.on("data", (more: string) => {
      text = `${text}${more}`.slice(0, MAX_CHARS);
    });
    socket.on("close", () => resolve(text.trim() === command ? true : `it says ${JSON.stringify(text.trim())}`));
  });
