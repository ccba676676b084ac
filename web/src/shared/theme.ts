/** Colours, type and defaults of the components: calm, dense, legible. */

import { createTheme, type MantineColorsTuple } from "@mantine/core";

const brand: MantineColorsTuple = [
  "#eef2fd",
  "#dbe3f9",
  "#b4c4f1",
  "#8ba3ea",
  "#6886e3",
  "#5274df",
  "#3f63d6",
  "#3556c9",
  "#2c49ae",
  "#213a8f",
];

const red: MantineColorsTuple = [
  "#fdeceb",
  "#f9d5d3",
  "#f0b8b4",
  "#e98f89",
  "#f0837b",
  "#d64a41",
  "#c5352c",
  "#b3261e",
  "#991d16",
  "#7d150f",
];

/** Mantine paints dark surfaces with these; a trace of blue keeps them from looking like switched-off glass. */
const dark: MantineColorsTuple = [
  "#d3d8e0",
  "#b0b7c3",
  "#8b94a3",
  "#666f7f",
  "#3f4754",
  "#2c333e",
  "#222831",
  "#191e25",
  "#13171d",
  "#0e1115",
];

const gray: MantineColorsTuple = [
  "#f7f8fa",
  "#eff1f4",
  "#e5e8ec",
  "#d8dce2",
  "#c3c9d2",
  "#98a1ae",
  "#6a7482",
  "#4a5361",
  "#303844",
  "#1b212a",
];

export const theme = createTheme({
  colors: { brand, dark, gray, red },
  primaryColor: "brand",
  primaryShade: { light: 7, dark: 6 },
  black: "#1b212a",
  fontFamily:
    '"Inter Variable", "Noto Sans KR Variable", system-ui, -apple-system, "Segoe UI", "Apple SD Gothic Neo", "Malgun Gothic", sans-serif',
  fontFamilyMonospace:
    '"JetBrains Mono Variable", ui-monospace, "SF Mono", Menlo, Consolas, "Noto Sans KR Variable", monospace',
  fontSizes: { xs: "0.75rem", sm: "0.8438rem", md: "0.9375rem", lg: "1.0625rem", xl: "1.25rem" },
  headings: {
    fontWeight: "620",
    sizes: {
      h1: { fontSize: "1.375rem", lineHeight: "1.3" },
      h2: { fontSize: "1rem", lineHeight: "1.4" },
      h3: { fontSize: "0.9063rem", lineHeight: "1.4" },
    },
  },
  defaultRadius: "md",
  radius: { sm: "4px", md: "7px", lg: "10px" },
  cursorType: "pointer",
  components: {
    Button: { defaultProps: { size: "sm" } },
    Table: { defaultProps: { verticalSpacing: 9, horizontalSpacing: "md", borderColor: "var(--line)" } },
    Tooltip: { defaultProps: { withArrow: true, openDelay: 250 } },
    Modal: { defaultProps: { centered: true, overlayProps: { backgroundOpacity: 0.45 }, radius: "lg" }, styles: { title: { fontWeight: 620, fontSize: "1rem" } } },
  },
});
