import { describe, expect, it } from "vitest";
import { renderInventory } from "../../src/cli/commands/inventory.ts";
import { resolveHosts } from "../../src/inventory/resolve.ts";
import { withoutSsh } from "../../src/inventory/ssh-defaults.ts";

const hostsOf = async (patterns: readonly string[]) => {
  const text =
    "[web]\nweb[01:02] novasweep_cache_quota=20G\n[all:vars]\nansible_user=root\n[db]\ndb1 ansible_host=10.0.0.7\n";
  const resolved = await resolveHosts({
    inventories: ["hosts.ini"],
    settingsFiles: [],
    set: ["cache_headroom=1G"],
    options: {},
    patterns,
    limits: [],
    loginUser: "operator",
    askSsh: withoutSsh("operator"),
    home: "/home/operator",
    workingDirectory: "/srv",
    readFile: () => ({ kind: "bytes", bytes: new TextEncoder().encode(text) }),
  });
  if (!resolved.ok) throw new Error(JSON.stringify(resolved.error));
  return resolved.value.hosts;
};

describe("novasweep inventory", () => {
  it("lists hosts with what somebody set", async () => {
    expect(renderInventory(await hostsOf(["all"]), "table").split("\n")).toEqual([
      "HOST   ADDRESS   PORT  USER  BECOME  SET",
      "web01  web01     22    root  none    cache_quota=20G cache_headroom=1G",
      "web02  web02     22    root  none    cache_quota=20G cache_headroom=1G",
      "db1    10.0.0.7  22    root  none    cache_headroom=1G",
      "",
    ]);
  });

  it("shows every setting of a single host and where it comes from", async () => {
    const lines = renderInventory(await hostsOf(["db1"]), "table")
      .split("\n")
      .map((line) => line.split(/ {2,}/));
    expect(lines).toContainEqual(["host", "db1", "in db"]);
    expect(lines).toContainEqual(["address", "10.0.0.7", "hosts.ini:6"]);
    expect(lines).toContainEqual(["user", "root", "hosts.ini:4"]);
    expect(lines).toContainEqual(["cache_headroom", "1G", "--set cache_headroom=1G"]);
    expect(lines).toContainEqual(["cache_target_free", "2G", "default (2 x cache_headroom)"]);
    expect(lines).toContainEqual(["cache_dataset", "-", "default (from the layout)"]);
    expect(lines).toContainEqual(["become", "none", "default (the login user is root)"]);
  });

  it("prints JSON with every setting's value and source", async () => {
    const { v, hosts } = JSON.parse(renderInventory(await hostsOf(["web01"]), "json"));
    expect([v, hosts.length]).toEqual([1, 1]);
    expect(hosts[0]).toMatchObject({ name: "web01", address: "web01", groups: ["web"] });
    expect(hosts[0].settings.cache_quota).toEqual({ value: "20G", source: "hosts.ini:2" });
    expect(hosts[0].settings.cache_dir).toEqual({ value: null, source: "default (from the layout)" });
    expect(hosts[0].settings.port).toEqual({ value: "22", source: "default" });
  });
});
