import { describe, expect, test } from "vitest";
import { widthOf } from "../../src/view/cells.ts";
import { renderStatusJson } from "../../src/view/status-json.ts";
import { renderStatusTable } from "../../src/view/status-table.ts";
import { folded, journal } from "../support/journals.ts";

const state = folded(journal("status"));
const addresses = new Map([["cn1", "192.0.2.1"]]);
const text = (lines: readonly string[]): string => `${lines.join("\n")}\n`;

describe("status as a table", () => {
  test("into a pipe", async () => {
    await expect(text(renderStatusTable(state))).toMatchFileSnapshot("../golden/status-table.txt");
  });

  test("on 80 columns", async () => {
    await expect(text(renderStatusTable(state, 80))).toMatchFileSnapshot("../golden/status-table-80.txt");
  });

  test.each([40, 60, 80, 100, 140])("its rows fit %d columns and always name host and outcome", (width) => {
    const lines = renderStatusTable(state, width);
    const rows = lines.slice(0, lines.indexOf(""));
    expect(rows).toHaveLength(7);
    for (const row of rows) expect(widthOf(row)).toBeLessThanOrEqual(width);
    expect(rows[2]).toMatch(/^cn2 +drifted/);
  });
});

interface StatusHost {
  readonly name: string;
  readonly unseen: Record<string, string>;
  readonly [field: string]: unknown;
}

describe("status as JSON", () => {
  const document = JSON.parse(renderStatusJson(state, addresses)) as { hosts: StatusHost[]; [field: string]: unknown };
  const host = (name: string): StatusHost => document.hosts.find((each) => each.name === name) as StatusHost;

  test("is the document of the reference", async () => {
    await expect(renderStatusJson(state, addresses)).toMatchFileSnapshot("../golden/status.json");
    expect(Object.keys(document)).toEqual(["v", "run", "at", "hosts", "tally"]);
    expect(host("cn1")).toMatchObject({
      address: "192.0.2.1",
      outcome: "in-sync",
      nova: {
        version: "0.2014.2.2",
        service: "online",
        since: "2015-09-16T12:00:00Z",
        section: "DEFAULT",
        cacheDir: "/export/nova/images",
      },
      dataset: { name: "rpool/export/nova", mountpoint: "/export/nova", quotaBytes: 15 * 1024 ** 3, owner: "nova" },
      images: { count: 9, oldest: "2015-06-02T00:00:00Z", partial: 0 },
      legacy: [{ path: "/var/lib/nova/images", images: 3 }],
      drift: [],
    });
  });

  test("every host has every field, and every null has its reason", () => {
    const fields = Object.keys(host("cn1"));
    const optional = new Set(["failure", "note"]);
    for (const each of document.hosts) {
      expect(Object.keys(each)).toEqual(fields);
      for (const path of nulls(each)) {
        if (!optional.has(path)) expect(each.unseen[path], `${each.name} ${path}`).toMatch(/./);
      }
    }
  });

  test("what could not be looked at is null, not zero and not in sync", () => {
    expect(host("cn4")).toMatchObject({
      dataset: null,
      images: null,
      cleaner: null,
      bootEnvironments: null,
      drift: null,
    });
    expect(host("cn4")["legacy"]).toBe(null);
    expect(host("cn4").unseen).toMatchObject({
      dataset: "denied: cat: /etc/nova/nova.conf: Permission denied",
      bootEnvironments: "failed: beadm: timeout",
    });
    expect(host("cn5")).toMatchObject({ nova: null, drift: null, failure: { code: "E_AUTH" } });
    expect(host("cn5").unseen["nova"]).toMatch(/^E_AUTH: /);
    expect(host("cn6")).toMatchObject({ outcome: "refused", refusals: [{ code: "E_BECOME" }], legacy: null });
  });
});

/** Paths of every null in a host; those in a list carry its name only. */
const nulls = (value: unknown, path = ""): string[] => {
  if (value === null) return [path];
  if (typeof value !== "object" || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([key, member]) => nulls(member, path === "" ? key : `${path}.${key}`));
};
