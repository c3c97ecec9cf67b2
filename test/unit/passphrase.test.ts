import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { askPassphrase } from "../../src/cli/passphrase.ts";

/** A keyboard and what was asked of it. */
const terminal = () => {
  const modes: boolean[] = [];
  const input = Object.assign(new PassThrough(), { setRawMode: (raw: boolean) => modes.push(raw) });
  return { input, output: new PassThrough(), modes, signal: new AbortController().signal };
};

const asked = async (...typed: readonly string[]) => {
  const at = terminal();
  const answer = askPassphrase("Passphrase: ", at);
  for (const text of typed) at.input.write(text);
  const given = await answer;
  return { given: Buffer.isBuffer(given) ? given.toString() : given, shown: String(at.output.read()), modes: at.modes };
};

test("what is typed is given and not shown; the terminal is raw meanwhile, and not after", async () => {
  const { given, shown, modes } = await asked("sec", "ret \t!\r");
  expect(given).toBe("secret !");
  expect(shown).toBe("Passphrase: \n");
  expect(modes).toEqual([true, false]);
});

test.for([
  ["a backspace takes one character back, of however many bytes", "añ\x7f\x08bc\r", "bc"],
  ["Ctrl-U takes all back", "wrong\x15right\n", "right"],
  ["escape sequences lose their escape", "a\x1b[Ab\r", "a[Ab"],
  ["Ctrl-D in the middle is nothing", "a\x04b\r", "ab"],
  ["Enter alone", "\r", "skip"],
  ["Ctrl-D alone", "\x04", "skip"],
  ["all taken back", "ab\x7f\x7f\r", "skip"],
  ["Ctrl-C", "abc\x03", "stop"],
])("%s", async ([, typed = "", given]) => {
  expect((await asked(typed)).given).toBe(given);
});

test("bytes that are no UTF-8 are given as they are", async () => {
  const at = terminal();
  const answer = askPassphrase("", at);
  at.input.write(Buffer.of(0xff, 0xc3, 0x0d));
  expect(await answer).toEqual(Buffer.of(0xff, 0xc3));
});

test("an endless line is not kept", async () => {
  const { given } = await asked("x".repeat(100_000), "\r");
  expect(given).toHaveLength(1024);
});

test("what is pasted behind Enter answers the next question", async () => {
  const at = terminal();
  const first = askPassphrase("1", at);
  at.input.write("one\rtwo\r");
  expect(String(await first)).toBe("one");
  expect(String(await askPassphrase("2", at))).toBe("two");
});

test("the end of the input, and a signal, stop it and give the terminal back", async () => {
  const gone = terminal();
  const stop = new AbortController();
  const answers = [askPassphrase("", gone), askPassphrase("", { ...terminal(), signal: stop.signal })];
  gone.input.end();
  stop.abort();
  expect(await Promise.all(answers)).toEqual(["stop", "stop"]);
  expect(gone.modes).toEqual([true, false]);
  const late = terminal();
  expect(await askPassphrase("", { ...late, signal: AbortSignal.abort() })).toBe("stop");
  expect(late.modes).toEqual([]);
});
