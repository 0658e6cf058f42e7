import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

// The window is served from inside the program: relative paths, one chunk each, and nothing inlined that the content
// security policy would have to allow.
export default defineConfig(({ mode }) => ({
  plugins: [svelte()],
  base: "./",
  build: { target: "es2022", assetsInlineLimit: 0, modulePreload: false, reportCompressedSize: false },
  // Component tests mount the browser's half of Svelte.
  resolve: mode === "test" ? { conditions: ["browser"] } : {},
  test: { include: ["src/**/*.test.ts"] },
}));
