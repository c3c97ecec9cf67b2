/** The kinds of Puppet classes there are: each layout, delivery and state of the cleaner, a dataset of one's own. */
import { defaultSettings, type Settings } from "../../src/domain/settings.ts";
import { puppetClass } from "../../src/remote/puppet/puppet-class.ts";

interface KindOfClass {
  readonly changed: Partial<Settings>;
}

const onExport: Partial<Settings> = { cacheLayout: "export", novaSection: "DEFAULT" };
const onVarshare: Partial<Settings> = { cacheLayout: "varshare", novaSection: "solariszones" };
const fromSite: Partial<Settings> = {
  ...onVarshare,
  cleanerDelivery: "ips",
  cleanerOrigin: "http://pkg.example.com/site",
};

export const kinds = {
  export: { changed: onExport },
  varshare: { changed: onVarshare },
  "own-dataset": {
    changed: {
      ...onExport,
      cacheDataset: "tank/cloud/nova/cache",
      cacheMountpoint: "/cloud/cache",
      cacheDir: "/cloud/cache/glance",
      cacheQuotaBytes: 1.5 * 1024 ** 4,
      cacheOwner: "novaimg",
      cacheGroup: "staff",
      cacheMode: "0750",
    },
  },
  disabled: { changed: { ...onExport, cleaner: "disabled" } },
  absent: { changed: { ...onExport, cleaner: "absent" } },
  ips: { changed: fromSite },
  "ips-known-publisher": { changed: { ...onVarshare, cleanerDelivery: "ips", cleanerPublisher: "cloud" } },
  "ips-absent": { changed: { ...fromSite, cleaner: "absent" } },
} satisfies Readonly<Record<string, KindOfClass>> as Readonly<
  Record<"export" | "varshare" | "own-dataset" | "disabled" | "absent", KindOfClass> & Record<string, KindOfClass>
>;

/** The class of the defaults with these settings changed; throws when it is refused. */
export const classOf = (changed: Partial<Settings>): string => {
  const made = puppetClass({ settings: { ...defaultSettings, ...changed }, version: "0.0.0" });
  if (!made.ok) throw new Error(made.error.map(({ what }) => what).join("\n"));
  return made.value;
};
