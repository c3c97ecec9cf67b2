/** `novasweep package build`: the cleaner's package as files, a proto area and a manifest. Contacts nobody. */
import { resolve } from "node:path";
import { cleanerPackage } from "../../remote/payload/package.ts";
import { complain, type Io } from "../io.ts";
import { writePackage } from "../package-files.ts";
import type { PackageBuildRequest } from "../request.ts";

/** Writes the package and says where; resolves with the exit status, 2 where it could not be written. */
export const packageBuildCommand = async (
  { out }: PackageBuildRequest,
  io: Pick<Io, "stdout" | "stderr" | "workingDirectory">,
): Promise<number> => {
  const packaged = cleanerPackage();
  const written = writePackage(packaged, resolve(io.workingDirectory, out));
  if (!written.ok) return complain(io, [{ ...written.error, where: written.error.where ?? out }]);
  io.stdout.write(`${packaged.fmri}\n${out}/${packaged.name}.p5m\n${out}/proto\n`);
  return 0;
};
