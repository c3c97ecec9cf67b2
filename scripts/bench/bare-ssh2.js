// The yardstick: ssh2 as it comes, one connection and one exec a host, a script on stdin, output drained, nothing checked
// but the exit status. bare-ssh2.js INVENTORY KEY SCRIPT PARALLEL
import { readFileSync } from "node:fs";
import ssh2 from "ssh2";

const [inventory, keyFile, scriptFile, parallel] = process.argv.slice(2);
const privateKey = readFileSync(keyFile);
const script = readFileSync(scriptFile);
const text = readFileSync(inventory, "utf8");
const username = /ansible_user=(\S+)/.exec(text)[1];
const hosts = text
  .split("\n")
  .filter((line) => line.includes("ansible_port="))
  .map((line) => ({
    host: /ansible_host=(\S+)/.exec(line)?.[1] ?? "127.0.0.1",
    port: Number(/ansible_port=(\d+)/.exec(line)[1]),
  }));

const one = ({ host, port }) =>
  new Promise((resolve, reject) => {
    const client = new ssh2.Client();
    client.on("error", reject);
    client.on("ready", () => {
      client.exec("sudo -n /bin/sh -s", (error, stream) => {
        if (error) return reject(error);
        stream.resume();
        stream.stderr.resume();
        stream.on("close", (status) => {
          client.end();
          if (status === 0) resolve();
          else reject(new Error(`${host}: exit status ${status}`));
        });
        stream.end(script);
      });
    });
    client.connect({ host, port, username, privateKey, readyTimeout: 60_000 });
  });

const waiting = [...hosts];
await Promise.all(
  Array.from({ length: Number(parallel) }, async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await one(next);
  }),
);
