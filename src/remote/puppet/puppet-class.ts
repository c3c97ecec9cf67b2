/** `novasweep export puppet`: a Puppet class that makes true what a rollout with the same settings would. */
import { EXPORT_MOUNTPOINT, isInside, VARSHARE_DIR } from "../../domain/desired.ts";
import type { AbsPath } from "../../domain/ids.ts";
import { type Complaint, err, isNonEmpty, ok, type Result } from "../../domain/result.ts";
import type { Settings } from "../../domain/settings.ts";
import { type Block, cleanerBlocks } from "./cleaner.ts";
import { confBlock } from "./nova-conf.ts";
import {
  bare,
  declaration,
  type Expression,
  interpolated,
  listOf,
  literal,
  type Resource,
  referenceTo,
} from "./text.ts";
import { zfsPrints, zfsSize } from "./zfs-size.ts";

/** What a class is made from. */
export interface ClassOf {
  readonly settings: Settings;
  /** Of novasweep, for the first line. */
  readonly version: string;
}

/**
 * The class `novasweep`, a text that Puppet 3.6.2 and later compile. Errors: `E_SETTING` for what only a look at a node
 * could answer (`auto`), for a quota that zfs prints otherwise, and for a cache beside its dataset.
 */
export const puppetClass = ({ settings, version }: ClassOf): Result<string, readonly Complaint[]> => {
  const place = placeOf(settings);
  const quota = zfsSize(settings.cacheQuotaBytes);
  const wrong = [...(place.ok ? [] : [place.error]), ...refusedWith(settings, quota)];
  if (!place.ok || quota === undefined || isNonEmpty(wrong)) return err(wrong);
  const { text, dataset, cacheDir } = place.value;
  const datasets = datasetResources(place.value, quota);
  const directories = directoryResources(settings, place.value);
  const cleaner = cleanerBlocks({
    settings,
    dataset,
    datasetText: text(dataset),
    cacheDir,
    after: last(directories),
  });
  const blocks: readonly Block[] = [
    {
      says: [
        `The dataset with its quota: ${quota} is how zfs prints ${settings.cacheQuotaBytes} bytes, and Puppet compares text.`,
      ],
      resources: [datasets.own],
    },
    {
      says: ["Snapshots would hold the space of evicted images."],
      resources: [noSnapshots(place.value)],
    },
    { says: [], resources: directories },
    ...cleaner,
    confBlock(settings, cacheDir, [last(directories), last(cleaner.flatMap(({ resources }) => resources))]),
  ];
  return ok(
    [
      ...heading(version),
      place.value.inRootPool ? "class novasweep($rootpool = 'rpool') {" : "class novasweep {",
      ...indented(parentLines(datasets.parents)),
      ...blocks.flatMap(({ says, resources }) => indented([...says.map((line) => `# ${line}`), ...bodies(resources)])),
      "}",
      "",
    ].join("\n"),
  );
};

const heading = (version: string): readonly string[] => [
  `# Made by novasweep ${version}: what its rollout makes true of a node, for sites that run Puppet.`,
  "# It does not look before it acts, as a rollout does: read docs/how-to/puppet.md, and try --noop first.",
];

const indented = (lines: readonly string[]): readonly string[] => ["", ...lines].map(shifted);
/** Texts of several lines stay as they are: their blanks count. */
const shifted = (line: string): string => (line === "" ? "" : `  ${line}`);
const bodies = (resources: readonly Resource[]): readonly string[] =>
  resources.flatMap((resource, at) => [...(at === 0 ? [] : [""]), ...declaration(resource)]);
const last = (resources: readonly Resource[]): Expression => listOf(resources.slice(-1).map(referenceTo));

/** Where the cache lives, as far as settings alone can say. */
interface Place {
  readonly dataset: string;
  readonly mountpoint: AbsPath;
  readonly cacheDir: AbsPath;
  readonly inRootPool: boolean;
  /** A dataset's name as the class writes it, in a longer text or alone. */
  readonly text: (dataset: string, before?: string, behind?: string) => Expression;
}

/** Stands for the root pool, which is the class's parameter. */
const ROOT_POOL = "$rootpool";

const placeOf = (settings: Settings): Result<Place> => {
  const { cacheLayout, cacheDataset, cacheMountpoint, cacheDir } = settings;
  if (cacheLayout === "auto" && [cacheDataset, cacheMountpoint, cacheDir].every((given) => given === undefined))
    return err({
      code: "E_SETTING",
      what: "cache_layout=auto looks at the node, which a Puppet class cannot",
      try: "--set cache_layout=export, or varshare",
    });
  if (cacheDataset !== undefined && cacheMountpoint === undefined)
    return err({
      code: "E_SETTING",
      what: `where ${cacheDataset} is mounted is for the node to say, and a Puppet class cannot ask`,
      try: "--set cache_mountpoint=PATH too",
    });
  const varshare = cacheLayout === "varshare";
  const mountpoint = cacheMountpoint ?? (varshare ? VARSHARE_DIR : EXPORT_MOUNTPOINT);
  const dir = cacheDir ?? (varshare ? mountpoint : `${mountpoint}/images`);
  if (!isInside(dir, mountpoint))
    return err({
      code: "E_SETTING",
      what: `cache_dir ${dir} does not lie below ${mountpoint}: the quota would guard nothing`,
      try: `set cache_dir below ${mountpoint}, or leave it to be derived`,
    });
  if (dir.slice(mountpoint.length + 1).includes("/"))
    return err({
      code: "E_SETTING",
      what: `cache_dir ${dir} lies more than one level below ${mountpoint}`,
      try: `set cache_dir to ${mountpoint} or a directory in it`,
    });
  return ok({
    dataset: cacheDataset ?? `${ROOT_POOL}/${varshare ? "VARSHARE/nova/images" : "export/nova"}`,
    mountpoint,
    cacheDir: dir,
    inRootPool: cacheDataset === undefined,
    text: (dataset, before = "", behind = "") =>
      cacheDataset === undefined
        ? interpolated("rootpool", `${dataset.slice(ROOT_POOL.length)}${behind}`, before)
        : literal(`${before}${dataset}${behind}`),
  });
};

const refusedWith = (settings: Settings, quota: string | undefined): readonly Complaint[] => [
  ...(quota === undefined
    ? [
        {
          code: "E_SETTING",
          what: `cache_quota: zfs prints ${settings.cacheQuotaBytes} bytes as ${zfsPrints(settings.cacheQuotaBytes)}, which is another size: Puppet compares what is printed, and would set it at every run`,
          try: "a whole number of the largest unit, such as 15G",
        },
      ]
    : []),
  ...(settings.novaSection === "auto"
    ? [
        {
          code: "E_SETTING",
          what: "nova_section=auto looks at the installed driver, which a Puppet class cannot",
          try: "--set nova_section=DEFAULT up to Kilo, solariszones from Mitaka",
        },
      ]
    : []),
];

/** The dataset and every one above it below the pool: zfs of Puppet creates without -p. */
const datasetResources = ({ dataset, mountpoint, text }: Place, quota: string) => {
  const parts = dataset.split("/");
  const above = parts.slice(2).map((_, at) => parts.slice(0, at + 2).join("/"));
  const parents = above.map(
    (name, at): Resource => ({
      type: "zfs",
      title: text(name),
      attributes: { ensure: bare("present"), ...requires(text, above[at - 1]) },
    }),
  );
  const own: Resource = {
    type: "zfs",
    title: text(dataset),
    attributes: {
      ensure: bare("present"),
      mountpoint: literal(mountpoint),
      canmount: literal("on"),
      quota: literal(quota),
      ...requires(text, above.at(-1)),
    },
  };
  return { parents, own };
};

/** zfs of Puppet knows no user properties. The time slider goes by this one. */
const noSnapshots = ({ dataset, text }: Place): Resource => ({
  type: "exec",
  title: literal("novasweep: no automatic snapshots"),
  attributes: {
    command: text(dataset, "/usr/sbin/zfs set com.sun:auto-snapshot=false "),
    unless: text(dataset, "/usr/sbin/zfs get -H -o value com.sun:auto-snapshot ", " | /usr/bin/grep false"),
    require: referenceTo({ type: "zfs", title: text(dataset) }),
  },
});

const requires = (text: Place["text"], parent: string | undefined) =>
  parent === undefined ? {} : { require: referenceTo({ type: "zfs", title: text(parent) }) };

/** A dataset that others share may be declared elsewhere, and Puppet takes one declaration only. */
const parentLines = (parents: readonly Resource[]): readonly string[] =>
  parents.length === 0
    ? []
    : [
        "# The datasets above: zfs of Puppet makes no parents. One that another class declares before is left to it.",
        ...parents.flatMap((parent) => [
          `if ! defined(${referenceTo(parent).source}) {`,
          ...declaration(parent).map((line) => `  ${line}`),
          "}",
        ]),
      ];

const directoryResources = (
  settings: Settings,
  { dataset, mountpoint, cacheDir, text }: Place,
): readonly Resource[] => {
  const directory = (path: AbsPath, after: Expression): Resource => ({
    type: "file",
    title: literal(path),
    attributes: {
      ensure: bare("directory"),
      owner: literal(settings.cacheOwner),
      group: literal(settings.cacheGroup),
      mode: literal(settings.cacheMode),
      require: after,
    },
  });
  const mounted = directory(mountpoint, referenceTo({ type: "zfs", title: text(dataset) }));
  return cacheDir === mountpoint ? [mounted] : [mounted, directory(cacheDir, referenceTo(mounted))];
};
