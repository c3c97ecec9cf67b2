// The yardstick: ssh2 as it comes, one connection and one exec a host, the same probe on stdin, output drained.
import { readFileSync } from "node:fs";
import ssh2 from "ssh2";
import { defaultSettings } from "../../dist/domain/settings.js";
import { probeScript } from "../../dist/remote/script.js";

const [inventory, keyFile, count, parallel] = process.argv.slice(2);
const privateKey = readFileSync(keyFile);
const hosts = readFileSync(inventory, "utf8")
  .split("\n")
  .filter((line) => line.includes("ansible_port="))
  .slice(0, Number(count))
  .map((line) => ({
    host: /ansible_host=(\S+)/.exec(line)?.[1] ?? "127.0.0.1",
    port: Number(/ansible_port=(\d+)/.exec(line)[1]),
  }));
const username = /ansible_user=(\S+)/.exec(readFileSync(inventory, "utf8"))[1];
const script = probeScript({
  nonce: "0123456789abcdef",
  run: "bare",
  controller: "bench",
  operator: "bench",
  wantUid: "0",
  settings: defaultSettings,
  sendConf: false,
});

let bytes = 0;
const one = ({ host, port }) =>
  new Promise((resolve, reject) => {
    const client = new ssh2.Client();
    client.on("error", reject);
    client.on("ready", () => {
      client.exec("sudo -n /bin/sh -s", (error, stream) => {
        if (error) return reject(error);
        stream.on("data", (data) => {
          bytes += data.length;
        });
        stream.stderr.resume();
        stream.on("close", () => {
          client.end();
          resolve();
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
if (bytes < hosts.length * 1000) throw new Error(`only ${bytes} bytes came back from ${hosts.length} hosts`);
