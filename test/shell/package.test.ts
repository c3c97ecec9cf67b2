/** The cleaner's package on a node: installed, updated, taken over, taken away, with one owner of each path. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Change } from "../../src/domain/change.ts";
import { METHOD_PATH } from "../../src/remote/script.ts";
import { takesShell } from "../support/long.ts";
import {
  applyOf,
  digestOf,
  type Ended,
  factsOf,
  makeShellNode,
  manifestText,
  type ShellNode,
  shells,
} from "../support/shell-node.ts";

const METHOD = METHOD_PATH.slice(1);
const MANIFEST = "lib/svc/manifest/site/nova-cache-cleanup.xml";
const DATASET = "rpool/export/nova";
const METHOD_TEXT = "#!/bin/sh\n# packaged\n";

/** A repository on the node that holds the cleaner at a version, as pkgsend leaves one. */
const publish = (one: ShellNode, version: string, method = METHOD_TEXT): void => {
  const repo = join(one.root, "srv/repo");
  const home = join(repo, "publisher/site");
  const at = join(home, "pkg/nova-cache-cleanup", `${version},5.11:20261126T044512Z`);
  mkdirSync(at, { recursive: true });
  mkdirSync(join(home, "file"), { recursive: true });
  writeFileSync(join(repo, "pkg5.repository"), "[repository]\nversion = 4\n");
  for (const text of [method, manifestText]) writeFileSync(join(home, "file", digestOf(text)), text);
  writeFileSync(
    join(at, "manifest"),
    [
      `set name=pkg.fmri value=pkg://site/nova-cache-cleanup@${version},5.11:20261126T044512Z`,
      `file ${digestOf(method)} path=${METHOD} owner=root group=bin mode=0555`,
      `file ${digestOf(manifestText)} path=${MANIFEST} owner=root group=sys mode=0444 restart_fmri=svc:/system/manifest-import:default disable_fmri=svc:/site/nova-cache-cleanup:default`,
      "",
    ].join("\n"),
  );
};

const install = (version = "1.0", more: Partial<Extract<Change, { kind: "cleaner.package" }>> = {}): Change => ({
  kind: "cleaner.package",
  fmri: `pkg://site/nova-cache-cleanup@${version}`,
  origin: "/srv/repo",
  method: digestOf(METHOD_TEXT),
  manifest: digestOf(manifestText),
  ...more,
});
const policy: readonly Change[] = [
  { kind: "cleaner.configure", properties: { "config/dataset": DATASET, "periodic/period": "600" } },
  { kind: "cleaner.enable" },
];
const uninstall: Change = { kind: "cleaner.uninstall", package: "nova-cache-cleanup", version: "1.0" };
const files: Change = { kind: "cleaner.install", method: "", manifest: "" };
const more = { cacheDir: "/var/share/nova/images" };

const steps = (ended: Ended): readonly string[] => ended.lines.filter((line) => /^step \d+ (ok|fail)/.test(line));
const owners = (one: ShellNode): readonly string[] =>
  readFileSync(join(one.state, "packages"), "utf8")
    .split("\n")
    .filter((line) => line.split(" ").includes(METHOD));
/** The published recipe's own package: the same paths and service, version 0.1, no actuators. */
const published = (one: ShellNode): void => {
  one.write(METHOD, "#!/usr/bin/ksh\n");
  one.write(MANIFEST, manifestText);
  appendFileSync(join(one.state, "packages"), `nova-cache-cleanup site 0.1 ${METHOD} ${MANIFEST}\n`);
};

const onNode = async (act: (one: ShellNode) => Promise<void>): Promise<void> => {
  const one = makeShellNode({ release: "kilo", layout: "varshare" });
  try {
    await act(one);
  } finally {
    one.remove();
  }
};

describe.concurrent.each(shells.filter(([name]) => takesShell(name)))("the package under %s", (_name, shell) => {
  test("is installed from its origin, configured, and runs; a second time there is nothing to do", () =>
    onNode(async (one) => {
      publish(one, "1.0");
      for (const round of [1, 2]) {
        const ended = await one.run(shell, applyOf([install(), ...policy], more));
        expect(steps(ended), String(round)).toEqual(["step 1 ok", "step 2 ok", "step 3 ok"]);
        const seen = factsOf(ended);
        expect(seen.nova).toMatchObject({
          value: { cleanerPackage: { value: { name: "nova-cache-cleanup", version: "1.0" } } },
        });
        expect(seen.cleaner).toMatchObject({
          value: { service: { state: "online" }, properties: { "periodic/period": "600" } },
        });
        expect(seen.cleanerFiles.method).toEqual({ seen: true, value: digestOf(METHOD_TEXT) });
        expect(owners(one)).toHaveLength(1);
      }
    }));

  test("takes over from files and from the published package, and gives way to files again", () =>
    onNode(async (one) => {
      published(one);
      publish(one, "1.0");
      const over = await one.run(shell, applyOf([install(), ...policy], more));
      expect(steps(over)).toEqual(["step 1 ok", "step 2 ok", "step 3 ok"]);
      expect(owners(one)).toEqual([`nova-cache-cleanup site 1.0 ${METHOD} ${MANIFEST}`]);
      const back = await one.run(shell, applyOf([uninstall, files, ...policy.slice(1)], more));
      expect(steps(back)).toEqual(["step 1 ok", "step 2 ok", "step 3 ok"]);
      expect(owners(one)).toEqual([]);
      expect(one.read(METHOD)).toBe("#!/bin/sh\nexit 0\n");
      expect(factsOf(back).cleaner).toMatchObject({ value: { service: { state: "online" } } });
      const again = await one.run(shell, applyOf([install(), ...policy], more));
      expect(steps(again)).toEqual(["step 1 ok", "step 2 ok", "step 3 ok"]);
      expect(owners(one)).toHaveLength(1);
      expect(one.read(METHOD)).toBe(METHOD_TEXT);
    }));

  test("the published package is uninstalled, and nothing of it stays", () =>
    onNode(async (one) => {
      published(one);
      const ended = await one.run(shell, applyOf([{ ...uninstall, version: "0.1" }, { kind: "cleaner.remove" }], more));
      expect(steps(ended)).toEqual(["step 1 ok", "step 2 ok"]);
      expect(existsSync(join(one.root, METHOD))).toBe(false);
      expect(factsOf(ended).cleaner).toMatchObject({ seen: false, why: "absent" });
      expect(owners(one)).toEqual([]);
    }));

  test("a touched file is mended, and a package of another making is told from a touched one", () =>
    onNode(async (one) => {
      publish(one, "1.0");
      await one.run(shell, applyOf([install(), ...policy], more));
      one.write(METHOD, "#!/bin/sh\n: touched\n");
      expect(steps(await one.run(shell, applyOf([install()], more)))).toEqual(["step 1 ok"]);
      expect(one.read(METHOD)).toBe(METHOD_TEXT);
      const other = await one.run(shell, applyOf([install("1.0", { method: "0".repeat(64) })], more));
      expect(steps(other)[0]).toMatch(
        /^step 1 fail E_STEP pkg:\/\/site\/\S+ as installed is not the one of this version/,
      );
    }));

  test("with an origin for that once a touched file is mended by taking the package out and in again", () =>
    onNode(async (one) => {
      publish(one, "1.0");
      await one.run(shell, applyOf([install(), ...policy], more));
      one.write(METHOD, "#!/bin/sh\n: touched\n");
      // Nothing to mend from: the publisher has no origin on the node.
      one.replaceTool("PKG", 'case $1 in fix) echo "pkg fix: no origin" >&2; exit 1 ;; esac; exec $real "$@"');
      expect(steps(await one.run(shell, applyOf([install(), ...policy], more)))).toEqual([
        "step 1 ok",
        "step 2 ok",
        "step 3 ok",
      ]);
      expect(one.read(METHOD)).toBe(METHOD_TEXT);
    }));

  test("another pkg that holds the image is waited for; what fails is said in pkg's own words", () =>
    onNode(async (one) => {
      publish(one, "1.0");
      one.replaceTool("SLEEP", 'case $1 in 5) set -- 0 ;; esac; exec $real "$@"');
      writeFileSync(join(one.state, "pkg-locked"), "3\n");
      expect(steps(await one.run(shell, applyOf([install()], more)))).toEqual(["step 1 ok"]);
      writeFileSync(join(one.state, "pkg-locked"), "1000\n");
      const never = await one.run(shell, applyOf([install()], more));
      expect(steps(never)[0]).toMatch(
        /^step 1 fail E_STEP pkg install, waited 240 s: .*in use by another package client/,
      );
      writeFileSync(join(one.state, "pkg-locked"), "1\n");
      const missing = await one.run(shell, applyOf([install("2.0")], more));
      expect(steps(missing)[0]).toMatch(/^step 1 fail E_STEP pkg install: .*did not match any allowable packages/);
      const nowhere = await one.run(shell, applyOf([install("1.0", { origin: "/srv/none" })], more));
      expect(steps(nowhere)[0]).toMatch(/does not contain a valid package repository/);
    }));

  test("an actuator that does not end in time is no failure: the service is looked for", () =>
    onNode(async (one) => {
      publish(one, "1.0");
      writeFileSync(join(one.state, "actuators-hang"), "");
      expect(steps(await one.run(shell, applyOf([install(), ...policy], more)))).toEqual([
        "step 1 ok",
        "step 2 ok",
        "step 3 ok",
      ]);
    }));

  test("files are not written over those of another package", () =>
    onNode(async (one) => {
      one.write(METHOD, "#!/usr/bin/ksh\n");
      appendFileSync(join(one.state, "packages"), `other-cleaner site 3 ${METHOD}\n`);
      const ended = await one.run(shell, applyOf([files], more));
      expect(steps(ended)).toEqual([`step 1 fail E_PACKAGED package other-cleaner owns /${METHOD}`]);
      expect(one.read(METHOD)).toBe("#!/usr/bin/ksh\n");
      publish(one, "1.0");
      const conflict = await one.run(shell, applyOf([install()], more));
      expect(steps(conflict)[0]).toMatch(/^step 1 fail E_STEP pkg install: .*all deliver file actions to/);
      expect(one.read(METHOD)).toBe("#!/usr/bin/ksh\n");
    }));
});
