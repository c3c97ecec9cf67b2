/** A package on the controller's disk: DIR/proto and DIR/NAME.p5m. */
import { lstatSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Complaint, err, ok, type Result } from "../domain/result.ts";
import type { CleanerPackage } from "../remote/payload/package.ts";

/**
 * Writes the package, over an earlier one too. A directory that holds anything else, or a link, is refused before anything is written. The
 * manifest is taken away first and put in its place last: without it the build was cut short. Errors are `E_USAGE`.
 */
export const writePackage = (packaged: CleanerPackage, dir: string): Result<undefined> => {
  const manifest = join(dir, `${packaged.name}.p5m`);
  const unfinished = `${manifest}.unfinished`;
  const files = packaged.files.map(({ path, text }) => ({ path: join(dir, "proto", path), text }));
  try {
    const foreign = foreignIn(dir, new Set([manifest, unfinished, ...files.map(({ path }) => path)]));
    if (foreign !== undefined) return err(notOurs(foreign));
    rmSync(manifest, { force: true });
    for (const { path, text } of files) {
      makeDirectory(dirname(path));
      writeFileSync(path, text, { flush: true });
    }
    writeFileSync(unfinished, packaged.manifest, { flush: true });
    renameSync(unfinished, manifest);
    return ok(undefined);
  } catch (cause) {
    return err({
      code: "E_USAGE",
      what: `the package cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`,
      try: "--out DIR, a directory you may write, or one that is not there yet",
    });
  }
};

const notOurs = (path: string): Complaint => ({
  code: "E_USAGE",
  what: "the directory holds something that is not of this package",
  where: path,
  try: "--out DIR, a directory of its own",
});

/** As mkdir -p. Node's own never returns where a file system answers ENOENT for ever, as /proc does. */
const makeDirectory = (dir: string): void => {
  if (lstatSync(dir, { throwIfNoEntry: false }) !== undefined) return;
  makeDirectory(dirname(dir));
  mkdirSync(dir);
};

/** The first entry below `dir` that is none of these files nor on the way to one; undefined: there is none, or no `dir`. */
const foreignIn = (dir: string, files: ReadonlySet<string>): string | undefined => {
  const stat = lstatSync(dir, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  if (!stat.isDirectory()) return dir;
  for (const name of readdirSync(dir)) {
    const path = join(dir, name);
    const isOurs = files.has(path) ? lstatSync(path).isFile() : leadsTo(path, files);
    if (!isOurs) return path;
    const foreign = files.has(path) ? undefined : foreignIn(path, files);
    if (foreign !== undefined) return foreign;
  }
  return undefined;
};

const leadsTo = (dir: string, files: ReadonlySet<string>): boolean =>
  [...files].some((file) => file.startsWith(`${dir}/`));
