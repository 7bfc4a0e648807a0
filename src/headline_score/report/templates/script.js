"use strict";
(() => {
  const root = document.documentElement;
  const theme = document.querySelector("button.theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const tell = () => { theme.textContent = isDark() ? "Light theme" : "Dark theme"; };
  theme.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    tell();
  });
  system.addEventListener("change", tell);
  theme.hidden = false;
  tell();

  const value = (cell) => {
    const given = cell.dataset.value;
    if (given !== undefined) return Number(given);
    return cell.tagName === "TH" ? cell.textContent : NaN;
  };
  const compare = (one, other) => {
    if (typeof one === "string") return one.localeCompare(other, "en", { numeric: true });
    return one - other;
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    const heads = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
    const body = table.tBodies[0];
    heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
      const rising = head.getAttribute("aria-sort") === "descending"
        || (column === 0 && head.getAttribute("aria-sort") !== "ascending");
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", rising ? "ascending" : "descending");
      const rows = [...body.rows].map((row) => ({
        row, few: row.classList.contains("few"), key: value(row.cells[column]),
      }));
      rows.sort((one, other) => {
        if (one.few !== other.few) return one.few - other.few;
        const none = Number.isNaN(one.key) - Number.isNaN(other.key);
        if (none || Number.isNaN(one.key)) return none;
        return rising ? compare(one.key, other.key) : compare(other.key, one.key);
      });
      body.append(...rows.map(({ row }) => row));
    }));
  }
})();
