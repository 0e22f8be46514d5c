// A cluster and the points around it, k neurons that each cut something off, and an AND of them.

const REACH = 3;
const MOST = 5;
const NUMBERS = [1, 2, 3, 4, 5];
const CENTER = [0.2, -0.1];
const GOLDEN = Math.PI * (3 - Math.sqrt(5));

// Seeds of a sunflower: they fill a ring evenly without chance.
const ring = (count, from, to) =>
  Array.from({ length: count }, (_, i) => {
    const radius = Math.sqrt(from ** 2 + ((to ** 2 - from ** 2) * (i + 0.5)) / count);
    return [
      CENTER[0] + radius * Math.cos(i * GOLDEN),
      CENTER[1] + radius * Math.sin(i * GOLDEN),
    ];
  });
const INSIDE = ring(50, 0, 0.7);
const OUTSIDE = ring(100, 1.75, 2.75);
const POINTS = [...INSIDE, ...OUTSIDE];

const radians = (degrees) => (degrees * Math.PI) / 180;

// The half-plane on this side of a cut: its weights have length 1 and point at the centre.
function halfPlane(angle, distance) {
  const w = [-Math.cos(radians(angle)), -Math.sin(radians(angle))];
  return { w, b: distance - w[0] * CENTER[0] - w[1] * CENTER[1] };
}

const hidden = (cuts, sharpness, x, y) =>
  cuts.map(({ w, b }) => softStep(sharpness * (w[0] * x + w[1] * y + b)));
const conjunction = (cuts, sharpness, x, y) =>
  softStep(sharpness * (sum(hidden(cuts, sharpness, x, y)) - cuts.length + 0.5));

function compute(model) {
  const [k, sharpness] = [model.get("k"), model.get("sharpness")];
  const [angles, distances] = [model.get("angles"), model.get("distances")];
  const cuts = Array.from({ length: k }, (_, h) => halfPlane(angles[h], distances[h]));
  const a = POINTS.map(([x, y]) => conjunction(cuts, sharpness, x, y));
  return {
    k,
    sharpness,
    angles,
    distances,
    chosen: Math.min(model.get("chosen"), k),
    a,
    lost: a.slice(0, INSIDE.length).filter((each) => each <= 0.5).length,
    caught: a.slice(INSIDE.length).filter((each) => each > 0.5).length,
    closed: encloses(angles.slice(0, k)),
  };
}

// Half-planes around the centre leave no way out if no gap between their directions reaches 180°.
function encloses(angles) {
  const turned = angles.map((angle) => ((angle % 360) + 360) % 360).sort((p, q) => p - q);
  const gaps = turned.map((angle, i) => (i ? angle - turned[i - 1] : angle + 360 - turned.at(-1)));
  return Math.max(...gaps) < 180;
}

// One entry of a list moves; the others stay.
const put = (model, key, at, value) =>
  write(
    model,
    key,
    model.get(key).map((each, i) => (i === at ? value : each)),
  );

function build(drawing, width, height, model) {
  const side = Math.min(width - 34, height - 46);
  const left = Math.max(26, (width - side) / 2);
  const [X, Y] = square(REACH, left, 24, side);
  const [shade, drawShade] = shading(X, Y, 48, 0.36);
  const lines = Array.from({ length: MOST }, () => svg("line", { class: "curve ink" }));
  const knobs = lines.map((_, h) =>
    knob("ink", `cut${h + 1}`, (px, py) => {
      const [dx, dy] = [X.back(px) - CENTER[0], Y.back(py) - CENTER[1]];
      put(model, "distances", h, rounded(Math.hypot(dx, dy), 0, 2.5));
      put(model, "angles", h, Math.round((Math.atan2(dy, dx) * 180) / Math.PI + 360) % 360);
      if (model.get("chosen") !== h + 1) write(model, "chosen", h + 1);
    }),
  );
  const numbers = lines.map((_, h) =>
    svg("text", { class: "small strong halo", "text-anchor": "middle" }, String(h + 1)),
  );
  const dots = POINTS.map(([x, y], i) =>
    i < INSIDE.length
      ? svg("circle", { cx: X(x), cy: Y(y), r: 3.6, class: "blue-fill" })
      : svg("path", { d: cross(X(x), Y(y)), class: "orange", "stroke-width": 2, fill: "none" }),
  );
  const rings = POINTS.map(([x, y]) =>
    svg("circle", { cx: X(x), cy: Y(y), r: 8, fill: "none", class: "ink", "stroke-width": 1.6 }),
  );
  drawing.append(
    svg("text", { x: left, y: 14, class: "strong" }, "ringed points are on the wrong side"),
    shade,
    axes(X, Y, { x: [-2, 0, 2], y: [-2, 0, 2], xTitle: "x₁", yTitle: "x₂" }),
    ...dots,
    ...rings,
  );
  clipped(drawing, X, Y, ...lines);
  drawing.append(...knobs.map(({ node }) => node), ...numbers);

  return ({ k, sharpness, angles, distances, chosen, a }) => {
    const cuts = Array.from({ length: k }, (_, h) => halfPlane(angles[h], distances[h]));
    drawShade((x, y) => 2 * conjunction(cuts, sharpness, x, y) - 1);
    lines.forEach((line, h) => {
      const visibility = h < k ? "visible" : "hidden";
      for (const node of [line, knobs[h].node, numbers[h]]) set(node, { visibility });
      if (h >= k) return;
      set(line, { ...cut(cuts[h].w, cuts[h].b, X, Y), "stroke-width": h + 1 === chosen ? 3.5 : 2 });
      const spot = (far) => [
        X(CENTER[0] + far * Math.cos(radians(angles[h]))),
        Y(CENTER[1] + far * Math.sin(radians(angles[h]))),
      ];
      knobs[h].at(...spot(distances[h]));
      const [nx, ny] = spot(distances[h] + 0.36);
      set(numbers[h], { x: clamp(nx, left + 6, left + side - 6), y: clamp(ny + 4, 36, 24 + side) });
    });
    rings.forEach((node, i) =>
      set(node, { visibility: a[i] > 0.5 === i < INSIDE.length ? "hidden" : "visible" }),
    );
  };
}

const cross = (x, y) => `M${x - 3} ${y - 3}l6 6m0 -6l-6 6`;

function describe({ k, lost, caught, closed }) {
  const wrong = lost + caught;
  const shape = closed
    ? "The cuts enclose a region."
    : k < 3
      ? `${k === 1 ? "One cut leaves" : "Two cuts leave"} the region open.`
      : "A gap of half a turn or more leaves the region open.";
  const count = wrong
    ? `${wrong} of ${POINTS.length} points are wrong: ${lost} of the cluster cut off, ${caught} let in.`
    : `All ${POINTS.length} points are right.`;
  return `${k} hidden ${k === 1 ? "neuron" : "neurons"} and an AND: ${count} ${shape}`;
}

// A slider for one entry of a list: that of the chosen cut.
function entrySlider(model, key, { label, min, max, step, text }) {
  const id = freshId();
  const input = html("input", { type: "range", id, min, max, step, "data-param": key });
  const value = html("span", { class: "value", "aria-hidden": "true" });
  const at = () => Math.min(model.get("chosen"), model.get("k")) - 1;
  const show = () => {
    input.value = model.get(key)[at()];
    value.textContent = text(model.get(key)[at()]);
    input.setAttribute("aria-valuetext", `cut ${at() + 1}: ${value.textContent}`);
  };
  input.addEventListener("input", () => put(model, key, at(), Number(input.value)));
  return { nodes: [html("label", { for: id }, label), input, value], show };
}

function spread(model) {
  const k = model.get("k");
  const spaced = (f) => Array.from({ length: MOST }, (_, h) => f(h));
  write(model, "distances", spaced(() => 0.85));
  write(model, "angles", spaced((h) => (h < k ? Math.round((360 * h) / k + 90) % 360 : 72 * h)));
}

const render = (context) =>
  figure(context, {
    label: "A cluster of points, the lines of k neurons, and the region where all of them agree",
    ask: [
      "Before you touch it: ",
      "how many cuts does it take to part the cluster from all the others? Can two do it?",
    ],
    answer: ({ k }) =>
      k < 3
        ? "Two half-planes always leave a way out to infinity, wherever you put them. Take a third."
        : "Three: the fewest half-planes that enclose a piece of the plane. More cuts only round its corners.",
    watch: ["k", "sharpness", "angles", "distances", "chosen"],
    controls: (model) => [
      choice(model, "k", { label: "cuts k", options: NUMBERS.map((k) => [k, String(k)]) }),
      slider(model, "sharpness", {
        label: "sharpness",
        min: 1,
        max: 30,
        step: 0.5,
        text: (v) => fixed(v, 1),
      }),
      choice(model, "chosen", {
        label: "cut to move",
        options: NUMBERS.map((h) => [h, `number ${h}`]),
      }),
      entrySlider(model, "angles", {
        label: "its angle",
        min: 0,
        max: 359,
        step: 1,
        text: (v) => `${v}°`,
      }),
      entrySlider(model, "distances", {
        label: "its distance",
        min: 0,
        max: 2.5,
        step: 0.05,
        text: (v) => fixed(v),
      }),
      buttons([["Spread the cuts evenly", () => spread(model), "spread"]]),
    ],
    height: (width) => Math.min(width - 34, 400) + 46,
    compute,
    build,
    describe,
  });

export default { render };
