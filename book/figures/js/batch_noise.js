// Gradients of sixty points, and the means of batches of them: how far from the full gradient?

const POINTS = 60;
const DRAWS = 120;

// The slopes of ½(wx + b − y)² with respect to w and b, at w = b = 0, for each point.
const GRADIENTS = (() => {
  const x = normals(11, POINTS);
  const noise = normals(12, POINTS);
  return Array.from(x, (one, i) => {
    const y = 0.7 * one - 0.2 + 0.5 * noise[i];
    return [-y * one, -y];
  });
})();

const meanOf = (rows) => [0, 1].map((k) => sum(rows.map((row) => row[k])) / rows.length);
const FULL = meanOf(GRADIENTS);
const squared = ([a, b]) => (a - FULL[0]) ** 2 + (b - FULL[1]) ** 2;
const SPREAD = sum(GRADIENTS.map(squared)) / POINTS;

const expected = (batch, method) =>
  Math.sqrt((SPREAD / batch) * (method === "with" ? 1 : (POINTS - batch) / (POINTS - 1)));

// For each draw the indices of the points in the order in which they join the batch.
let drawn = { key: "" };
function orders(seed, method) {
  if (drawn.key !== `${seed} ${method}`) {
    const next = uniform(seed);
    const list = Array.from({ length: DRAWS }, () => {
      const u = Array.from({ length: POINTS }, next);
      if (method === "with") return u.map((share) => Math.floor(POINTS * share));
      return u.map((_, i) => i).sort((i, j) => u[i] - u[j]);
    });
    drawn = { key: `${seed} ${method}`, list };
  }
  return drawn.list;
}

function compute(model) {
  const [batch, method, seed] = ["batch", "method", "seed"].map((key) => model.get(key));
  const means = orders(seed, method).map((order) =>
    meanOf(order.slice(0, batch).map((i) => GRADIENTS[i])),
  );
  return {
    batch,
    method,
    means,
    full: FULL,
    measured: Math.sqrt(sum(means.map(squared)) / DRAWS),
    expected: expected(batch, method),
  };
}

function build(drawing, width, height, model) {
  const wide = width >= 600; // side by side, or the plot below the cloud
  const cloud = buildCloud(drawing, wide ? width * 0.5 : width);
  const law = buildLaw(
    drawing,
    wide ? [width * 0.5 + 56, width - 8] : [50, width - 8],
    wide ? [height - 48, 30] : [height - 48, 350],
    model,
  );
  return (state) => {
    cloud(state);
    law(state);
  };
}

function buildCloud(drawing, width) {
  const side = Math.min(width - 60, 240);
  const left = 44;
  const X = scale([-3.3, 0.9], [left, left + side]);
  const Y = scale([-2.2, 2], [30 + side, 30]);
  const rings = Array.from({ length: DRAWS }, () =>
    svg("circle", { r: 3, class: "blue", fill: "none" }),
  );
  const reach = svg("circle", {
    class: "orange dashed",
    fill: "none",
    cx: X(FULL[0]),
    cy: Y(FULL[1]),
  });
  const cross = svg("path", {
    class: "curve orange",
    d: `M${X(FULL[0]) - 7} ${Y(FULL[1])}h14m-7 -7v14`,
  });
  drawing.append(
    svg("text", { x: 4, y: 14, class: "strong" }, "gradient: points, batches (rings), all (cross)"),
    axes(X, Y, { x: [-3, -2, -1, 0], y: [-2, -1, 0, 1], xTitle: "∂C/∂w", yTitle: "∂C/∂b" }),
  );
  clipped(
    drawing,
    X,
    Y,
    ...GRADIENTS.map(([a, b]) =>
      svg("circle", { cx: X(a), cy: Y(b), r: 2.5, class: "ink-fill", opacity: 0.45 }),
    ),
    ...rings,
    reach,
    cross,
  );
  return ({ means, expected }) => {
    means.forEach(([a, b], i) => set(rings[i], { cx: X(a).toFixed(1), cy: Y(b).toFixed(1) }));
    set(reach, { r: X(expected) - X(0) });
  };
}

function buildLaw(drawing, [left, right], [bottom, top], model) {
  const B = scale([0, Math.log10(POINTS) + 0.05], [left, right]);
  const low = -1.8;
  const D = scale([low, 0.4], [bottom, top]);
  const dot = svg("circle", { r: 8, class: "handle blue" });
  const lines = {
    with: svg("path", { class: "curve ink dashed" }),
    without: svg("path", { class: "curve orange" }),
  };
  for (const [method, line] of Object.entries(lines)) {
    const until = method === "with" ? POINTS : POINTS - 0.05;
    const points = samples((b) => Math.log10(expected(10 ** b, method)), 0, Math.log10(until), 120);
    set(line, { d: plot(points, B, D) });
  }
  drawing.append(
    svg("text", { x: left - 40, y: top - 16, class: "strong" }, "distance from the full gradient"),
    axes(B, D, {
      x: [1, 2, 5, 10, 20, 60].map(Math.log10),
      y: [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2].map(Math.log10),
      xText: (b) => String(Math.round(10 ** b)),
      yText: (d) => String(Number((10 ** d).toPrecision(1))),
    }),
    svg("text", { x: right, y: bottom + 36, "text-anchor": "end", class: "small" }, "batch size"),
    svg(
      "text",
      { x: left + 8, y: bottom - 26, class: "small" },
      "dashed: with replacement, slope −1/2",
    ),
    svg("text", { x: left + 8, y: bottom - 9, class: "small orange" }, "without replacement"),
  );
  clipped(drawing, B, D, lines.with, lines.without);
  drawing.append(
    dot,
    dragArea(B, D, (x) => write(model, "batch", clamp(Math.round(10 ** B.back(x)), 1, POINTS))),
  );
  return ({ batch, measured }) =>
    set(dot, { cx: B(Math.log10(batch)), cy: D(Math.max(low, Math.log10(measured + 1e-9))) });
}

function describe({ batch, method, measured, expected }) {
  const drawn = method === "with" ? "with replacement" : "without replacement";
  const word = batch === 1 ? "A single point" : `A batch of ${batch}`;
  const rest =
    batch === POINTS && method === "without"
      ? "It holds every point, so nothing is left to chance."
      : "";
  return (
    `${word}, drawn ${drawn}, is ${fixed(measured, 3)} away from the full gradient (120 batches, root mean square); ` +
    `the formula says ${fixed(expected, 3)}. ${rest}`
  );
}

const render = (context) =>
  figure(context, {
    label:
      "Gradients of single points and of batches, and the distance of a batch's gradient from the full one",
    ask: [
      "Before you move the batch size from 4: ",
      "how large must it be for the cloud of rings to be half as wide?",
    ],
    answer: () =>
      "Four times as large, 16, when drawn with replacement; without, a little less, since a batch cannot draw the same point twice.",
    watch: ["batch", "method", "seed"],
    controls: (model) => [
      slider(model, "batch", { label: "batch size", min: 1, max: POINTS, step: 1, text: String }),
      choice(model, "method", {
        label: "drawn",
        options: [
          ["without", "without replacement"],
          ["with", "with replacement"],
        ],
      }),
      buttons([["Draw new batches", () => write(model, "seed", model.get("seed") + 1), "seed"]]),
    ],
    height: (width) => (width >= 600 ? 320 : 560),
    compute,
    build,
    describe,
  });

export default { render };
