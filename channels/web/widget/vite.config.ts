import { defineConfig } from "vite";

// The host page loads widget.js with one line; what few pages need stands in files beside it, fetched when it is
// needed. Not a "library" build, which would keep its white space.
export default defineConfig({
  base: "./",
  build: {
    target: "es2022",
    outDir: "dist",
    emptyOutDir: true,
    modulePreload: false,
    minify: true,
    rolldownOptions: {
      input: { widget: "src/main.ts", "widget-media": "src/media.ts", "widget-page": "src/page.ts", "widget-style": "src/style.ts", "widget-words": "src/words.ts" },
      preserveEntrySignatures: "strict",
      output: { format: "es", entryFileNames: "[name].js" },
    },
  },
});
