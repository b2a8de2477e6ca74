// What is wrong with the page that is shown, for its test: texts whose contrast is below 4.5 (WCAG 2, level AA), fields and
// buttons without a name, ids that are there twice, and a page that is wider than its window.
(() => {
  const wrong = [];
  const parse = (text) => {
    const n = text.match(/[\d.]+/g).map(Number);
    return { r: n[0], g: n[1], b: n[2], a: n.length > 3 ? n[3] : 1 };
  };
  const luminance = ({ r, g, b }) => {
    const [x, y, z] = [r, g, b].map((v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const ground = (e) => {
    for (; e; e = e.parentElement) {
      const c = parse(getComputedStyle(e).backgroundColor);
      if (c.a === 1) return c;
      if (c.a > 0) wrong.push("a ground that shows what is below it: " + e.tagName);
    }
    return { r: 255, g: 255, b: 255 };
  };
  let looked = 0;
  for (const e of document.querySelectorAll("body *")) {
    const own = [...e.childNodes].some((n) => n.nodeType === Node.TEXT_NODE && n.data.trim());
    if (!own || e.closest(".skip, .hidden, title") || !e.getClientRects().length) continue;
    const style = getComputedStyle(e);
    const svg = e instanceof SVGElement;
    const front = luminance(parse(svg ? style.fill : style.color));
    const box = svg && e.parentElement.querySelector("rect");
    const back = luminance(box ? parse(getComputedStyle(box).fill) : ground(e));
    const contrast = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
    looked++;
    if (contrast < 4.5) wrong.push(`contrast ${contrast.toFixed(2)} of ${e.tagName}.${e.className} "${e.textContent.trim().slice(0, 40)}"`);
  }
  if (looked < 8) wrong.push(`only ${looked} texts were looked at`);
  for (const e of document.querySelectorAll("input:not([type=hidden]), select, button")) {
    const named = e.labels && e.labels.length && [...e.labels].some((l) => l.textContent.trim()) || e.getAttribute("aria-label") || e.tagName === "BUTTON" && e.textContent.trim();
    if (!named) wrong.push("no name: " + e.outerHTML);
  }
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  for (const id of new Set(ids)) if (ids.filter((i) => i === id).length > 1) wrong.push("an id that is there twice: " + id);
  for (const e of document.querySelectorAll("[aria-labelledby]")) if (!document.getElementById(e.getAttribute("aria-labelledby"))) wrong.push("labelled by nothing: " + e.outerHTML.slice(0, 80));
  for (const part of ["header nav", "main", "footer", "h1"]) if (document.querySelectorAll(part).length !== 1) wrong.push("not one " + part);
  if (document.documentElement.lang !== "en") wrong.push("no language");
  if (document.documentElement.scrollWidth > innerWidth) wrong.push(`${document.documentElement.scrollWidth} wide in a window of ${innerWidth}`);
  return wrong;
})()
