import { EventEmitter } from "node:events";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { RunState } from "../../src/domain/run-state.ts";
import { createTuiSink, type TuiOptions, type TuiSink } from "../../src/view/tui/tui-sink.tsx";
import { numbered, rollout } from "../support/fleet-events.ts";
import { journal } from "../support/journals.ts";

/** A terminal that keeps what is written to it. */
class Terminal extends EventEmitter {
  readonly isTTY = true;
  columns = 80;
  rows = 24;
  text = "";
  failing: Error | undefined;
  write(chunk: string, ...rest: unknown[]): boolean {
    if (this.failing !== undefined) throw this.failing;
    this.text += chunk;
    const done = rest.find((each) => typeof each === "function") as (() => void) | undefined;
    done?.();
    return true;
  }
}

const open: TuiSink[] = [];
const show = (terminal: Terminal, patch: Partial<TuiOptions> = {}): TuiSink => {
  const sink = createTuiSink({
    stream: terminal as unknown as NodeJS.WriteStream,
    nowMs: () => Date.parse("2026-03-01T14:10:00.000Z"),
    colour: false,
    unicode: true,
    onBroken: (_state, error) => {
      throw error;
    },
    ...patch,
  });
  open.push(sink);
  return sink;
};

afterEach(async () => {
  for (const sink of open.splice(0)) await sink.close();
});

const enter = "\u001b[?1049h";
const leave = "\u001b[?1049l";
const showCursor = "\u001b[?25h";

describe("the screen on a terminal", () => {
  test("takes the alternate screen, draws, and gives everything back", async () => {
    const terminal = new Terminal();
    const sink = show(terminal);
    for (const event of numbered(rollout(50))) sink.accept(event);
    await vi.waitFor(() => expect(terminal.text).toContain("50 of 50 settled"));
    expect(terminal.text).toContain(enter);
    expect(terminal.text).not.toContain(leave);
    await sink.close();
    expect(terminal.text.lastIndexOf(leave)).toBeGreaterThan(terminal.text.lastIndexOf(enter));
    expect(terminal.text.slice(terminal.text.indexOf("\u001b[?25l"))).toContain(showCursor);
    expect(terminal.listenerCount("resize")).toBe(0);
  });

  test("never wipes the scrollback and never draws more rows than there are", async () => {
    const terminal = new Terminal();
    terminal.rows = 10;
    terminal.columns = 40;
    const sink = show(terminal);
    for (const event of numbered(rollout(200))) sink.accept(event);
    await vi.waitFor(() => expect(terminal.text).toContain("200 of 200"));
    expect(terminal.text).not.toContain("\u001b[3J");
  });

  test("follows the terminal when it shrinks", async () => {
    const terminal = new Terminal();
    const sink = show(terminal);
    for (const event of journal("gate-closes").slice(0, -1)) sink.accept(event);
    await vi.waitFor(() => expect(terminal.text).toContain("alice@ctl1"));
    terminal.text = "";
    terminal.columns = 50;
    terminal.rows = 10;
    terminal.emit("resize");
    await vi.waitFor(() => expect(terminal.text).toContain("rollout"));
    expect(terminal.text).not.toContain("alice@ctl1");
  });

  test("suspended it writes nothing but still listens; resumed it shows where the run is", async () => {
    const terminal = new Terminal();
    const sink = show(terminal);
    const events = journal("gate-closes");
    for (const event of events.slice(0, 30)) sink.accept(event);
    await sink.suspend();
    terminal.text = "";
    for (const event of events.slice(30)) sink.accept(event);
    expect(terminal.text).toBe("");
    sink.resume();
    await vi.waitFor(() => expect(terminal.text).toContain("10 of 10 settled"));
    expect(terminal.text).toContain(enter);
  });

  test("does not touch stdin", async () => {
    const before = process.stdin.listenerCount("readable") + process.stdin.listenerCount("data");
    const sink = show(new Terminal());
    sink.accept(numbered(rollout(3))[0]!);
    expect(process.stdin.listenerCount("readable") + process.stdin.listenerCount("data")).toBe(before);
    await sink.close();
  });

  test("a frame that cannot be made drops the view once, with what it knew, and the run goes on", async () => {
    const terminal = new Terminal();
    const broken: RunState[] = [];
    let clockWorks = true;
    const sink = show(terminal, {
      nowMs: () => {
        if (!clockWorks) throw new Error("no clock");
        return 0;
      },
      onBroken: (state) => broken.push(state),
    });
    clockWorks = false;
    const events = journal("cut");
    for (const event of events.slice(0, 10)) sink.accept(event);
    await vi.waitFor(() => expect(broken).toHaveLength(1));
    for (const event of events.slice(10)) sink.accept(event);
    terminal.emit("resize");
    await sink.close();
    expect(broken).toHaveLength(1);
    expect(broken[0]?.hosts.size).toBe(4);
    expect(terminal.text).toContain(leave);
  });

  test("a terminal that went away drops the view too", async () => {
    const terminal = new Terminal();
    const errors: unknown[] = [];
    const sink = show(terminal, { onBroken: (_state, error) => errors.push(error) });
    terminal.failing = Object.assign(new Error("write EIO"), { code: "EIO" });
    for (const event of journal("cut")) sink.accept(event);
    await vi.waitFor(() => expect(errors).toHaveLength(1));
    await sink.close();
  });
});
