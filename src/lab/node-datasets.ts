/** The datasets of a simulated node, as the zfs simulator keeps them: NAME TAB PROPERTY TAB VALUE TAB SOURCE. */
import type { NodeSpec } from "./node-spec.ts";

interface Dataset {
  readonly name: string;
  readonly mountpoint: string;
  readonly source: "local" | "inherited";
  /** Bytes it holds besides the files the simulator measures. */
  readonly base: number;
  /** Its `used` follows the files below its mountpoint. */
  readonly measured?: boolean;
}

const MIB = 1024 ** 2;

const datasets = (spec: NodeSpec): readonly Dataset[] => {
  const own: readonly Dataset[] = [
    { name: "rpool", mountpoint: "/rpool", source: "local", base: 5 * MIB },
    { name: "rpool/ROOT", mountpoint: "legacy", source: "local", base: 31 * 1024 },
    { name: "rpool/ROOT/solaris", mountpoint: "/", source: "local", base: 4200 * MIB },
    { name: "rpool/ROOT/solaris/var", mountpoint: "/var", source: "local", base: 380 * MIB, measured: true },
    { name: "rpool/VARSHARE", mountpoint: "/var/share", source: "local", base: 3 * MIB },
    { name: "rpool/export", mountpoint: "/export", source: "local", base: 32 * 1024 },
    { name: "rpool/export/home", mountpoint: "/export/home", source: "inherited", base: 32 * 1024 },
  ];
  if (spec.layout !== "varshare") return own;
  return [
    ...own,
    { name: "rpool/VARSHARE/nova", mountpoint: "/var/share/nova", source: "inherited", base: 31 * 1024 },
    {
      name: "rpool/VARSHARE/nova/images",
      mountpoint: "/var/share/nova/images",
      source: "local",
      base: 32 * 1024,
      measured: true,
    },
  ];
};

/** The table of a new node. */
export const datasetTable = (spec: NodeSpec): string =>
  datasets(spec)
    .flatMap((dataset) => [
      [dataset.name, "type", "filesystem", "-"],
      [dataset.name, "mountpoint", dataset.mountpoint, dataset.source],
      [dataset.name, "mounted", dataset.mountpoint.startsWith("/") ? "yes" : "no", "-"],
      [dataset.name, "quota", "0", "default"],
      [dataset.name, "refquota", "0", "default"],
      [dataset.name, "atime", "on", "default"],
      [dataset.name, "readonly", "off", "default"],
      [dataset.name, "canmount", "on", "default"],
      [dataset.name, "compression", "on", "local"],
      [dataset.name, "creation", "1443607384", "-"],
      [dataset.name, "base", String(dataset.base), "-"],
      [dataset.name, "snap", "0", "-"],
      [dataset.name, "measured", dataset.measured ? "yes" : "no", "-"],
    ])
    .map((row) => `${row.join("\t")}\n`)
    .join("");
