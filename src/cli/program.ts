import { unreachable } from "../domain/result.ts";
import { complain, type Io } from "./io.ts";
import { quickHelp, quickHelpColumns } from "./quick-help.ts";
import { version } from "./version.ts";

/** Reads the command line and runs the command; resolves with the exit status. A command's parts load only when it runs. */
export const runProgram = async (argv: readonly string[], io: Io): Promise<number> => {
  const columns = io.stdout.columns ?? quickHelpColumns;
  const help = quickHelp(argv, columns);
  if (help !== undefined) return printHelp(help, io);
  const { parseArgs } = await import("./args.ts");
  const request = await parseArgs(argv, {
    version: version(),
    env: io.env,
    home: io.home,
    terminal: io.stderr.isTTY === true && io.env["TERM"] !== "dumb" && io.env["CI"] === undefined,
    columns,
  });
  if (!request.ok) return complain(io, [request.error]);
  switch (request.value.command) {
    case "help":
      return printHelp(request.value.text, io);
    case "rollout":
    case "status": {
      const { fleetCommand } = await import("./commands/fleet.ts");
      return fleetCommand(request.value, io);
    }
    case "inventory": {
      const { inventoryCommand } = await import("./commands/inventory.ts");
      return inventoryCommand(request.value, io);
    }
    case "runs": {
      const { runsCommand } = await import("./commands/runs.ts");
      return runsCommand(request.value, io);
    }
    case "demo": {
      const { demoCommand } = await import("./commands/demo.ts");
      return demoCommand(request.value, io);
    }
    default:
      return unreachable(request.value);
  }
};

const printHelp = (text: string, io: Io): number => {
  io.stdout.write(`${text.trimEnd()}\n`);
  return 0;
};
