/** The publish script in the shells of the field: what a repository has afterwards, and that nothing else is left. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { cleanerPackage } from "../../src/remote/payload/package.ts";
import type { PublishInputs } from "../../src/remote/publish-script.ts";
import { takesDashToo } from "../support/long.ts";
import { makeShellNode, NONCE, publishOf, type ShellNode, shells } from "../support/shell-node.ts";

const packaged = cleanerPackage("site");
let node: ShellNode;
beforeEach(() => {
  node = makeShellNode();
  makeRepository("/repo");
});
afterEach(() => node.remove());

const makeRepository = (path: string): void => {
  mkdirSync(join(node.root, path, "publisher"), { recursive: true });
  writeFileSync(join(node.root, path, "pkg5.repository"), "[repository]\nversion = 4\n");
};
const versions = (path = "/repo"): readonly string[] => {
  const dir = join(node.root, path, "publisher/site/pkg/nova-cache-cleanup");
  return existsSync(dir) ? readdirSync(dir) : [];
};
/** As if it had been published so. */
const has = (version: string, content: string): void => {
  const dir = join(node.root, "repo/publisher/site/pkg/nova-cache-cleanup", version);
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, "manifest"), packaged.manifest.replace(packaged.content, content));
};
const leftovers = (): readonly string[] => readdirSync(join(node.root, "tmp"));
const warning = `row lint WARNING opensolaris.manifest001.1 Missing attribute 'org.opensolaris.consolidation' in ${packaged.fmri}`;
const fmri = /pkg:\/\/site\/nova-cache-cleanup@1\.0,5\.11:\d{8}T\d{6}Z/;

describe.each(shells.filter(([name]) => takesDashToo(name)))("under %s", (_name, shell) => {
  test("publishes what it was sent, once: a second time it finds it there; nothing is left in /tmp", async () => {
    // A name that would do something, if a shell ever took it for code.
    const repository = '/it\'s "$(touch pwned)" `touch pwned`; touch pwned #';
    makeRepository(repository);
    const first = await node.run(shell, publishOf({ repository }));
    expect(first.err).toBe("");
    expect(first.lines).toEqual([
      "begin",
      "list lint",
      warning,
      expect.stringMatching(new RegExp(`^fact published ${fmri.source}$`)),
      "facts",
      "end 0",
    ]);
    const [version = ""] = versions(repository);
    const home = join(node.root, repository, "publisher/site");
    const stored = readFileSync(join(home, "pkg/nova-cache-cleanup", version, "manifest"), "utf8");
    for (const { path, text } of packaged.files) {
      const form = new RegExp(`^\\w+ ([0-9a-f]{64}) (?:path=${path}|license=Apache-2.0)`, "m");
      expect(readFileSync(join(home, "file", form.exec(stored)?.[1] ?? ""), "utf8"), path).toBe(text);
    }
    const second = await node.run(shell, publishOf({ repository }));
    expect(second.lines.slice(-3)).toEqual([`fact there pkg://site/nova-cache-cleanup@${version}`, "facts", "end 0"]);
    expect(versions(repository)).toEqual([version]);
    expect([existsSync("/pwned"), existsSync(join(node.root, "pwned"))]).toEqual([false, false]);
    expect(leftovers()).toEqual([]);
  });

  test("what TERM ends leaves nothing", async () => {
    node.replaceTool("PKGLINT", `: >'${node.root}/begun'; /bin/sleep 1; exec "$real" "$@"`);
    const running = node.start(shell, publishOf());
    await running.until("begin");
    while (!existsSync(join(node.root, "begun"))) await new Promise((resolve) => setTimeout(resolve, 20));
    running.child.kill("SIGTERM");
    const ended = await running.ended;
    expect(ended.lines.at(-1)).toBe("end 143");
    expect(versions()).toEqual([]);
    expect(leftovers()).toEqual([]);
  });

  test("an upload that is cut runs nothing", async () => {
    const whole = publishOf();
    for (const length of [200, 30_000, whole.length - 2]) {
      const ran = await node.run(shell, whole.slice(0, length));
      expect(ran.out).toBe("");
    }
    expect(versions()).toEqual([]);
  });
});

describe("what stops it", () => {
  const [, shell] = shells[0] ?? ["", []];
  // Its own findings are for those who ask for them: the simulator of pkglint is half of what a run costs.
  beforeEach(() => node.replaceTool("PKGLINT", "exit 0"));
  const last = async (more: Partial<PublishInputs> = {}) => (await node.run(shell, publishOf(more))).lines.at(-2);

  test.each<readonly [string, () => void, string | RegExp]>([
    [
      "no repository",
      () => rmSync(join(node.root, "repo"), { recursive: true }),
      /^refuse E_REPOSITORY pkgrepo list: file protocol error: .*'\/repo' does not contain a valid package repository\./,
    ],
    [
      "no tools",
      () => {
        node.replaceTool("PKGSEND", "exit 0");
        rmSync(join(node.dir, "../sim/pkgrepo"));
      },
      "refuse E_UNSUPPORTED there is no pkgrepo: it comes with package/pkg",
    ],
    [
      "a finding of pkglint",
      () => node.replaceTool("PKGLINT", 'echo "ERROR pkglint.manifest006           duplicate set actions" >&2; exit 1'),
      /^refuse E_LINT ERROR pkglint.manifest006 +duplicate set actions$/,
    ],
    [
      "a pkglint that breaks",
      () => node.replaceTool("PKGLINT", 'echo "Traceback" >&2; exit 99'),
      "step 1 fail E_STEP pkglint: Traceback",
    ],
    ["a list that cannot be had", () => node.replaceTool("PKGREPO", "exit 1"), "refuse E_REPOSITORY exit status 1"],
    [
      "a pkgsend that may not write",
      () => node.replaceTool("PKGSEND", 'echo "pkgsend: not permitted" >&2; exit 1'),
      "step 1 fail E_STEP pkgsend: not permitted",
    ],
  ])("%s", async (_what, make, says) => {
    make();
    expect(await last()).toEqual(typeof says === "string" ? says : expect.stringMatching(says));
    expect(versions()).toEqual([]);
    expect(leftovers()).toEqual([]);
  });

  test("another content of the same version: of two of one version the newer counts", async () => {
    has("1.0,5.11:20260101T000000Z", packaged.content);
    has("1.0,5.11:20260202T000000Z", "0".repeat(64));
    // A longer version is another one, whatever it begins with.
    has("1.0.1,5.11:20260303T000000Z", packaged.content);
    expect(await last()).toBe(
      "refuse E_PUBLISHED pkg://site/nova-cache-cleanup@1.0,5.11:20260202T000000Z is in the repository, with another content",
    );
    expect(versions()).toHaveLength(3);
    expect(leftovers()).toEqual([]);
    has("1.0,5.11:20260404T000000Z", packaged.content);
    const ran = await node.run(shell, publishOf());
    expect(ran.lines).toContain("fact there pkg://site/nova-cache-cleanup@1.0,5.11:20260404T000000Z");
  });

  test("a tool that hangs is ended, and so is the script", async () => {
    node.replaceTool("PKGSEND", "exec /bin/sleep 300");
    const ran = await node.run(shell, publishOf({ hostTimeoutS: 1 }));
    expect(ran.lines.slice(-2)).toEqual(["step 1 fail E_HOST_TIMEOUT PKGSEND did not end within 1 s", "end 1"]);
    expect(leftovers()).toEqual([]);
  });

  test("a place of that name which somebody made before is neither used nor removed", async () => {
    const place = join(node.root, "tmp", `novasweep-publish.${NONCE}`);
    mkdirSync(place);
    expect(await last()).toMatch(/^step 1 fail E_STEP \/tmp\/novasweep-publish\.\w+ cannot be made$/);
    expect(readdirSync(place)).toEqual([]);
  });

  test("a uid that is not root's, where root was wanted", async () => {
    const ran = await node.run(shell, publishOf({ wantUid: "0" }), { as: "novaadm" });
    expect(ran.lines).toEqual(["begin", "refuse E_BECOME the script runs with uid 60001 and needs 0", "end 3"]);
  });

  test("--check lints and looks, and publishes nothing", async () => {
    const ran = await node.run(shell, publishOf({ check: true }));
    expect(ran.lines).toEqual(["begin", "list lint", "facts", "end 0"]);
    expect(versions()).toEqual([]);
    expect(leftovers()).toEqual([]);
  });
});
