/** The requests of `package build` and `package publish`. */
import { type Complaint, err, ok, type Result } from "../domain/result.ts";
import { publishOutputs } from "./option-groups.ts";
import type { OptionValues } from "./option-values.ts";
import { readRepository } from "./repository.ts";
import type { PackageBuildRequest, PackagePublishRequest, Surroundings } from "./request.ts";
import { connection, selection, stateDir } from "./shared-values.ts";
import { atHome } from "./surroundings.ts";

/** Where the package goes when nothing is said. */
const DEFAULT_OUT = "nova-cache-cleanup-package";

/** Builds the request; the first of `words` is the subcommand. */
export const buildPackageRequest = (
  values: OptionValues,
  [subcommand]: readonly string[],
  around: Surroundings,
): Result<PackageBuildRequest | PackagePublishRequest> =>
  subcommand === "publish"
    ? publish(values, around)
    : ok({ command: "package build", out: atHome(values.text("out") ?? DEFAULT_OUT, around) });

const publish = (values: OptionValues, around: Surroundings): Result<PackagePublishRequest> => {
  const via = values.text("via");
  if (via === undefined) return err(missing("--via HOST", "the host of the inventory it is published through"));
  const repo = values.text("repo");
  if (repo === undefined) return err(missing("--repo REPO", "--repo http://pkg.example.com/site, or /export/repo"));
  const repository = readRepository(repo);
  if (!repository.ok)
    return err({
      code: "E_USAGE",
      what: `--repo ${repository.error}: ${JSON.stringify(repo.slice(0, 80))}`,
      try: "http://pkg.example.com/site, file:///export/repo or /export/repo",
    });
  return ok({
    command: "package publish",
    ...selection(values, [via], around),
    ...connection(values, around),
    repository: repository.value,
    check: values.flag("check") ?? false,
    yes: values.flag("yes") ?? false,
    output: values.choice("output", publishOutputs) ?? "lines",
    stateDir: stateDir(values, around),
  });
};

const missing = (option: string, tryThis: string): Complaint => ({
  code: "E_USAGE",
  what: `package publish needs ${option}`,
  try: tryThis,
});
