import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { cleanerProperties } from "../../src/domain/desired.ts";
import { defaultSettings, type Settings } from "../../src/domain/settings.ts";
import { cleanerManifest, cleanerMethod, cleanerVersion } from "../../src/remote/payload/payload.ts";

const DTD = fileURLToPath(new URL("../../../shared/data/service_bundle.dtd.1", import.meta.url));
const settings: Settings = defaultSettings;
const manifest = cleanerManifest(settings);

/** Start tags in document order: element and attributes. */
const tags = (xml: string): readonly (readonly [string, Readonly<Record<string, string>>])[] =>
  [...xml.replaceAll(/<!--[\s\S]*?-->/g, "").matchAll(/<([a-z_]+)((?:\s+[\w:]+="[^"]*")*)\s*\/?>/g)].map(
    ([, name = "", attributes = ""]) => [
      name,
      Object.fromEntries(
        [...attributes.matchAll(/([\w:]+)="([^"]*)"/g)].map(([, key = "", value = ""]) => [key, value]),
      ),
    ],
  );
const attributes = (xml: string, element: string): Readonly<Record<string, string>> =>
  tags(xml).find(([name]) => name === element)?.[1] ?? {};

/** The published one, as far as it is known: run hourly, for however long it takes, with every number in the script. */
const published = `<service_bundle type="manifest" name="site/nova-cache-cleanup">
  <service version="1" type="service" name="site/nova-cache-cleanup">
    <dependency restart_on="none" type="service" name="nova-compute" grouping="require_all">
      <service_fmri value="svc:/application/openstack/nova/nova-compute"/>
    </dependency>
    <instance enabled="false" name="default">
      <periodic_method period="3600" exec="/lib/svc/method/nova-cache-cleanup" timeout_seconds="0"/>
    </instance>
  </service>
</service_bundle>`;

describe("the SMF manifest", () => {
  it("names the service, disabled until a rollout enables it", () => {
    expect(attributes(manifest, "service")).toEqual({ version: "1", type: "service", name: "site/nova-cache-cleanup" });
    expect(attributes(manifest, "instance")).toEqual({ enabled: "false", name: "default" });
  });

  it("runs the method every period, as user nova without privileges, never longer than its timeout", () => {
    expect(attributes(manifest, "periodic_method")).toEqual({
      period: "3600",
      delay: "60",
      jitter: "300",
      exec: "/lib/svc/method/nova-cache-cleanup",
      timeout_seconds: "1800",
    });
    expect(attributes(manifest, "method_credential")).toEqual({ user: "nova", group: "nova", privileges: "basic" });
  });

  it("is never left to run for ever, as the published one was", () => {
    const timeout = (xml: string): number => Number(attributes(xml, "periodic_method")["timeout_seconds"]);
    // 0 is no limit; and one run is over before the next is due.
    const bounded = (xml: string): void => {
      expect(timeout(xml)).toBeGreaterThan(0);
      expect(timeout(xml)).toBeLessThan(Number(attributes(xml, "periodic_method")["period"]));
    };
    bounded(manifest);
    expect(() => bounded(published)).toThrow();
  });

  it("has its policy where an administrator can change it, on the instance, as the published one had not", () => {
    const policy = (xml: string): readonly string[] =>
      tags(xml).flatMap(([element, { name = "" }]) => (element === "propval" ? [name] : []));
    expect(policy(manifest)).toContain("headroom");
    expect(policy(published)).toEqual([]);
  });

  it("spreads a short period by a tenth of it", () => {
    expect(attributes(cleanerManifest({ ...settings, cleanerPeriodS: 600 }), "periodic_method")).toMatchObject({
      period: "600",
      jitter: "60",
    });
  });

  it("depends on nova-compute as published: it runs only where nova-compute is enabled, and does not restart with it", () => {
    expect(attributes(manifest, "dependency")).toEqual({
      restart_on: "none",
      type: "service",
      name: "nova-compute",
      grouping: "require_all",
    });
    expect(attributes(manifest, "service_fmri")).toEqual({ value: "svc:/application/openstack/nova/nova-compute" });
  });

  it("defines every property the rollout sets, on the instance, numbers as count and words as astring", () => {
    const set = cleanerProperties(settings, "rpool/export/nova", "/export/nova/images");
    const defined = tags(manifest)
      .filter(([name]) => name === "propval")
      .map(([, { name, type, value }]) => ({ name: `config/${name}`, type, value }))
      // The operator's own: a rollout leaves it as it is.
      .filter(({ name }) => name !== "config/dry_run");
    expect(manifest).toContain('<propval name="dry_run" type="boolean" value="false"/>');
    const schedule = { "periodic/period": "3600", "periodic/jitter": "300" };
    expect(attributes(manifest, "periodic_method")).toMatchObject({ period: "3600", jitter: "300" });
    expect(set).toMatchObject(schedule);
    expect([...defined.map(({ name }) => name), ...Object.keys(schedule)].sort()).toEqual(Object.keys(set).sort());
    for (const { name, type, value } of defined) {
      expect(type, name).toBe(/^\d+$/.test(set[name] ?? "") ? "count" : "astring");
      if (name !== "config/dataset" && name !== "config/directory") expect(value, name).toBe(set[name]);
    }
    expect(manifest.indexOf("<property_group")).toBeGreaterThan(manifest.indexOf("<instance"));
    expect(manifest.indexOf("</property_group>")).toBeLessThan(manifest.indexOf("</instance>"));
  });

  it("describes every property of the policy, with its type, for svccfg describe", () => {
    const of = (element: string) =>
      tags(manifest)
        .filter(([name]) => name === element)
        .map(([, { name, type }]) => ({ name, type }));
    expect(of("prop_pattern")).toEqual(of("propval"));
    expect(attributes(manifest, "pg_pattern")).toEqual({ name: "config", type: "application", required: "false" });
    const described = manifest.match(
      /<prop_pattern [^>]*>\s*<description>\s*<loctext xml:lang="C">[^<]{10,}<\/loctext>\s*<\/description>\s*<\/prop_pattern>/g,
    );
    expect(described).toHaveLength(of("propval").length);
  });

  it("has its elements in the order the DTD enforces", () => {
    const order = tags(manifest).map(([name]) => name);
    const first = (name: string): number => order.indexOf(name);
    const inOrder = (...names: string[]): void => {
      const found = names.map(first);
      expect(found.every((at) => at >= 0)).toBe(true);
      expect(found).toEqual(found.toSorted((a, b) => a - b));
    };
    inOrder("service_bundle", "service", "dependency", "instance", "template");
    inOrder("instance", "periodic_method", "method_context", "property_group");
    inOrder("template", "common_name", "description", "pg_pattern", "prop_pattern");
    expect(manifest).toMatch(/<\/instance>\s*<stability value="Unstable"\/>\s*<template>/);
    expect(manifest).toMatch(/<property_group[^>]*>\s*<stability [^>]*\/>\s*<propval/);
    for (const [name, attribute] of tags(manifest))
      if (name === "loctext") expect(attribute).toEqual({ "xml:lang": "C" });
  });

  it("is well-formed whatever a user's name holds", () => {
    const odd = cleanerManifest({ ...settings, cacheOwner: `a"b<c>&d`, cacheGroup: "$&" });
    expect(odd).toContain('user="a&quot;b&lt;c&gt;&amp;d" group="$&amp;"');
    execFileSync("xmllint", ["--noout", "--nonet", "-"], { input: odd });
  });

  it("the method states its version", () => {
    expect(cleanerVersion(cleanerMethod())).toBe("1.0");
    expect(() => cleanerVersion("#!/bin/sh\n")).toThrow("no VERSION");
  });
});

describe.skipIf(!existsSync(DTD))("shared-data", () => {
  /**
   * The DTD at hand is older than periodic services, which stand where exec_method does, and than patterns of property
   * groups, in the shape that Oracle's own Puppet manifest has them (solaris-userland, components/puppet).
   */
  const solaris = (dtd: string): string =>
    `${dtd
      .replaceAll(/(<!ELEMENT (?:service|instance)\b[^>]*?)exec_method\*/g, "$1(exec_method | periodic_method)*")
      .replace(/(<!ELEMENT template\s+\([^)]*documentation\?)/, "$1, pg_pattern*")}
<!ELEMENT periodic_method ( method_context?, stability?, ( propval | property )* ) >
<!ATTLIST periodic_method
  period CDATA #REQUIRED
  delay CDATA "0"
  jitter CDATA "0"
  persistent ( true | false ) "false"
  recover ( true | false ) "false"
  exec CDATA #REQUIRED
  timeout_seconds CDATA #REQUIRED >
<!ELEMENT pg_pattern ( common_name?, description?, prop_pattern* ) >
<!ATTLIST pg_pattern name CDATA #REQUIRED type CDATA #REQUIRED required ( true | false ) "false" >
<!ELEMENT prop_pattern ( common_name?, description? ) >
<!ATTLIST prop_pattern name CDATA #REQUIRED type CDATA #REQUIRED required ( true | false ) "false" >
`;
  const validate = (xml: string): { readonly status: number | null; readonly stderr: string } => {
    const home = mkdtempSync(join(tmpdir(), "manifest-"));
    try {
      writeFileSync(join(home, "bundle.dtd"), solaris(readFileSync(DTD, "utf8")));
      writeFileSync(
        join(home, "manifest.xml"),
        xml.replace("/usr/share/lib/xml/dtd/service_bundle.dtd.1", join(home, "bundle.dtd")),
      );
      return spawnSync("xmllint", ["--noout", "--nonet", "--valid", join(home, "manifest.xml")], { encoding: "utf8" });
    } finally {
      rmSync(home, { recursive: true, force: true });
    }
  };

  it("the manifest is valid by the DTD", () => {
    const { status, stderr } = validate(manifest);
    expect(stderr).toBe("");
    expect(status).toBe(0);
  });

  it("the DTD tells a wrong order and a wrong attribute", () => {
    const group = /<property_group[\s\S]*<\/property_group>\n/.exec(manifest)?.[0] ?? "";
    const moved = manifest.replace(group, "").replace(/ *<periodic_method/, (found) => group + found);
    expect(validate(moved).status).not.toBe(0);
    expect(validate(manifest.replaceAll("xml:lang", "lang")).status).not.toBe(0);
  });
});
