import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { MAX_FILE_BYTES } from "./model.ts";

/** What became of an attempt to read a file. */
export type FileRead =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array; readonly executable: boolean }
  | { readonly kind: "missing" }
  | { readonly kind: "directory" }
  | { readonly kind: "oversized" }
  | { readonly kind: "unreadable"; readonly why: string };

export type ReadFile = (path: string) => FileRead;

/** Bytes asked for at a time. */
const CHUNK_BYTES = 64 * 1024;

/** Reads a file, or a pipe such as `<(command)`, of at most MAX_FILE_BYTES. */
export const readFile: ReadFile = (path) => {
  try {
    const fd = openSync(path, "r");
    try {
      return readOpen(fd);
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

const readOpen = (fd: number): FileRead => {
  const stat = fstatSync(fd);
  if (stat.isDirectory()) return { kind: "directory" };
  const chunks: Uint8Array[] = [];
  let total = 0;
  for (;;) {
    const chunk = new Uint8Array(CHUNK_BYTES);
    const count = readSync(fd, chunk);
    if (count === 0) break;
    chunks.push(chunk.subarray(0, count));
    total += count;
    // The size a file claims is not asked for: pipes and devices claim none.
    if (total > MAX_FILE_BYTES) return { kind: "oversized" };
  }
  return { kind: "bytes", bytes: Buffer.concat(chunks), executable: stat.isFile() && (stat.mode & 0o111) !== 0 };
};
