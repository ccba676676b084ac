// Runs before the first paint, so that a reload in dark mode does not flash white. It is a file of
// its own because the Content-Security-Policy allows no inline script.
(function () {
  var stored = null;
  try {
    stored = localStorage.getItem("mantine-color-scheme-value");
  } catch (_) {
    // Storage is refused in some private windows: the system's scheme decides.
  }
  var dark = stored === "dark" || (stored !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.setAttribute("data-mantine-color-scheme", dark ? "dark" : "light");
})();
