/** The IPS package of the cleaner: which files it holds and what its manifest says of them. The same bytes every time. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { CLEANER_PACKAGE } from "../../domain/desired.ts";
import type { Digest } from "../../domain/ids.ts";
import { defaultSettings } from "../../domain/settings.ts";
import { CLEANER_FMRI, MANIFEST_PATH, METHOD_PATH } from "../script.ts";
import { type Action, p5m } from "./p5m.ts";
import { cleanerManifest, cleanerMethod, cleanerVersion } from "./payload.ts";

/** The attribute that tells packages of one version apart: SHA-256, hex, of all the manifest says and all it delivers. */
export const CONTENT_ATTRIBUTE = "novasweep.content";

/** One file of the proto area; `path` is relative to it. Owner and mode on a node are the manifest's to say. */
export interface PackageFile {
  readonly path: string;
  readonly text: string;
}

export interface CleanerPackage {
  readonly publisher: string;
  readonly name: string;
  /** The cleaner's own. */
  readonly version: string;
  /** `pkg://PUBLISHER/NAME@VERSION`; the time of publishing is pkgsend's to add. */
  readonly fmri: string;
  /** The p5m text. */
  readonly manifest: string;
  readonly files: readonly PackageFile[];
  readonly content: Digest;
}

/** The package by this publisher, whose policy is the settings' defaults: a node's own is set there as SMF properties. */
export const cleanerPackage = (publisher: string): CleanerPackage => {
  const method = cleanerMethod();
  const version = cleanerVersion(method);
  const fmri = `pkg://${publisher}/${CLEANER_PACKAGE}@${version}`;
  const files: readonly PackageFile[] = [
    { path: LICENSE_PATH, text: licence() },
    { path: relative(MANIFEST_PATH), text: cleanerManifest(defaultSettings) },
    { path: relative(METHOD_PATH), text: method },
  ];
  const content = contentOf(p5m([...described(fmri), ...delivered]), files);
  const manifest = p5m([...described(fmri), set(CONTENT_ATTRIBUTE, content), ...delivered]);
  return { publisher, name: CLEANER_PACKAGE, version, fmri, manifest, files, content };
};

/** Beside the delivered tree, not in it: a license action puts it where pkg(1) keeps licences. */
const LICENSE_PATH = "LICENSE";

/** The repository's own, two folders above src and dist alike. */
const licence = (): string => readFileSync(new URL("../../../LICENSE", import.meta.url), "utf8");

const relative = (path: string): string => path.slice(1);

const set = (name: string, ...values: readonly string[]): Action => ({
  name: "set",
  attributes: [["name", name], ...values.map((value) => ["value", value] as const)],
});

const SERVICE = CLEANER_FMRI.slice(0, CLEANER_FMRI.lastIndexOf(":"));

/**
 * No variant.arch: shell and XML run on both. Only global zones: nova-compute runs nowhere else. No depend action: one
 * that requires cloud/openstack/nova would pull Nova in, forbid taking it out, and hold a system back from 11.4, where
 * that package is obsolete; what the cleaner needs of nova-compute the SMF manifest says.
 */
const described = (fmri: string): readonly Action[] => [
  set("pkg.fmri", fmri),
  set("pkg.summary", "Keeps room below the quota of the OpenStack Nova image cache"),
  set(
    "pkg.description",
    "A periodic SMF service that removes the least needed images of the Nova image cache of a compute node before its ZFS quota is reached. novasweep sets dataset, directory and policy on each node as SMF properties; until then it is disabled.",
  ),
  set("info.classification", "org.opensolaris.category.2008:System/Administration and Configuration"),
  set("org.opensolaris.smf.fmri", SERVICE, CLEANER_FMRI),
  set("variant.opensolaris.zone", "global"),
];

/** Owners and modes as the files delivery has them. No dir action: every directory is a package's of the system. */
const delivered: readonly Action[] = [
  {
    name: "file",
    payload: relative(MANIFEST_PATH),
    attributes: [
      ["path", relative(MANIFEST_PATH)],
      ["owner", "root"],
      ["group", "sys"],
      ["mode", "0444"],
      ["restart_fmri", "svc:/system/manifest-import:default"],
      // Else an uninstall takes the manifest from under a service that runs.
      ["disable_fmri", CLEANER_FMRI],
    ],
  },
  {
    name: "file",
    payload: relative(METHOD_PATH),
    attributes: [
      ["path", relative(METHOD_PATH)],
      ["owner", "root"],
      ["group", "bin"],
      ["mode", "0555"],
    ],
  },
  { name: "license", payload: LICENSE_PATH, attributes: [["license", "Apache-2.0"]] },
];

const contentOf = (manifest: string, files: readonly PackageFile[]): Digest =>
  createHash("sha256")
    .update(JSON.stringify([manifest, ...files.map(({ path, text }) => [path, text])]))
    .digest("hex");
