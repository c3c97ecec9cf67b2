/** The file of `exec --script`: read whole, and looked at for what a shell on a node would misread. */
import { createHash } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import { resolve } from "node:path";
import type { Asked } from "../domain/event.ts";
import { type Complaint, err, ok, type Result } from "../domain/result.ts";
import { MAX_COMMAND_BYTES } from "../remote/command-script.ts";

export interface ScriptFile {
  readonly asked: Extract<Asked, { kind: "script" }>;
  readonly text: string;
  /** What its first line tells the shell, `-eu`; empty: nothing. */
  readonly shellOptions: string;
}

/** Shells whose scripts Solaris' /bin/sh, which is ksh93, runs as they are meant. */
const shells = ["sh", "ksh", "ksh93", "dash"];

/** Reads a script. One that is no text, too long, empty or for another interpreter is `E_USAGE`. */
export const readScript = (file: string, workingDirectory: string): Result<ScriptFile> => {
  const bytes = readUpTo(resolve(workingDirectory, file), MAX_COMMAND_BYTES + 1);
  if (typeof bytes === "string") return err(wrong(file, `the script cannot be read: ${bytes}`, "--script FILE"));
  if (bytes.length > MAX_COMMAND_BYTES)
    return err(wrong(file, `the script is longer than ${MAX_COMMAND_BYTES / 1024} KiB`, "copy it to the hosts first"));
  const text = textOf(bytes);
  if (text === undefined) return err(wrong(file, "the script is no UTF-8 text", "a shell script"));
  if (text.trim() === "") return err(wrong(file, "the script is empty", "a shell script"));
  const shellOptions = optionsOf(text);
  if (shellOptions === undefined)
    return err(
      wrong(
        `${file}:1`,
        `${JSON.stringify(firstLine(text))} is not /bin/sh, which is what runs a script on the hosts`,
        "write it for sh; a program that is there already runs with: exec PATTERN... -- PROGRAM",
      ),
    );
  const digest = createHash("sha256").update(bytes).digest("hex");
  return ok({ asked: { kind: "script", file, bytes: bytes.length, digest }, text, shellOptions });
};

const wrong = (where: string, what: string, tryThis: string): Complaint => ({
  code: "E_USAGE",
  what,
  where,
  try: tryThis,
});

/** The file's beginning, or why it cannot be read. Reads no further: a device or a pipe may have no end. */
const readUpTo = (path: string, maxBytes: number): Buffer | string => {
  try {
    const file = openSync(path, "r");
    try {
      const buffer = Buffer.alloc(maxBytes);
      let length = 0;
      for (let read = -1; read !== 0 && length < maxBytes; length += read)
        read = readSync(file, buffer, length, maxBytes - length, null);
      return buffer.subarray(0, length);
    } finally {
      closeSync(file);
    }
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause);
  }
};

const textOf = (bytes: Buffer): string | undefined => {
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
};

const firstLine = (text: string): string => text.split("\n", 1)[0] ?? "";

/** The shell's options in the first line, empty where it says none; undefined: it is for another interpreter. */
const optionsOf = (text: string): string | undefined => {
  const line = firstLine(text);
  if (!line.startsWith("#!")) return "";
  const [, name = "", options = ""] =
    /^#!\s*(?:\/usr\/bin\/env\s+|\/\S*\/)([\w.]+)(?:[ \t]+(-[a-zA-Z]+))?[ \t]*$/.exec(line) ?? [];
  return shells.includes(name) && /^(-[aefhmnuvxCb]+)?$/.test(options) ? options : undefined;
};
