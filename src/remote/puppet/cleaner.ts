/** The cleaner's part of the Puppet class: its files or its package, its policy, its service. */
import { CLEANER_PACKAGE, cleanerProperties } from "../../domain/desired.ts";
import type { AbsPath } from "../../domain/ids.ts";
import type { Settings } from "../../domain/settings.ts";
import { cleanerManifest, cleanerMethod } from "../payload/payload.ts";
import { bare, type Expression, listOf, literal, type Resource, referenceTo } from "./text.ts";

const SERVICE = "svc:/site/nova-cache-cleanup";
const INSTANCE = `${SERVICE}:default`;
const METHOD = "/lib/svc/method/nova-cache-cleanup";
const MANIFEST = "/lib/svc/manifest/site/nova-cache-cleanup.xml";
/** Waits for the end (-s, Solaris 11.2 and later): what follows needs the service. */
const IMPORT = "/usr/sbin/svcadm restart -s svc:/system/manifest-import:default";
const IS_KNOWN = `/usr/bin/svcs -H ${INSTANCE}`;

/** Resources under one comment. */
export interface Block {
  /** Lines of the comment, without its marks. */
  readonly says: readonly string[];
  readonly resources: readonly Resource[];
}

/** What the cleaner is made for. */
export interface CleanerOf {
  readonly settings: Settings;
  readonly dataset: string;
  /** `dataset` as the class writes it, the root pool being a parameter. */
  readonly datasetText: Expression;
  readonly cacheDir: AbsPath;
  /** What has to be there before it. */
  readonly after: Expression;
}

/** The cleaner as `cleaner` wants it, blocks in order; the last resource of all is what comes after it may require. */
export const cleanerBlocks = (of: CleanerOf): readonly Block[] =>
  of.settings.cleaner === "absent" ? removed(of) : installed(of);

const installed = (of: CleanerOf): readonly Block[] => {
  const { delivered, known } = of.settings.cleanerDelivery === "ips" ? packaged(of) : asFiles(of);
  const policy = Object.entries(cleanerProperties(of.settings, of.dataset, of.cacheDir)).map(([name, value]) =>
    property(name, value === of.dataset ? of.datasetText : literal(value), /^[0-9]+$/.test(value), known),
  );
  return [
    delivered,
    {
      says: ["Its policy. The type svccfg refreshes the service itself, so that what it set is in force."],
      resources: policy,
    },
    of.settings.cleaner === "present" ? running : stopped,
  ];
};

/** What was delivered, and the resource after which the service is known. */
interface Delivery {
  readonly delivered: Block;
  readonly known: Expression;
}

const asFiles = ({ settings, after }: CleanerOf): Delivery => {
  const method = owned(METHOD, ["root", "bin", "0555"], cleanerMethod(), after);
  const manifest = owned(
    MANIFEST,
    ["root", "sys", "0444"],
    cleanerManifest(settings),
    referenceTo({ type: "file", title: literal(METHOD) }),
  );
  const changed: Resource = {
    type: "exec",
    title: literal("novasweep: import the changed manifest"),
    attributes: { command: literal(IMPORT), refreshonly: bare("true"), subscribe: referenceTo(manifest) },
  };
  const missed = importMissed(referenceTo(changed));
  return {
    delivered: {
      says: [
        "The cleaner. A changed manifest is imported; the second exec is for a run that was cut off before it could.",
      ],
      resources: [method, manifest, changed, missed],
    },
    known: referenceTo(missed),
  };
};

const packaged = ({ after, settings }: CleanerOf): Delivery => {
  const { cleanerPublisher: publisher, cleanerOrigin: origin } = settings;
  // Without an origin the node knows its publisher.
  const from: readonly Resource[] =
    origin === undefined
      ? []
      : [
          {
            type: "pkg_publisher",
            title: literal(publisher),
            attributes: { ensure: bare("present"), origin: listOf([literal(origin)]) },
          },
        ];
  const cleaner: Resource = {
    type: "package",
    title: packageTitle(settings),
    attributes: { ensure: bare("present"), require: listOf([after, ...from.map(referenceTo)]) },
  };
  const missed = importMissed(referenceTo(cleaner));
  return {
    delivered: {
      says: ["The cleaner. Older Puppets do not wait until pkg's manifest is imported; what follows needs it."],
      resources: [...from, cleaner, missed],
    },
    known: referenceTo(missed),
  };
};

const packageTitle = ({ cleanerPublisher }: Settings): Expression =>
  literal(`pkg://${cleanerPublisher}/${CLEANER_PACKAGE}`);

const importMissed = (after: Expression): Resource => ({
  type: "exec",
  title: literal("novasweep: import the manifest"),
  attributes: { command: literal(IMPORT), unless: literal(IS_KNOWN), require: after },
});

const owned = (
  path: AbsPath,
  [owner, group, mode]: readonly [string, string, string],
  content: string,
  after: Expression,
): Resource => ({
  type: "file",
  title: literal(path),
  attributes: {
    ensure: bare("file"),
    owner: literal(owner),
    group: literal(group),
    mode: literal(mode),
    content: literal(content),
    require: after,
  },
});

const property = (name: string, value: Expression, count: boolean, after: Expression): Resource => ({
  type: "svccfg",
  title: literal(`nova-cache-cleanup ${name}`),
  attributes: {
    ensure: bare("present"),
    fmri: literal(INSTANCE),
    property: literal(name),
    type: literal(count ? "count" : "astring"),
    value,
    require: after,
    before: referenceTo({ type: "service", title: literal(INSTANCE) }),
  },
});

const service = (attributes: Resource["attributes"]): Resource => ({
  type: "service",
  title: literal(INSTANCE),
  attributes,
});

/**
 * The cleaner depends on nova-compute. Puppet's smf provider would enable it with -r since Puppet 6, and start a
 * nova-compute that was drained on purpose; before, with -s, which fails on a drained node. So its own commands.
 */
const running: Block = {
  says: [
    "The service, and never nova-compute: Puppet's own way is `svcadm enable -r` in later releases, which starts a",
    "drained nova-compute too. Up is online, or offline while it waits for nova-compute. svcadm enable is ensure and",
    "enable in one, also after a reboot; the provider base leaves `enable` to it.",
  ],
  resources: [
    service({
      ensure: bare("running"),
      enable: bare("true"),
      provider: literal("base"),
      start: literal(`/usr/sbin/svcadm clear ${INSTANCE} 2>/dev/null; /usr/sbin/svcadm enable ${INSTANCE}`),
      stop: literal(`/usr/sbin/svcadm disable ${INSTANCE}`),
      status: literal(
        `/usr/bin/svcprop -p general/enabled ${INSTANCE} | /usr/bin/grep true && /usr/bin/svcs -H -o state ${INSTANCE} | /usr/bin/egrep "online|offline"`,
      ),
    }),
  ],
};

const stopped: Block = {
  says: ["The service stays off."],
  resources: [service({ ensure: bare("stopped"), enable: bare("false") })],
};

/** The files before the service, or manifest-import would bring it back. */
const removed = ({ settings }: CleanerOf): readonly Block[] => {
  const after = listOf(stopped.resources.map(referenceTo));
  if (settings.cleanerDelivery === "ips") {
    const attributes = { ensure: bare("absent"), require: after };
    return [
      { ...stopped, says: ["The cleaner goes: the service first, then its package."] },
      { says: [], resources: [{ type: "package", title: packageTitle(settings), attributes }] },
    ];
  }
  const files = [MANIFEST, METHOD].map(
    (path): Resource => ({
      type: "file",
      title: literal(path),
      attributes: { ensure: bare("absent"), require: after },
    }),
  );
  const forgotten: Resource = {
    type: "exec",
    title: literal("novasweep: delete the service"),
    attributes: {
      command: literal(`/usr/sbin/svccfg delete -f ${SERVICE}`),
      onlyif: literal(IS_KNOWN),
      require: listOf(files.map(referenceTo)),
    },
  };
  return [
    { ...stopped, says: ["The cleaner goes: the files before the service, or the next import would bring it back."] },
    { says: [], resources: [...files, forgotten] },
  ];
};
