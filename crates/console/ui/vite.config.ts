import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { mock } from "./dev/mock.ts";

// The console is served under /console by the binary. Nothing may be inlined: its pages run under
// `default-src 'self'`.
export default defineConfig(({ command, mode }) => ({
  base: "/console/",
  plugins: [react(), ...(command === "serve" && mode !== "test" && process.env["SWITCHBOARD"] === undefined ? [mock()] : [])],
  build: { target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false }, sourcemap: false },
  server: {
    // SWITCHBOARD=http://127.0.0.1:8080 npm run dev talks to a running binary instead of the mock.
    proxy: process.env["SWITCHBOARD"] === undefined ? {} : Object.fromEntries(["/console/api", "/api/v1"].map((path) => [path, { target: process.env["SWITCHBOARD"] as string, changeOrigin: false }])),
  },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
}));
