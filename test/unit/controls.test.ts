/** What a person asks of a run while it goes on: by a key, by the socket, and what the waves make of it. */

import { mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { createConnection } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { openControlSocket, parseCommand, sendCommand } from "../../src/cli/control-socket.ts";
import { keyCommand } from "../../src/cli/run-keys.ts";
import { type Command, Controls } from "../../src/engine/controls.ts";
import { scratch } from "../support/novasweep.ts";

const controlsOf = () => {
  const acted: string[] = [];
  let aborted = 0;
  const controls = new Controls(
    4,
    (command, by) => acted.push(`${command.kind} by ${by}`),
    () => {
      aborted += 1;
    },
  );
  return { controls, acted, aborted: () => aborted };
};

describe("commands to a run", () => {
  it("hold and go: the first reason stays until somebody says go", () => {
    const { controls, acted } = controlsOf();
    expect(controls.held).toBe(undefined);
    controls.hold("the probe asks");
    controls.take({ kind: "hold" }, "key");
    expect(controls.held).toBe("the probe asks");
    controls.take({ kind: "go" }, "runs");
    expect(controls.held).toBe(undefined);
    expect(acted).toEqual(["hold by the probe asks", "hold by key", "go by runs"]);
  });
  it("abort lets go and stops", () => {
    const { controls, aborted } = controlsOf();
    controls.take({ kind: "hold" }, "key");
    controls.take({ kind: "abort" }, "key");
    expect([controls.held, aborted()]).toEqual([undefined, 1]);
  });
  it("skip and retry are asked for once each", () => {
    const { controls } = controlsOf();
    controls.take({ kind: "skip" }, "key");
    controls.take({ kind: "retry" }, "key");
    expect([controls.takeSkip(), controls.takeSkip(), controls.takeRetry(), controls.takeRetry()]).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });
  it.each([
    [0, 1],
    [7, 7],
    [100_000, 1000],
  ])("%i hosts at once are %i", (asked, got) => {
    const { controls } = controlsOf();
    controls.take({ kind: "parallel", parallel: asked }, "key");
    expect(controls.parallel).toBe(got);
  });
  it("wakes whoever waits, each time", async () => {
    const { controls } = controlsOf();
    for (const kind of ["hold", "go"] as const) {
      const waiting = controls.changed();
      controls.take({ kind }, "key");
      await waiting;
    }
  });
});

describe("keys and words", () => {
  it.each<[string, Command | undefined]>([
    ["h", { kind: "hold" }],
    ["g", { kind: "go" }],
    ["a", { kind: "abort" }],
    ["s", { kind: "skip" }],
    ["r", { kind: "retry" }],
    ["+", { kind: "parallel", parallel: 9 }],
    ["-", { kind: "parallel", parallel: 7 }],
    ["x", undefined],
    ["\u001b", undefined],
  ])("key %j", (key, command) => expect(keyCommand(key, 8)).toEqual(command));
  it.each<[string, Command | undefined]>([
    ["hold", { kind: "hold" }],
    ["parallel 12", { kind: "parallel", parallel: 12 }],
    ["parallel 0", undefined],
    ["parallel 1001", undefined],
    ["parallel", undefined],
    ["hold 3", undefined],
    ["go go go", undefined],
    ["constructor", undefined],
    ["", undefined],
  ])("line %j", (line, command) => expect(parseCommand(line)).toEqual(command));
});

describe("the control socket", () => {
  const run = "20260102-030405-0a0b0c";
  const dir = scratch("socket");
  afterEach(() => rmSync(dir, { recursive: true, force: true }));
  const opened = async () => {
    mkdirSync(join(dir, "runs"), { recursive: true });
    const told = controlsOf();
    const socket = await openControlSocket(dir, run, told.controls);
    if (typeof socket === "string") throw new Error(socket);
    return { ...told, socket, path: join(dir, "runs", `${run}.sock`) };
  };

  it("takes a command of its owner's and says so; nobody else may", async () => {
    const { socket, path, acted } = await opened();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(await sendCommand(dir, run, "hold")).toBe(true);
    expect(await sendCommand(dir, run, "nonsense")).toBe('it says "no such command"');
    expect(acted).toEqual(["hold by runs"]);
    await socket.close();
    expect(await sendCommand(dir, run, "go")).toMatch(/ENOENT|ECONNREFUSED/);
  });

  it("bounds what it reads", async () => {
    const { socket, path, acted } = await opened();
    const said = await new Promise<string>((resolve) => {
      let text = "";
      const client = createConnection(path, () => client.write("x".repeat(100_000)));
      client.setEncoding("utf8").on("data", (more: string) => {
        text += more;
      });
      client.on("error", () => undefined);
      client.on("close", () => resolve(text));
    });
    expect([said, acted]).toEqual(["no such command\n", []]);
    await socket.close();
  });

  it("takes the place of one whose process died", async () => {
    const { socket } = await opened();
    const again = await openControlSocket(dir, run, controlsOf().controls);
    expect(typeof again).toBe("object");
    if (typeof again !== "string") await again.close();
    await socket.close();
  });

  it("of a state directory with a long name is reached all the same", async () => {
    const deep = join(dir, "x".repeat(120));
    mkdirSync(join(deep, "runs"), { recursive: true });
    const { controls, acted } = controlsOf();
    const socket = await openControlSocket(deep, run, controls);
    if (typeof socket === "string") throw new Error(socket);
    expect(statSync(join(deep, "runs", `${run}.sock`)).mode & 0o777).toBe(0o600);
    expect(await sendCommand(deep, run, "hold")).toBe(true);
    expect(acted).toEqual(["hold by runs"]);
    await socket.close();
    expect(readdirSync(join(deep, "runs"))).toEqual([]);
  });
});
