import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const gateway = "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "@": new URL("./src", import.meta.url).pathname } },
  build: {
    // The Content-Security-Policy allows no data: fonts, so nothing is inlined.
    assetsInlineLimit: 0,
    // One stylesheet, loaded with the page: a screen whose own was lost on the network would show unstyled.
    cssCodeSplit: false,
    target: "es2023",
    chunkSizeWarningLimit: 700,
  },
  server: {
    port: 5173,
    proxy: {
      "/api": gateway,
      "/ws": { target: gateway.replace("http", "ws"), ws: true },
    },
  },
  test: { environment: "node", include: ["tests/**/*.test.ts"] },
});
