import { type Complaint, unreachable } from "../domain/result.ts";
import type { FileRead } from "./files.ts";
import { MAX_FILE_BYTES } from "./model.ts";

/** What kept a file from being read that has to be a text. */
export const unreadable = (code: string, where: string, read: Exclude<FileRead, { kind: "bytes" }>): Complaint => {
  switch (read.kind) {
    case "missing":
      return {
        code,
        what: "there is no such file",
        where,
        try: "look at the name; a relative one begins where you are",
      };
    case "program":
      return {
        code,
        what: "this is a program, not a text",
        where,
        try: "take its execute bits off (chmod -x) if it is not",
      };
    case "directory":
      return { code, what: "this is a directory, not a file", where, try: "name a file" };
    case "oversized":
      return {
        code,
        what: `the file is larger than ${MAX_FILE_BYTES / 1024 ** 2} MiB`,
        where,
        try: "split it, or look whether it is the right file",
      };
    case "unreadable":
      return { code, what: `the file cannot be read: ${read.why}`, where, try: "look at its owner and mode" };
    default:
      return unreachable(read);
  }
};
