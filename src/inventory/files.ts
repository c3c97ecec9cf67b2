import { closeSync, fstatSync, openSync, readdirSync, readSync } from "node:fs";
import { MAX_FILE_BYTES } from "./model.ts";

/** What became of an attempt to read a file. */
export type FileRead =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  /** May be executed and begins like a script or a program: it says more when it is run. */
  | { readonly kind: "program" }
  | { readonly kind: "missing" }
  /** The names in it, in no order. */
  | { readonly kind: "directory"; readonly names: readonly string[] }
  | { readonly kind: "oversized" }
  | { readonly kind: "unreadable"; readonly why: string };

export type ReadFile = (path: string) => FileRead;

/** Bytes asked for at a time. */
const CHUNK_BYTES = 64 * 1024;

/** Reads a file, or a pipe such as `<(command)`, of at most MAX_FILE_BYTES; of a directory the names. */
export const readFile: ReadFile = (path) => {
  try {
    const fd = openSync(path, "r");
    try {
      return readOpen(fd, path);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (code === "ENOENT" || code === "ENOTDIR") return { kind: "missing" };
    return { kind: "unreadable", why: reasons[code] ?? (code || "cannot be read") };
  }
};

const reasons: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  ELOOP: "too many symbolic links",
  ENAMETOOLONG: "the name is too long",
};

const readOpen = (fd: number, path: string): FileRead => {
  const stat = fstatSync(fd);
  if (stat.isDirectory()) return { kind: "directory", names: readdirSync(path) };
  const mayRun = stat.isFile() && (stat.mode & 0o111) !== 0;
  const chunks: Uint8Array[] = [];
  let total = 0;
  for (;;) {
    const chunk = new Uint8Array(CHUNK_BYTES);
    const count = readSync(fd, chunk);
    if (count === 0) break;
    if (mayRun && total === 0 && beginsLikeProgram(chunk)) return { kind: "program" };
    chunks.push(chunk.subarray(0, count));
    total += count;
    // The size a file claims is not asked for: pipes and devices claim none.
    if (total > MAX_FILE_BYTES) return { kind: "oversized" };
  }
  return { kind: "bytes", bytes: Buffer.concat(chunks) };
};

/**
 * `#!`, or the first bytes of an ELF file. Nothing else is ever run: an INI file may carry the execute bit by accident,
 * and a shell that is handed one takes every host line for a command.
 */
const beginsLikeProgram = ([first, second]: Uint8Array): boolean =>
  (first === 0x23 && second === 0x21) || (first === 0x7f && second === 0x45);
