import { defineConfig } from "vite";

// One file, nothing beside it: the host page loads it with one line. Not a "library" build, which would keep its
// white space.
export default defineConfig({
  base: "./",
  build: {
    target: "es2022",
    outDir: "dist",
    emptyOutDir: true,
    modulePreload: false,
    minify: true,
    rolldownOptions: { input: "src/main.ts", output: { format: "es", entryFileNames: "widget.js" } },
  },
});
