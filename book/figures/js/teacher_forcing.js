// A trained network goes on with a series: fed the truth as long as the teacher stays, then its own word.

const UNITS = 30;
const RADIUS = 0.9;
const RIDGE = 3e-4;
const WASHOUT = 40;
const TRAINED = 400;
const SHOWN = 120;
const MISS = 0.1; // an error that one sees

function mackeyGlass(count, substeps = 10, delay = 17) {
  const s = new Float64Array((300 + 2 * count + delay) * substeps + 1).fill(1.2);
  for (let i = delay * substeps; i < s.length - 1; i++) {
    const past = s[i - delay * substeps];
    s[i + 1] = s[i] + ((0.2 * past) / (1 + past ** 10) - 0.1 * s[i]) / substeps;
  }
  const first = (300 + delay) * substeps;
  return Array.from({ length: count }, (_, k) => s[first + 2 * substeps * k] - 0.9);
}

function waves(count) {
  return Array.from({ length: count }, (_, k) => {
    const angle = (2 * Math.PI * k) / 24;
    return 0.25 * Math.sin(angle) + 0.15 * Math.sin(2 * angle + 1);
  });
}

// Solves A x = b for a symmetric positive definite A, (n, n) in rows, by elimination.
function solve(A, b, n) {
  for (let p = 0; p < n; p++)
    for (let i = p + 1; i < n; i++) {
      const factor = A[i * n + p] / A[p * n + p];
      for (let j = p; j < n; j++) A[i * n + j] -= factor * A[p * n + j];
      b[i] -= factor * b[p];
    }
  for (let i = n - 1; i >= 0; i--) {
    for (let j = i + 1; j < n; j++) b[i] -= A[i * n + j] * b[j];
    b[i] /= A[i * n + i];
  }
  return b;
}

// The read-out for a seed and a series, the series itself, and the state after the last training step.
const fitted = new Map();
function fit(seed, series) {
  const key = `${seed} ${series}`;
  if (fitted.has(key)) return fitted.get(key);
  const s = series === "chaotic" ? mackeyGlass(TRAINED + SHOWN) : waves(TRAINED + SHOWN);
  const net = layer(seed, UNITS);
  const n = UNITS + 1;
  const gram = new Float64Array(n * n);
  const right = new Float64Array(n);
  for (let i = 0; i < n; i++) gram[i * n + i] = RIDGE;
  let h = new Float64Array(UNITS);
  for (let k = 0; k < TRAINED; k++) {
    h = nextState(net, RADIUS, net.biases, s[k], h);
    if (k < WASHOUT || k === TRAINED - 1) continue;
    const row = [...h, 1];
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) gram[i * n + j] += row[i] * row[j];
      right[i] += row[i] * s[k + 1];
    }
  }
  fitted.set(key, { s, net, h, weights: solve(gram, right, n) });
  return fitted.get(key);
}

function compute(model) {
  const { s, net, h: last, weights } = fit(model.get("seed"), model.get("series"));
  const handover = model.get("handover");
  let h = last;
  const said = [];
  for (let k = 0; k < SHOWN; k++) {
    said.push(dot(weights, h) + weights[UNITS]);
    h = nextState(net, RADIUS, net.biases, k < handover ? s[TRAINED + k] : said[k], h);
  }
  return { true: s.slice(TRAINED), said, handover };
}

function build(drawing, width, height, model) {
  const X = scale([0, SHOWN], [46, width - 10]);
  const seam = Math.round(height * 0.56);
  const Y = scale([-0.6, 0.6], [seam - 14, 40]);
  const E = scale([-6, 0.5], [height - 38, seam + 36]);
  const text = (x, y, kind, said, anchor = "start") =>
    svg("text", { x, y, class: kind, "text-anchor": anchor }, said);
  const series = svg("path", { class: "curve ink", "stroke-width": 5, opacity: 0.28 });
  const taught = svg("path", { class: "curve blue" });
  const alone = svg("path", { class: "curve orange" });
  const errors = [svg("path", { class: "curve blue" }), svg("path", { class: "curve orange" })];
  const lines = [
    [30, seam - 8],
    [seam + 30, height - 38],
  ].map(([y1, y2]) => svg("line", { y1, y2, class: "ink dashed", "stroke-width": 2 }));
  const grip = svg("circle", { r: 9, cy: 34, class: "handle ink" });
  drawing.append(
    text(0, 14, "strong blue", "fed the truth"),
    text(width, 14, "strong orange", "fed its own word", "end"),
    text(width * 0.46, 14, "small", "pale: the series", "middle"),
    axes(X, Y, { x: [], y: [-0.5, 0, 0.5] }),
    text(0, seam + 20, "strong", "size of its error"),
    axes(X, E, {
      x: [0, 30, 60, 90, 120],
      y: [-6, -4, -2, 0],
      yText: (exponent) => `10${raised(exponent)}`,
    }),
    text((46 + width) / 2, height - 4, "small", "step", "middle"),
  );
  clipped(drawing, X, scale([0, 1], [seam - 8, 34]), series, taught, alone);
  clipped(drawing, X, scale([0, 1], [height - 36, seam + 30]), ...errors);
  drawing.append(
    ...lines,
    grip,
    dragArea(X, scale([0, 1], [height - 38, 24]), (x) =>
      write(model, "handover", clamp(Math.round(X.back(x)), 0, SHOWN)),
    ),
  );

  return ({ true: truth, said, handover }) => {
    const points = said.map((value, k) => [X(k), Y(value)]);
    const sizes = said.map((value, k) => [
      X(k),
      E(Math.log10(Math.max(Math.abs(value - truth[k]), 1e-9))),
    ]);
    set(series, { d: plot(truth.map((value, k) => [k, value]), X, Y) });
    set(taught, { d: path(points.slice(0, handover + 1)) });
    set(alone, { d: path(points.slice(handover)) });
    set(errors[0], { d: path(sizes.slice(0, handover + 1)) });
    set(errors[1], { d: path(sizes.slice(handover)) });
    for (const line of lines) set(line, { x1: X(handover), x2: X(handover) });
    set(grip, { cx: X(handover) });
  };
}

const rootMeanSquare = (values) => Math.sqrt(sum(values.map((v) => v * v)) / values.length);

function describe({ true: truth, said, handover }) {
  const off = said.map((value, k) => Math.abs(value - truth[k]));
  const first = handover
    ? `With the teacher, errors are ${scientific(rootMeanSquare(off.slice(0, handover)))} on average. `
    : "";
  const rest = off.slice(handover);
  if (!rest.length) return `${first}The teacher never leaves.`;
  const miss = rest.findIndex((value) => value > MISS);
  const then =
    miss < 0
      ? `it stays within ${MISS} of the truth to the end`
      : `it is more than ${MISS} off after ${miss} steps`;
  return `${first}The teacher leaves at step ${handover}; alone, ${then}.`;
}

const render = (context) =>
  figure(context, {
    label: "A network continues a series, first fed the truth and then its own predictions",
    ask: [
      "Before you drag the line: ",
      "when the teacher leaves, does the error jump at once, or does it grow?",
    ],
    answer: () =>
      "It grows: each error is part of the next input. Where the series is chaotic, small errors grow by themselves; where it repeats, some networks stay close for good and others drift off all the same.",
    watch: ["series", "handover", "seed"],
    controls: (model) => [
      choice(model, "series", {
        label: "series",
        options: [
          ["chaotic", "chaotic (Mackey–Glass)"],
          ["periodic", "periodic (two waves)"],
        ],
      }),
      slider(model, "handover", {
        label: "teacher leaves",
        min: 0,
        max: SHOWN,
        step: 1,
        text: (v) => String(v),
      }),
      buttons([
        ["Teacher never", () => write(model, "handover", 0), "never"],
        ["Teacher always", () => write(model, "handover", SHOWN), "always"],
        ["Draw new network", () => write(model, "seed", model.get("seed") + 1), "seed"],
      ]),
    ],
    height: (width) => (width < 480 ? 360 : 400),
    compute,
    build,
    describe,
  });

export default { render };
