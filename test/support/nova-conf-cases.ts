import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { editConf } from "../../src/domain/nova-conf.ts";

/** One rule of reading or editing nova.conf; the file's name is the rule. Files are lists of lines, one character a byte. */
export interface ConfCase {
  readonly name: string;
  readonly why: string;
  readonly file: readonly string[];
  /** Section, key, value of each assignment in order. */
  readonly reads?: readonly (readonly [string, string, string])[];
  readonly refused?: { readonly line: number; readonly reason: string };
  readonly inForce?: {
    readonly section: string;
    readonly builtInDefault: string;
    readonly value?: string;
    readonly cannot?: string;
  };
  readonly edit?: {
    readonly section: string;
    readonly to: string;
    readonly file?: readonly string[];
    readonly line?: number;
    readonly oldLine?: string;
    readonly newLine?: string;
    readonly refused?: string;
    readonly because?: string;
  };
}

const folder = new URL("../cases/nova-conf/", import.meta.url);

export const confCases: readonly ConfCase[] = readdirSync(folder)
  .sort()
  .map((file) => ({
    name: file.replace(/\.json$/, "").replaceAll("-", " "),
    ...JSON.parse(readFileSync(new URL(file, folder), "utf8")),
  }));

export const bytesOf = (lines: readonly string[]): Uint8Array => Uint8Array.from(Buffer.from(lines.join(""), "latin1"));
export const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

export const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** The editor with Node's digest and base64, as the composition root calls it. */
export const edit = (bytes: Uint8Array, section: string, to: string) =>
  editConf({
    bytes,
    section,
    to,
    key: "glancecache_dirname",
    digest: sha256,
    encodeBase64: (part) => Buffer.from(part).toString("base64"),
  });
