#!/usr/bin/env node
// The shim: production React before anything loads it, the compile cache, then the program.
import { enableCompileCache } from "node:module";

process.env.NODE_ENV = "production";
enableCompileCache();
await import("../dist/main.js");
