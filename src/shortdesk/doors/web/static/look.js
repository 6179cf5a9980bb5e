// Theme and palette before the first paint, so that nothing flashes. A plain script on purpose.
(() => {
  const root = document.documentElement;
  const read = (name) => {
    try {
      return localStorage.getItem(`shortdesk-${name}`);
    } catch {
      return null;
    }
  };
  const light = window.matchMedia("(prefers-color-scheme: light)").matches;
  root.dataset.theme = read("theme") ?? (light ? "light" : "dark");
  root.dataset.palette = read("palette") ?? "classic";
})();
