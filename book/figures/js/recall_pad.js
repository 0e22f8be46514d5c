// The pad of a Hopfield network: 10 × 10 units to draw on, and pictures of what it remembers.

const SIDE = 10;
const UNITS = SIDE * SIDE;
const MEMORIES = 9; // as many as have room beside the pad

const patches = (n) => Array.from({ length: n }, (_, i) => i);
const asSpins = (picture) => Float64Array.from(picture, (unit) => (unit === "1" ? 1 : -1));
const asPicture = (spins) => Array.from(spins, (s) => (s > 0 ? "1" : "0")).join("");

// The squares that are on, as one path.
function squares(picture, left, top, cell, gap) {
  const at = (n) => (n * cell + gap / 2).toFixed(2);
  const side = (cell - gap).toFixed(2);
  return [...picture]
    .map((unit, i) => {
      if (unit !== "1") return "";
      const [x, y] = [left + Number(at(i % SIDE)), top + Number(at(Math.floor(i / SIDE)))];
      return `M${x.toFixed(2)} ${y.toFixed(2)}h${side}v${side}h-${side}z`;
    })
    .join("");
}

const frame = (left, top, side, kind, more = {}) =>
  svg("rect", { x: left, y: top, width: side, height: side, class: kind, fill: "none", ...more });

// A picture that stands in the units from now on, as the first state of a recall.
function begin(model, picture) {
  model.set("base", picture);
  model.set("noise", 0);
  write(model, "steps", 0);
}

function painted(picture, cell, unit) {
  return picture.slice(0, cell) + unit + picture.slice(cell + 1);
}

// `now()` is the picture in the units.
function buildPad(drawing, left, top, side, model, now) {
  const cell = side / SIDE;
  const lines = Array.from({ length: SIDE - 1 }, (_, n) => {
    const [x, y] = [left + (n + 1) * cell, top + (n + 1) * cell];
    return `M${x} ${top}v${side}M${left} ${y}h${side}`;
  });
  const on = svg("path", { class: "blue-fill" });
  const looked = frame(0, 0, cell, "orange", { "stroke-width": 3 });
  const dots = svg("path", { class: "point orange-fill" });
  const pen = frame(0, 0, cell, "ink", {
    ...{ "stroke-width": 2, "stroke-dasharray": "3 2", "data-pen": "", visibility: "hidden" },
  });
  const area = svg("rect", {
    ...{ x: left, y: top, width: side, height: side, class: "drag-area", "data-drag": "pad" },
    style: "cursor: crosshair; touch-action: none",
  });
  let colour = null;
  drag(
    area,
    (x, y) => {
      const place = (v, from) => clamp(Math.floor((v - from) / cell), 0, SIDE - 1);
      const at = place(y, top) * SIDE + place(x, left);
      colour ??= now()[at] === "1" ? "0" : "1";
      if (now()[at] !== colour) begin(model, painted(now(), at, colour));
    },
    () => (colour = null),
  );
  drawing.append(
    svg("path", { d: lines.join(""), class: "grid" }),
    on,
    frame(left, top, side, "axis"),
    dots,
    looked,
    pen,
    area,
  );
  const move = (node, i) =>
    set(node, { x: left + (i % SIDE) * cell, y: top + Math.floor(i / SIDE) * cell });
  const r = cell / 6;
  const disc = (i) => {
    const [x, y] = [left + ((i % SIDE) + 0.5) * cell, top + (Math.floor(i / SIDE) + 0.5) * cell];
    return `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`;
  };
  return ({ state, restless, last, cell: at }) => {
    set(on, { d: squares(state, left, top, cell, 1.5) });
    set(dots, { d: restless.map(disc).join("") });
    move(set(looked, { visibility: last < 0 ? "hidden" : "visible" }), last);
    move(pen, at);
  };
}

// Small pictures of the memories with the state's overlap; a click puts one into the units.
function buildMemories(drawing, left, top, width, model) {
  const columns = 3;
  const step = width / columns;
  const side = Math.min(70, step - 8);
  const places = Array.from({ length: MEMORIES }, (_, k) => {
    const x = left + (k % columns) * step + (step - side) / 2;
    const y = top + Math.floor(k / columns) * (side + 22);
    const picture = svg("path", { class: "ink-fill" });
    const border = frame(x, y, side, "axis");
    const name = svg("text", {
      ...{ x: x + side / 2, y: y + side + 14, class: "small", "text-anchor": "middle" },
    });
    const hit = svg("rect", {
      ...{ x: x - 2, y: y - 2, width: side + 4, height: side + 18, fill: "transparent" },
      ...{ style: "cursor: pointer", "data-memory": k },
    });
    hit.addEventListener("click", () => load(model, k));
    drawing.append(picture, border, name, hit);
    return { x, y, picture, border, name, hit };
  });
  return ({ overlaps, chosen }) => {
    const memories = model.get("memories");
    places.forEach(({ x, y, picture, border, name, hit }, k) => {
      const there = k < memories.length;
      set(picture, { d: there ? squares(memories[k], x, y, side / SIDE, 0.4) : "" });
      set(border, {
        class: there && k === chosen ? "blue" : "axis",
        "stroke-width": there && k === chosen ? 3 : 1,
        "stroke-dasharray": there ? "none" : "3 4",
      });
      const number = width > 200 ? `${k + 1}: ` : ""; // a phone has no room for it
      name.textContent = there ? number + signed(overlaps[k]) : "";
      set(hit, { visibility: there ? "visible" : "hidden" });
    });
  };
}

// A memory goes into the units, spoiled by the noise that is set.
function load(model, k) {
  model.set("chosen", k);
  model.set("base", model.get("memories")[k]);
  write(model, "steps", 0);
}

// A pen for the keyboard: a button that the arrows belong to while it has the focus.
const ARROWS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -SIDE, ArrowDown: SIDE };

function penKeys(key, model, root) {
  key.title = "Arrow keys move the pen, space turns a unit";
  key.addEventListener("keydown", (event) => {
    if (!(event.key in ARROWS)) return;
    event.preventDefault();
    const at = model.get("cell") + ARROWS[event.key];
    write(model, "cell", (at + UNITS) % UNITS);
  });
  // The pen shows while its button has the focus.
  const show = (visibility) => () => set(root.querySelector("[data-pen]"), { visibility });
  key.addEventListener("focus", show("visible"));
  key.addEventListener("blur", show("hidden"));
}
