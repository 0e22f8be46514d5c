// What every figure shares. The text of this file is joined in front of a figure's module, because
// a module may not import: one text then runs in JupyterLab and on a page without a kernel.

// ---- nodes ---------------------------------------------------------------------------------

function set(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

function svg(tag, attributes = {}, ...children) {
  const node = set(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes);
  node.append(...children);
  return node;
}

function html(tag, attributes = {}, ...children) {
  const node = set(document.createElement(tag), attributes);
  node.append(...children);
  return node;
}

let lastId = 0;
const freshId = () => `nnd-${Date.now().toString(36)}-${++lastId}`;

// ---- numbers -------------------------------------------------------------------------------

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
const sum = (values) => values.reduce((total, value) => total + value, 0);

// Typography: a true minus sign, and never "−0.00".
function fixed(value, digits = 2) {
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}

const signed = (value, digits = 2) => (value < 0 ? "" : "+") + fixed(value, digits);

const RAISED = {
  "-": "⁻",
  0: "⁰",
  1: "¹",
  2: "²",
  3: "³",
  4: "⁴",
  5: "⁵",
  6: "⁶",
  7: "⁷",
  8: "⁸",
  9: "⁹",
};
const raised = (integer) => [...String(integer)].map((digit) => RAISED[digit]).join("");

// 0.25 as it stands, 3·10⁻¹³ where plain digits would be all zeros.
function scientific(value) {
  const size = Math.abs(value);
  if (size === 0 || (size >= 0.01 && size < 1000)) return fixed(value, size < 1 ? 3 : 2);
  const [digits, exponent] = size.toExponential(1).split("e");
  return `${value < 0 ? "−" : ""}${digits}·10${raised(Number(exponent))}`;
}

// ---- scales and curves ---------------------------------------------------------------------

// A linear map from values to pixels; `.back` goes from pixels to values.
function scale([low, high], [from, to]) {
  const map = (value) => from + ((value - low) / (high - low)) * (to - from);
  map.back = (pixel) => low + ((pixel - from) / (to - from)) * (high - low);
  map.ends = [from, to];
  return map;
}

function path(points) {
  return points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
}

function samples(f, low, high, pieces = 200) {
  const xs = Array.from({ length: pieces + 1 }, (_, i) => low + ((high - low) * i) / pieces);
  return xs.map((x) => [x, f(x)]);
}

const plot = (points, X, Y) => path(points.map(([x, y]) => [X(x), Y(y)]));

// Grid lines with numbers at the given values; the line at zero is drawn stronger. A title stands at
// the axis's end, beside the numbers where they leave room, else below or above them.
function axes(X, Y, { x = [], y = [], xText = String, yText = String, xTitle = "", yTitle = "" }) {
  const [left, right] = X.ends;
  const [bottom, top] = Y.ends;
  const group = svg("g");
  const line = (value, x1, x2, y1, y2) =>
    group.append(svg("line", { x1, x2, y1, y2, class: value === 0 ? "axis" : "grid" }));
  const mark = (text, x, y, anchor) =>
    text &&
    group.append(
      svg("text", { x, y, "text-anchor": anchor, class: "small" }, text.replace("-", "−")),
    );
  for (const value of x) {
    line(value, X(value), X(value), top, bottom);
    mark(xText(value), X(value), bottom + 17, "middle");
  }
  for (const value of y) {
    line(value, left, right, Y(value), Y(value));
    mark(yText(value), left - 6, Y(value) + 4, "end");
  }
  const free = right - Math.max(left, ...x.map(X));
  mark(xTitle, right, bottom + (free > 14 + 7 * xTitle.length ? 17 : 32), "end");
  mark(yTitle, left - 6, y.some((value) => Y(value) < top + 20) ? top - 8 : top + 9, "end");
  return group;
}

// A rectangle outside which nothing of a group shows.
function clipped(node, X, Y, ...children) {
  const id = freshId();
  const [left, right] = X.ends;
  const [bottom, top] = Y.ends;
  const frame = svg("rect", { x: left, y: top, width: right - left, height: bottom - top });
  node.append(
    svg("clipPath", { id }, frame),
    svg("g", { "clip-path": `url(#${id})` }, ...children),
  );
}

// ---- what a reader can move ----------------------------------------------------------------

const write = (model, key, value) => {
  model.set(key, value);
  model.save_changes();
};

// A labelled slider bound to one trait: three cells of the controls' grid.
function slider(model, key, { label, min, max, step, text = (v) => fixed(v) }) {
  const id = freshId();
  const input = html("input", { type: "range", id, min, max, step, "data-param": key });
  const value = html("span", { class: "value", "aria-hidden": "true" });
  const show = () => {
    input.value = model.get(key);
    value.textContent = text(model.get(key));
    input.setAttribute("aria-valuetext", value.textContent);
  };
  input.addEventListener("input", () => write(model, key, Number(input.value)));
  return { nodes: [html("label", { for: id }, label), input, value], show };
}

// A labelled menu bound to one trait; options are [value, text] pairs.
function choice(model, key, { label, options }) {
  const id = freshId();
  const menu = html("select", { id, class: "wide", "data-param": key });
  options.forEach(([, text], i) => menu.append(html("option", { value: i }, text)));
  const show = () => (menu.value = options.findIndex(([value]) => value === model.get(key)));
  menu.addEventListener("change", () => write(model, key, options[Number(menu.value)][0]));
  return { nodes: [html("label", { for: id }, label), menu], show };
}

// Buttons are [text, action, data-name]; `update` may disable or rename them; `end` stops what they
// started when the figure goes away.
function buttons(list, update = () => {}, end = () => {}) {
  const nodes = list.map(([text, action, name], i) => {
    const node = html(
      "button",
      { type: "button", "data-action": name, ...(i ? {} : { class: "main" }) },
      text,
    );
    node.addEventListener("click", action);
    return node;
  });
  return {
    nodes: [html("div", { class: "buttons" }, ...nodes)],
    show: (state) => update(state, ...nodes),
    end,
  };
}

// Dragging a node of the drawing; `act` gets the pointer's place in the drawing and how far it has
// come. Capture keeps hold when the pointer leaves the node. A finger that only scrolls the page must
// not move anything: unless the node's style says touch-action "none", those that start upwards are
// the page's. (Chromium heeds touch-action on an svg and not on what is in it, so it is kept here.)
function drag(node, act, begin = () => {}) {
  let from = [0, 0];
  let held = null; // whether the gesture is the figure's; null while nobody knows
  const place = ({ clientX, clientY }) => {
    const box = node.ownerSVGElement.getBoundingClientRect();
    return [clientX - box.left, clientY - box.top];
  };
  const holds = (event) => {
    const [across, up] = place(event).map((value, k) => Math.abs(value - from[k]));
    if (held === null && Math.max(across, up) > 6) held = across > up;
    return held;
  };
  const move = (event) => {
    const [x, y] = place(event);
    act(x, y, x - from[0], y - from[1]);
  };
  node.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    node.setPointerCapture(event.pointerId);
    from = place(event);
    held = event.pointerType !== "touch" || getComputedStyle(node).touchAction === "none" || null;
    begin();
    if (event.pointerType !== "touch") move(event);
  });
  node.addEventListener(
    "pointermove",
    (event) => node.hasPointerCapture(event.pointerId) && holds(event) && move(event),
  );
  node.addEventListener(
    "touchmove",
    (event) => holds(event.touches[0]) && event.cancelable && event.preventDefault(),
    { passive: false },
  );
  node.addEventListener(
    "pointerup",
    (event) => event.pointerType === "touch" && held !== false && move(event),
  );
}

// The whole rectangle between two scales can be dragged sideways.
function dragArea(X, Y, act) {
  const [left, right] = X.ends;
  const [bottom, top] = Y.ends;
  const area = svg("rect", {
    x: left,
    y: top,
    width: right - left,
    height: bottom - top,
    class: "drag-area",
  });
  drag(area, act);
  return area;
}

// A knob that a finger can pull in any direction: a ring to see, and a wide invisible one to catch.
// The area around it may leave upward movements to the page, which then scrolls.
function knob(color, name, act, begin) {
  const ring = svg("circle", { r: 9, class: `handle ${color}`, "pointer-events": "none" });
  const hold = svg("circle", { r: 20, class: "grip", "data-drag": name });
  drag(hold, act, begin);
  return {
    node: svg("g", {}, ring, hold),
    at: (cx, cy) => [ring, hold].forEach((one) => set(one, { cx, cy })),
  };
}

// ---- time ----------------------------------------------------------------------------------

const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

// Calls `tick` about `rate` times a second in slices of a frame, only while the figure is on screen;
// `tick` returns false to stop. Readers who asked for no motion get the end state at once. The button
// given to `pauses` says "Pause" while it runs.
function clock(root, tick, rate = 20) {
  let frame = 0;
  let last = 0;
  let visible = true;
  let [button, name] = [null, ""];
  const watcher = new IntersectionObserver(([entry]) => (visible = entry.isIntersecting));
  watcher.observe(root);
  const tell = () => button && (button.textContent = frame ? "Pause" : name);
  const pauses = (node) => ([button, name] = button ? [button, name] : [node, node.textContent]);
  const stop = () => {
    cancelAnimationFrame(frame);
    frame = 0;
    tell();
  };
  const slice = (now) => {
    frame = requestAnimationFrame(slice);
    if (!visible || now - last < 1000 / rate) return;
    last = now;
    if (tick() === false) stop();
  };
  const start = () => {
    if (calm()) while (tick() !== false);
    else if (!frame) frame = requestAnimationFrame(slice);
    tell();
  };
  const end = () => (stop(), watcher.disconnect());
  return { start, stop, pauses, running: () => frame !== 0, end };
}

// ---- the figure ----------------------------------------------------------------------------

// Light text means a dark page, whatever the theme is called and whoever set it.
function followTheme(root) {
  const [r, g, b] = (getComputedStyle(root).color.match(/[\d.]+/g) ?? [0, 0, 0]).map(Number);
  root.dataset.scheme = 0.3 * r + 0.6 * g + 0.1 * b > 128 ? "dark" : "light";
}

function watchTheme(root) {
  const follow = () => followTheme(root);
  const watcher = new MutationObserver(follow);
  for (const node of [document.documentElement, document.body])
    watcher.observe(node, { attributes: true });
  const system = matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", follow);
  return () => (watcher.disconnect(), system.removeEventListener("change", follow));
}

// JupyterLab binds these keys to moves between cells; inside a figure they belong to its controls.
const CONTROL_KEYS = /^(Arrow.*|Home|End|Page.*|Enter| )$/;

function frameOf(label) {
  const root = html("div", { class: "nnd", role: "group", "aria-label": label });
  root.addEventListener(
    "keydown",
    (event) => CONTROL_KEYS.test(event.key) && !event.ctrlKey && event.stopPropagation(),
  );
  return root;
}

// Builds one figure from its parts:
//   label      what it is, for screen readers and as the drawing's title
//   ask        the question at the top, its first words in bold; the rest may be state → text
//   answer     state → text that is shown once the reader has moved something
//   watch      the traits it depends on
//   controls   (model, root) → list made by slider, choice, buttons
//   settings   the same, for a second panel below the answer; a figure with few controls has none
//   height     width in pixels → height of the drawing
//   compute    model → state: plain numbers and lists, the part that Python repeats
//   build      (drawing, width, height, model) → function that draws a state; what does not change
//              is drawn here, once for each width
//   describe   state → the read-out
function figure({ model, el }, parts) {
  const { label, ask, answer, watch, compute, height, build, describe } = parts;
  const title = svg("title", { id: freshId() }, label);
  const drawing = svg("svg", { role: "img", "aria-labelledby": title.id });
  const readout = html("output", { "aria-live": "polite" });
  const reveal = html("p", { class: "answer", hidden: "" });
  const root = frameOf(label);
  const [first, second] = [parts.controls, parts.settings].map((made) => made?.(model, root) ?? []);
  const controls = [...first, ...second];
  const panel = (list) =>
    html("div", { class: "controls" }, ...list.flatMap((control) => control.nodes));
  const [lead, question] = ask;
  const asked = html("span", {});
  root.append(html("p", {}, html("b", {}, lead), asked), drawing, panel(first), readout, reveal);
  if (second.length) root.append(panel(second));
  el.append(root);

  let update = null;
  let width = 0;
  const refresh = () => {
    const state = compute(model);
    el.dataset.computed = JSON.stringify(state);
    update(state);
    controls.forEach((control) => control.show(state));
    const said = describe(state);
    if (readout.textContent !== said) readout.textContent = said; // what stays is not announced anew
    asked.textContent = typeof question === "function" ? question(state) : question;
    if (answer) reveal.textContent = answer(state);
  };
  const fit = () => {
    followTheme(root);
    // A figure drawn before it is on the page has no width yet, one in a closed drawer next to none.
    const now = Math.max(280, (root.clientWidth || 642) - 2); // less its padding
    if (now === width) return;
    width = now;
    set(drawing, { viewBox: `0 0 ${width} ${height(width)}`, height: height(width) });
    drawing.replaceChildren(title);
    update = build(drawing, width, height(width), model);
    refresh();
  };
  const changed = () => {
    if (answer) reveal.hidden = false;
    refresh();
  };
  const sizes = new ResizeObserver(fit);
  const forgetTheme = watchTheme(root);
  sizes.observe(root);
  for (const key of watch) model.on(`change:${key}`, changed);
  fit();
  return () => {
    sizes.disconnect();
    forgetTheme();
    for (const control of controls) control.end?.();
    for (const key of watch) model.off(`change:${key}`, changed);
  };
}
