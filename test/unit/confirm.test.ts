import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { confirm } from "../../src/cli/confirm.ts";

const asked = async (typed: string | undefined) => {
  const input = new PassThrough();
  const output = new PassThrough();
  const answer = confirm(212, "change", { input, output, terminal: true });
  if (typed === undefined) input.end();
  else input.write(typed);
  const result = await answer;
  return { result, shown: String(output.read()) };
};

test("the number of hosts accepts, and the question says it", async () => {
  const { result, shown } = await asked("212\r");
  expect(result).toEqual({ ok: true, value: true });
  expect(shown).toContain("Type 212 to change 212 hosts");
});

test.each([
  ["nothing", "\r"],
  ["yes", "yes\r"],
  ["another number", "21\r"],
  ["the number with more", "212 hosts\r"],
  ["Ctrl-C", "212\x03"],
  ["Ctrl-D", "\x04"],
  ["the end of the input", undefined],
])("%s declines", async (_name, typed) => {
  expect((await asked(typed)).result).toEqual({ ok: true, value: false });
});

test("without a terminal nobody is asked: --yes has to be said", async () => {
  const streams = { input: new PassThrough(), output: new PassThrough(), terminal: false };
  expect(await confirm(1, "change", streams)).toMatchObject({
    ok: false,
    error: { code: "E_USAGE", what: expect.stringContaining("1 host would"), try: expect.stringContaining("--yes") },
  });
});
