// Says which Node runs the npm scripts, and refuses one older than the project supports.
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 22)) {
  console.error(
    `novasweep: Node ${process.versions.node} is too old (22.22 or later is needed)\ntry: npm ci, which brings Node 24`,
  );
  process.exit(2);
}
console.log(`Node ${process.versions.node}`);
