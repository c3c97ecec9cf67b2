/** The Puppet class applied to simulated nodes, by Puppet's own engine and providers. dist has to be there. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Settings } from "../../src/domain/settings.ts";
import { type Lab, startLab } from "../../src/lab/start.ts";
import { cleanerMethod } from "../../src/remote/payload/payload.ts";
import { against, novasweep, scratch } from "../support/novasweep.ts";
import { applied, forSimNode, onNode, simEnv, toolsOf, written } from "../support/puppet.ts";
import { classOf, kinds } from "../support/puppet-kinds.ts";

let dir: string;
beforeAll(() => {
  dir = scratch("puppet-nodes");
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const folder = (name: string): string => {
  const path = join(dir, name);
  mkdirSync(path);
  return path;
};

const INSTANCE = "svc:/site/nova-cache-cleanup:default";
const COMPUTE = "svc:/application/openstack/nova/nova-compute:default";

/** The class's service resource alone. */
const serviceOf = (text: string): string => /^ {2}service \{[\s\S]*?^ {2}\}/m.exec(text)?.[0] ?? "";

describe("a simulated node", () => {
  let lab: Lab;
  beforeAll(async () => {
    const specs = [
      { name: "fresh", release: "juno", layout: "legacy" },
      { name: "drained", release: "juno", layout: "legacy", fault: "disabled" },
    ] as const;
    lab = await startLab({ nodes: specs.length, specs, parentDir: dir });
  });
  afterAll(() => lab.stop());

  test.concurrent("gets what a rollout gives it; then there is nothing to do; then the cleaner stops, and goes", async () => {
    const node = toolsOf(lab, "fresh");
    const at = folder("lifecycle");
    const of = (changed: Partial<Settings>) => forSimNode(classOf({ ...kinds.export.changed, ...changed }), node);
    const [present = "", disabled = "", absent = ""] = written(at, {
      present: of({}),
      disabled: `class novasweep {\n${serviceOf(of({ cleaner: "disabled" }))}\n}`,
      absent: of({ cleaner: "absent" }),
    });
    const [first, again] = await applied(at, [present, present], simEnv(node));
    expect(first).toMatchObject({ failed: [], skipped: [] });
    expect(first?.changed.slice(-3)).toEqual([
      `Service[${INSTANCE}]`,
      "Ini_setting[novasweep: glancecache_dirname]",
      "Exec[novasweep: restart nova-compute]",
    ]);
    expect(again).toMatchObject({ changed: [], failed: [], skipped: [] });
    expect(onNode(node, "zfs get -H -o value quota,mountpoint rpool/export/nova")).toBe("15G\n/export/nova");
    expect(readFileSync(join(node.root, "/lib/svc/method/nova-cache-cleanup"), "utf8")).toBe(cleanerMethod());
    // The simulators keep owners in a table of their own, which a real chown does not write.
    onNode(node, "chown nova:nova $R/export/nova $R/export/nova/images");
    const options = [...against(lab, join(at, "state")), "--set", "cache_layout=export", "--exit-code"];
    expect(await novasweep(["status", "fresh", ...options], { cwd: at })).toMatchObject({ status: 0 });

    const [stopped, gone] = await applied(at, [disabled, absent], simEnv(node));
    expect(stopped).toMatchObject({ changed: [`Service[${INSTANCE}]`], failed: [] });
    expect(gone?.changed).toContain("Exec[novasweep: delete the service]");
    expect(onNode(node, `svcs -H ${INSTANCE} || echo gone`)).toBe("gone");
    expect(await novasweep(["status", "fresh", ...options], { cwd: at })).toMatchObject({ status: 3 });
  });

  test.concurrent("that is drained stays drained; Puppet's own way to enable a service asks for more", async () => {
    const node = toolsOf(lab, "drained");
    const at = folder("drained");
    const ours = forSimNode(classOf(kinds.export.changed), node);
    const service = serviceOf(ours);
    const [whole = "", again = "", own = ""] = written(at, {
      whole: ours,
      again: `class novasweep {\n${service}\n}`,
      own: `class novasweep {\n${service.replaceAll(/ +(provider|start|stop|status) +=> .*\n/g, "")}\n}`,
    });
    expect(await applied(at, [whole, again], simEnv(node))).toMatchObject([
      { failed: [], skipped: [] },
      { changed: [], failed: [], skipped: [] },
    ]);
    expect(onNode(node, `for s in ${INSTANCE} ${COMPUTE}; do svcs -H -o state $s; done`)).toBe("offline\ndisabled");
    const [enabled] = await applied(at, [own], simEnv(node));
    expect(enabled?.failed.join("\n")).toMatch(/svcadm enable -rst /);
  });

  test.concurrent("whose nova.conf has a section twice keeps its lines; without the look before, the type loses some", async () => {
    const at = folder("twice");
    const part = /^ {2}exec \{ 'novasweep: nova\.conf[\s\S]*$/m.exec(classOf(kinds.export.changed))?.[0] ?? "";
    const guarded = part.replace(/require => \[.*\],/, "").replaceAll("/usr/sbin/svcadm", "/usr/bin/true");
    const bare = guarded.replace(/^ +require => Exec.*$/m, "");
    const twice = "[DEFAULT]\na = 1\n [x] \nb = 2\n[DEFAULT] \nc = 3\n";
    const on = (name: string, conf: string | undefined, text: string) => {
      if (conf !== undefined) writeFileSync(join(at, name), conf);
      const here = text.replaceAll("/etc/nova/nova.conf", join(at, name));
      return written(at, { [`${name}-class`]: `class novasweep {\n${here}` })[0] ?? "";
    };
    const read = (name: string) => readFileSync(join(at, name), "utf8");
    const once = on("once", twice.replace("[DEFAULT] \n", ""), guarded);
    const ran = await applied(at, [
      on("twice", twice, guarded),
      on("unguarded", twice, bare),
      on("absent", undefined, guarded),
      once,
      once,
    ]);
    const left = { changed: [], skipped: expect.arrayContaining(["Ini_setting[novasweep: glancecache_dirname]"]) };
    const lossy = { changed: expect.arrayContaining(["Ini_setting[novasweep: glancecache_dirname]"]) };
    expect(ran).toMatchObject([left, lossy, left, { failed: [], skipped: [] }, { changed: [], failed: [] }]);
    expect(read("twice")).toBe(twice);
    expect(read("unguarded")).not.toContain("a = 1");
    expect(existsSync(join(at, "absent"))).toBe(false);
    expect(read("once")).toBe("[DEFAULT]\na = 1\nglancecache_dirname = /export/nova/images\n [x] \nb = 2\nc = 3\n");
  });
});
