// A cursor over each drawing, by pointer or by the arrow keys where it has the focus; and a
// chart to zoom into, made when it is asked for. The page says all of it without scripts.
"use strict";
for (const figure of document.querySelectorAll("figure")) {
  const source = figure.querySelector(".series");
  if (!source) continue;
  const series = JSON.parse(source.textContent);
  const drawing = figure.querySelector(".drawing");
  const svg = drawing.querySelector("svg");
  const told = figure.querySelector(".cursor");
  const left = 64, right = 924, width = 960;
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
    const last = series.values.length - 1;
    const to = { ArrowLeft: at < 0 ? last : at - 1, ArrowRight: at + 1, PageUp: at - 24, PageDown: at + 24, Home: 0, End: last }[e.key];
    if (to === undefined) return;
    e.preventDefault();
    show(to);
  });

  const button = figure.querySelector(".to-zoom");
  const zoom = figure.querySelector(".zoom");
  button.hidden = false;
  button.addEventListener("click", () => {
    const open = zoom.hidden;
    zoom.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
    if (!open || zoom.querySelector("canvas")) return;
    const ink = getComputedStyle(document.body);
    const colour = (name) => ink.getPropertyValue(name).trim();
    const axis = { stroke: colour("--soft"), grid: { stroke: colour("--grid") }, ticks: { stroke: colour("--grid") } };
    const wall = (seconds) => {
      let offset = 0;
      for (const [from, o] of series.offsets) if (seconds >= series.start + from * series.step) offset = o;
      return offset;
    };
    new uPlot(
      {
        width: Math.max(320, Math.min(1000, zoom.clientWidth || drawing.clientWidth)),
        height: 260,
        // Times are those of the page's zone, whatever the reader's is.
        tzDate: (seconds) => uPlot.tzDate(new Date((seconds + wall(seconds)) * 1000), "Etc/UTC"),
        axes: [axis, { ...axis, size: 70 }],
        series: [{}, { label: series.unit, stroke: colour("--line"), width: 1.5, points: { show: false } }],
      },
      [series.values.map((_, i) => series.start + i * series.step), series.values],
      zoom
    );
  });
}
