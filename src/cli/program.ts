import { unreachable } from "../domain/result.ts";
import { parseArgs } from "./args.ts";
import { complain, type Io } from "./io.ts";
import { version } from "./version.ts";

/** Reads the command line and runs the command; resolves with the exit status. A command's parts load only when it runs. */
export const runProgram = async (argv: readonly string[], io: Io): Promise<number> => {
  const [first, ...rest] = argv;
  if (first === "__complete") {
    // What the completion scripts ask. Not for people, so it stands in no table, and yargs need not be loaded.
    const { completeCommand } = await import("./completion/complete.ts");
    return completeCommand(rest, io);
  }
  const request = await parseArgs(argv, {
    version: version(),
    env: io.env,
    home: io.home,
    terminal: io.stderr.isTTY === true && io.env["TERM"] !== "dumb" && io.env["CI"] === undefined,
    columns: io.stdout.columns ?? 100,
  });
  if (!request.ok) return complain(io, [request.error]);
  switch (request.value.command) {
    case "help":
      io.stdout.write(`${request.value.text.trimEnd()}\n`);
      return 0;
    case "rollout":
    case "rollback":
    case "purge":
    case "status": {
      const { fleetCommand } = await import("./commands/fleet.ts");
      return fleetCommand(request.value, io, argv);
    }
    case "exec": {
      const { execCommand } = await import("./commands/exec.ts");
      return execCommand(request.value, io);
    }
    case "inventory": {
      const { inventoryCommand } = await import("./commands/inventory.ts");
      return inventoryCommand(request.value, io);
    }
    case "hosts": {
      const { hostsKeysCommand } = await import("./commands/hosts-keys.ts");
      return hostsKeysCommand(request.value, io);
    }
    case "export": {
      const { exportPuppetCommand } = await import("./commands/export-puppet.ts");
      return exportPuppetCommand(request.value, io);
    }
    case "runs tell": {
      const { tellCommand } = await import("./commands/tell.ts");
      return tellCommand(request.value, io);
    }
    case "runs resume": {
      const { resumeCommand } = await import("./commands/resume.ts");
      return resumeCommand(request.value, io);
    }
    case "runs": {
      const { runsCommand } = await import("./commands/runs.ts");
      return runsCommand(request.value, io);
    }
    case "package build": {
      const { packageBuildCommand } = await import("./commands/package-build.ts");
      return packageBuildCommand(request.value, io);
    }
    case "package publish": {
      const { packagePublishCommand } = await import("./commands/package-publish.ts");
      return packagePublishCommand(request.value, io);
    }
    case "demo": {
      const { demoCommand } = await import("./commands/demo.ts");
      return demoCommand(request.value, io);
    }
    case "completion": {
      const { completionCommand } = await import("./commands/completion.ts");
      return completionCommand(request.value, io);
    }
    default:
      return unreachable(request.value);
  }
};
