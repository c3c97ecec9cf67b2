/** `novasweep package build`: the cleaner's package as files, a proto area and a manifest. Contacts nobody. */
import { resolve } from "node:path";
import { settingsAlone } from "../../inventory/agreed-settings.ts";
import { readFile } from "../../inventory/files.ts";
import { cleanerPackage } from "../../remote/payload/package.ts";
import { complain, type Io } from "../io.ts";
import { writePackage } from "../package-files.ts";
import type { PackageBuildRequest } from "../request.ts";
import { settingsFilesOf } from "../select.ts";

/** Writes the package, by the publisher of the settings files, and says where; resolves with the exit status, 2 where it could not be written. */
export const packageBuildCommand = async ({ out }: PackageBuildRequest, io: Io): Promise<number> => {
  const settings = settingsAlone({ settingsFiles: settingsFilesOf(io), set: [], readFile });
  if (!settings.ok) return complain(io, settings.error);
  const packaged = cleanerPackage(settings.value.cleanerPublisher);
  const written = writePackage(packaged, resolve(io.workingDirectory, out));
  if (!written.ok) return complain(io, [{ ...written.error, where: written.error.where ?? out }]);
  io.stdout.write(`${packaged.fmri}\n${out}/${packaged.name}.p5m\n${out}/proto\n`);
  return 0;
};
