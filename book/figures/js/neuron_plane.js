// One neuron over the plane: w turns its line, b moves it, the length of w sharpens its edge.

const REACH = 3;
const FAR = 4; // b goes from −4 to 4
const TRAITS = ["w1", "w2", "b", "x1", "x2"];

function compute(model) {
  const [w1, w2, b, x1, x2] = TRAITS.map((name) => model.get(name));
  const z = w1 * x1 + w2 * x2 + b;
  const norm = Math.hypot(w1, w2);
  return {
    w: [w1, w2],
    b,
    x: [x1, x2],
    z,
    a: softStep(z),
    norm,
    distance: norm ? z / norm : null,
    edge: norm ? (2 * Math.log(9)) / norm : null, // how wide it is from a = 0.1 to a = 0.9
  };
}

const STOPS = 25;
const SOFT = 6; // σ(6) = 0.998: beyond, the shade does not change

// A neuron changes in one direction only, so one gradient shades the whole plane.
function softEdge(X, Y) {
  const id = freshId();
  const stops = Array.from({ length: STOPS }, (_, i) => {
    const a = softStep(SOFT * ((2 * i) / (STOPS - 1) - 1));
    const color = a < 0.5 ? "var(--orange)" : "var(--blue)";
    return svg("stop", {
      offset: i / (STOPS - 1),
      style: `stop-color: ${color}; stop-opacity: ${Math.abs(2 * a - 1) * 0.5}`,
    });
  });
  const ramp = svg("linearGradient", { id, gradientUnits: "userSpaceOnUse" }, ...stops);
  const [left, right] = X.ends;
  const [bottom, top] = Y.ends;
  const area = svg("rect", { x: left, y: top, width: right - left, height: bottom - top });
  const draw = ({ w, b, norm, a }) => {
    if (!norm) {
      const color = a < 0.5 ? "var(--orange)" : "var(--blue)";
      return set(area, { fill: color, opacity: Math.abs(2 * a - 1) * 0.5 });
    }
    const place = (z) => w.map((wk) => ((z - b) * wk) / norm ** 2); // on the arrow's line, at this z
    const [[x1, y1], [x2, y2]] = [place(-SOFT), place(SOFT)];
    set(ramp, { x1: X(x1), y1: Y(y1), x2: X(x2), y2: Y(y2) });
    return set(area, { fill: `url(#${id})`, opacity: 1 });
  };
  return [svg("g", {}, ramp, area), draw];
}

function build(drawing, width, height, model) {
  const wide = width >= 560;
  const side = wide ? height - 48 : Math.min(width - 34, 330);
  const drawPlane = buildPlane(drawing, side, model);
  const drawEdge = wide
    ? buildEdge(drawing, [side + 92, width - 8], [height - 40, 28])
    : buildEdge(drawing, [40, width - 8], [height - 38, side + 76]);
  return (state) => {
    drawPlane(state);
    drawEdge(state);
  };
}

function buildPlane(drawing, side, model) {
  const [X, Y] = square(REACH, 26, 24, side);
  const [shade, drawShade] = softEdge(X, Y);
  const line = svg("line", { class: "curve ink" });
  const ends = [1, 2].map(() => svg("line", { class: "ink dashed" })); // where a is 0.1 and 0.9
  const spoke = svg("line", { class: "ink dashed" });
  const arrow = svg("line", { class: "curve green", x1: X(0), y1: Y(0) });
  const head = svg("path", { class: "green-fill" });
  const movePoint = (px, py) => {
    write(model, "x1", rounded(X.back(px), -REACH, REACH));
    write(model, "x2", rounded(Y.back(py), -REACH, REACH));
  };
  const tip = knob("green", "w", (px, py) => {
    write(model, "w1", rounded(X.back(px), -REACH, REACH, 0.1));
    write(model, "w2", rounded(Y.back(py), -REACH, REACH, 0.1));
  });
  // The line goes where the pointer is: b = −w · p.
  const foot = knob("ink", "b", (px, py) => {
    const [w1, w2] = [model.get("w1"), model.get("w2")];
    write(model, "b", rounded(-(w1 * X.back(px) + w2 * Y.back(py)), -FAR, FAR, 0.1));
  });
  const name = (text, kind) =>
    svg(
      "text",
      { class: `strong halo ${kind}`, "text-anchor": "middle", "pointer-events": "none" },
      text,
    );
  const names = { w: name("w", "green"), x: name("x", "") };
  const area = dragArea(X, Y, movePoint);
  area.classList.add("drag-plane");
  const dot = knob("ink", "x", movePoint);
  drawing.append(
    svg("text", { x: 26, y: 14, class: "strong" }, "the plane of inputs"),
    shade,
    axes(X, Y, { x: [-2, 0, 2], y: [-2, 0, 2], xTitle: "x₁", yTitle: "x₂" }),
  );
  clipped(drawing, X, Y, ...ends, line, spoke, arrow, head);
  drawing.append(area, dot.node, tip.node, foot.node, names.w, names.x);

  return (state) => {
    const { w, b, x, norm, distance } = state;
    drawShade(state);
    const hidden = norm ? "visible" : "hidden";
    for (const node of [line, ...ends, spoke, foot.node]) set(node, { visibility: hidden });
    if (norm) {
      set(line, cut(w, b, X, Y));
      ends.forEach((end, i) => set(end, cut(w, b + (i ? 1 : -1) * Math.log(9), X, Y)));
      const onLine = x.map((xk, k) => xk - (distance * w[k]) / norm);
      set(spoke, { x1: X(x[0]), y1: Y(x[1]), x2: X(onLine[0]), y2: Y(onLine[1]) });
      const near = w.map((wk) => (-b * wk) / norm ** 2);
      foot.at(...near.map((v, k) => [X, Y][k](clamp(v, -REACH, REACH))));
    }
    const at = [X(w[0]), Y(w[1])];
    set(arrow, { x2: at[0], y2: at[1] });
    set(head, { d: arrowHead(at, [w[0], -w[1]], norm) });
    tip.at(...at);
    dot.at(X(x[0]), Y(x[1]));
    const beyond = [at[0] + (30 * w[0]) / (norm || 1), at[1] - (30 * w[1]) / (norm || 1)];
    set(names.w, {
      x: clamp(beyond[0], X(-REACH) + 8, X(REACH) - 8),
      y: clamp(beyond[1] + 5, Y(REACH) + 14, Y(-REACH) - 4),
    });
    set(names.x, { x: clamp(X(x[0]) + 10, 0, X(REACH) - 12), y: Y(x[1]) + 18 });
  };
}

// A triangle in front of the knob, pointing where w points.
function arrowHead([x, y], [dx, dy], norm) {
  if (!norm) return "";
  const [ux, uy] = [dx / norm, dy / norm];
  const point = (along, across) =>
    `${(x + along * ux - across * uy).toFixed(1)} ${(y + along * uy + across * ux).toFixed(1)}`;
  return `M${point(20, 0)}L${point(9, 6)}L${point(9, -6)}Z`;
}

// The same neuron seen from the side: its output along the direction of w.
function buildEdge(drawing, [left, right], [bottom, top]) {
  const D = scale([-4, 4], [left, right]);
  const A = scale([0, 1], [bottom, top]);
  const curve = svg("path", { class: "curve blue" });
  const band = svg("rect", { class: "area ink-fill", y: top, height: bottom - top });
  const dot = svg("circle", { r: 6, class: "ink-fill" });
  drawing.append(
    svg("text", { x: left - 14, y: top - 12, class: "strong blue" }, "output a, across the line"),
    band,
    axes(D, A, { x: [-4, -2, 0, 2, 4], y: [0, 0.5, 1] }),
    svg(
      "text",
      { x: (left + right) / 2, y: bottom + 34, "text-anchor": "middle", class: "small" },
      "distance from the line",
    ),
  );
  clipped(drawing, D, scale([0, 1], [bottom + 8, top - 8]), curve);
  drawing.append(dot);
  return ({ norm, a, b, distance, edge }) => {
    const flat = norm ? (d) => softStep(norm * d) : () => softStep(b);
    set(curve, { d: plot(samples(flat, -4, 4), D, A) });
    const half = norm ? Math.min(4, edge / 2) : 0;
    set(band, { x: D(-half), width: D(half) - D(-half) });
    set(dot, { cx: D(clamp(distance ?? 0, -4, 4)), cy: A(a) });
  };
}

// A number within a product: a negative one stands in brackets.
const factor = (value, digits = 2) =>
  value < 0 ? `(${fixed(value, digits)})` : fixed(value, digits);

function describe({ w, b, x, z, a, norm, distance, edge }) {
  const product = `${factor(w[0], 1)} · ${factor(x[0])} + ${factor(w[1], 1)} · ${factor(x[1])} ${b < 0 ? "−" : "+"} ${fixed(Math.abs(b), 1)}`;
  const place = norm
    ? `The point lies ${fixed(Math.abs(distance))} ${z < 0 ? "behind" : "in front of"} the line; the edge is ${fixed(edge)} wide.`
    : "With w = 0 there is no line: the neuron says the same everywhere.";
  return `z = w · x + b = ${product} = ${fixed(z)}, so a = σ(z) = ${fixed(a, 3)}. ${place}`;
}

function scaleAll(model, by) {
  for (const name of ["w1", "w2", "b"])
    write(model, name, Number((model.get(name) * by).toFixed(2)));
}

const fits = ({ w, b }, by) =>
  w.every((wk) => Math.abs(wk * by) <= REACH) && Math.abs(b * by) <= FAR;

const render = (context) =>
  figure(context, {
    label: "A neuron over the plane: its line, its weight vector, its soft edge and a point",
    ask: [
      "Before you drag: ",
      "what becomes of the line when w gets twice as long and b stays? And when both are doubled?",
    ],
    answer: () =>
      "With w twice as long and the same b, the line moves to half its distance from the origin. With " +
      "both doubled it stays where it is, and its edge is half as wide.",
    watch: TRAITS,
    controls: (model) => [
      slider(model, "w1", { label: "weight w₁", min: -REACH, max: REACH, step: 0.1 }),
      slider(model, "w2", { label: "weight w₂", min: -REACH, max: REACH, step: 0.1 }),
      slider(model, "b", { label: "bias b", min: -FAR, max: FAR, step: 0.1 }),
      slider(model, "x1", { label: "point x₁", min: -REACH, max: REACH, step: 0.05 }),
      slider(model, "x2", { label: "point x₂", min: -REACH, max: REACH, step: 0.05 }),
      buttons(
        [
          ["Double w and b", () => scaleAll(model, 2), "double"],
          ["Halve them", () => scaleAll(model, 0.5), "halve"],
          ["Turn their signs", () => scaleAll(model, -1), "turn"],
        ],
        (state, double) => (double.disabled = !fits(state, 2)),
      ),
    ],
    height: (width) => (width >= 560 ? 372 : Math.min(width - 34, 330) + 230),
    compute,
    build,
    describe,
  });

export default { render };
