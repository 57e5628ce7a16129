// Charts come alive: the specification beside each drawing is drawn again by the same library, in
// the same colours and patterns, with a box that names the bar or point under the pointer, or the
// one that the arrow keys reach. Without this file, or when it fails, the server's drawing stays.
// It is bundled with Vega by plugins/live_charts.py, which provides `vegaEmbed`.

const MARKS = ".mark-rect path, .mark-symbol:not(.role-legend-symbol) path";
const NARROW = window.matchMedia("(max-width: 39.99em)");

function element(name, className, parent) {
  const made = document.createElement(name);
  made.className = className;
  return parent.appendChild(made);
}

// What the specification calls by a marker, the style sheet and the drawing's patterns decide.
function dress(svg, data, defs) {
  if (defs) {
    const own = defs.cloneNode(true);
    for (const pattern of own.querySelectorAll("[id]")) pattern.id += "-live";
    svg.prepend(own);
  }
  const prefix = defs?.querySelector("[id]")?.id.replace(/-(second|third)$/, "");
  for (const part of svg.querySelectorAll("[fill], [stroke]")) {
    for (const paint of ["fill", "stroke"]) {
      const marker = part.getAttribute(paint);
      if (data.colours[marker]) part.setAttribute(paint, data.colours[marker]);
      if (data.patterns[marker] && prefix) {
        part.setAttribute(paint, `url(#${prefix}-${data.patterns[marker]}-live)`);
      }
    }
  }
}

function points(svg) {
  return [...svg.querySelectorAll(MARKS)].filter((mark) => mark.__data__?.tooltip);
}

// One stop for the Tab key; the arrow keys go from point to point, Escape puts the box away.
function explain(holder, svg, tip) {
  const marks = points(svg);
  let at = -1;
  function hide() {
    tip.hidden = true;
    for (const mark of marks) mark.classList.remove("chart-at");
  }
  function show(index) {
    hide();
    at = index;
    const mark = marks[at];
    mark.classList.add("chart-at");
    tip.textContent = mark.__data__.tooltip;
    tip.hidden = false;
    const box = mark.getBoundingClientRect();
    const around = holder.getBoundingClientRect();
    const left = box.left - around.left + box.width / 2 - tip.offsetWidth / 2;
    tip.style.left = `${Math.max(0, Math.min(left, around.width - tip.offsetWidth))}px`;
    tip.style.top = `${Math.max(0, box.top - around.top - tip.offsetHeight - 8)}px`;
  }
  marks.forEach((mark, index) => mark.addEventListener("pointerenter", () => show(index)));
  holder.onpointerleave = hide;
  holder.onfocus = () => marks.length && show(Math.max(0, at));
  holder.onblur = hide;
  holder.onkeydown = (event) => {
    const last = marks.length - 1;
    const to = {
      ArrowRight: Math.min(last, at + 1), ArrowDown: Math.min(last, at + 1),
      ArrowLeft: Math.max(0, at - 1), ArrowUp: Math.max(0, at - 1), Home: 0, End: last,
    }[event.key];
    if (event.key === "Escape") hide();
    if (to === undefined || last < 0) return;
    event.preventDefault();
    show(to);
  };
}

async function draw(script) {
  const data = JSON.parse(script.textContent);
  const figure = script.parentElement;
  const drawings = figure.querySelectorAll("svg.chart");
  const holder = script.live ?? document.createElement("div");
  const stage = document.createElement("div");
  if (!script.live) {
    holder.className = "chart-live";
    holder.hidden = true;
    script.before(holder);
  }
  // Measured in the figure, since the holder is not shown before there is something to show.
  const width = Math.min(figure.clientWidth, 896);
  const spec = {
    ...data.spec, width, height: data.heights[NARROW.matches ? "narrow" : "wide"],
    autosize: { type: "fit-x", contains: "padding" }, padding: 5,
  };
  const result = await vegaEmbed(stage, spec, {
    renderer: "svg", actions: false, tooltip: () => {},
    // Interpreted, not compiled: the page allows no code made at run time.
    ast: true,
  });
  const svg = stage.querySelector("svg");
  svg.classList.add("chart-drawn");
  svg.setAttribute("aria-hidden", "true");
  dress(svg, data, drawings[0]?.querySelector("defs"));
  script.result?.finalize();
  script.result = result;
  holder.replaceChildren(svg);
  const tip = element("div", "chart-tip", holder);
  tip.setAttribute("role", "status");
  tip.hidden = true;
  holder.tabIndex = 0;
  holder.setAttribute("role", "group");
  holder.setAttribute("aria-roledescription", "chart");
  holder.setAttribute("aria-label", `${data.title}. ${data.text} Arrow keys read out its values.`);
  explain(holder, svg, tip);
  script.live = holder;
  script.width = width;
  holder.hidden = false;
  for (const drawing of drawings) drawing.classList.add("chart-replaced");
}

function all(again) {
  for (const script of document.querySelectorAll("script.chart-spec")) {
    if (again && script.width === Math.min(script.parentElement.clientWidth, 896)) continue;
    draw(script).catch((error) => console.info("The chart stays as drawn:", error.message));
  }
}

let waiting;
window.addEventListener("resize", () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => all(true), 200);
});
all(false);
