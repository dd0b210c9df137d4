// A cursor over each drawing: by pointer, or by the arrow keys where it has the focus.
"use strict";
for (const figure of document.querySelectorAll("figure")) {
  const source = figure.querySelector(".series");
  if (!source) continue;
  const series = JSON.parse(source.textContent);
  const drawing = figure.querySelector(".drawing");
  const svg = drawing.querySelector("svg");
  const told = figure.querySelector(".cursor");
  const left = 64, right = 932, width = 960;
  const mark = document.createElementNS("http://www.w3.org/2000/svg", "path");
  mark.setAttribute("class", "mark");
  svg.appendChild(mark);
  let at = -1;
  const two = (n) => String(n).padStart(2, "0");
  const show = (i) => {
    const n = series.values.length;
    at = Math.max(0, Math.min(n - 1, i));
    const x = left + ((at + 0.5) / n) * (right - left);
    mark.setAttribute("d", "M" + x + " 8V" + (svg.viewBox.baseVal.height - 20));
    const v = series.values[at];
    let offset = 0;
    for (const [from, seconds] of series.offsets) if (at >= from) offset = seconds;
    const t = new Date((series.start + at * series.step + offset) * 1000);
    told.textContent = t.getUTCFullYear() + "-" + two(t.getUTCMonth() + 1) + "-" + two(t.getUTCDate()) + " " + two(t.getUTCHours()) + ":" + two(t.getUTCMinutes()) +
      "  " + (v === null ? "–" : v + " " + series.unit);
  };
  drawing.addEventListener("pointermove", (e) => {
    const box = svg.getBoundingClientRect();
    const x = ((e.clientX - box.left) / box.width) * width;
    show(Math.floor(((x - left) / (right - left)) * series.values.length));
  });
  drawing.addEventListener("keydown", (e) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -24, PageDown: 24, Home: -1e9, End: 1e9 }[e.key];
    if (step === undefined) return;
    e.preventDefault();
    show(at < 0 ? (step > 0 ? 0 : series.values.length - 1) : at + step);
  });
}
