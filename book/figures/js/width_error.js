// Error against width: networks whose weights are written down, for five curves.

const POINTS = 2048;
const WIDTHS = [1, 2, 4, 8, 16, 32, 64, 128, 256];
const LOWEST = -6; // exponents of ten on the right axis

const tent = (x) => 1 - Math.abs(2 * x - 1);
const CURVES = {
  wave: (x) => Math.sin(7 * x),
  kink: (x) => Math.abs(x - 0.37),
  root: Math.sqrt,
  cliff: (x) => Math.tanh(40 * (x - 0.4)),
  rough: (x) => {
    let [total, tooth] = [-0.3, x];
    for (let k = 1; k <= 12; k++) {
      tooth = tent(tooth);
      total += tooth / 2 ** k;
    }
    return total;
  },
};

// One height for each of n + 1 cells, f at its middle.
function steps(f, n) {
  const heights = Array.from({ length: n + 1 }, (_, k) => f((k + 0.5) / (n + 1)));
  return (x) => heights[Math.min(n, Math.floor(x * (n + 1)))];
}

// The broken line through n + 1 points of the curve; a power above 1 crowds them near 0.
function brokenLine(f, n, power) {
  const knots = Array.from({ length: n + 1 }, (_, k) => (k / n) ** power);
  const heights = knots.map(f);
  return (x) => {
    let k = clamp(Math.floor(n * x ** (1 / power)), 0, n - 1);
    if (x < knots[k]) k--; // a root may be rounded across a knot
    return heights[k] + ((x - knots[k]) / (knots[k + 1] - knots[k])) * (heights[k + 1] - heights[k]);
  };
}

const METHODS = {
  steps,
  line: (f, n) => brokenLine(f, n, 1),
  crowded: (f, n) => brokenLine(f, n, 4),
};
const GRID = Array.from({ length: POINTS + 1 }, (_, i) => i / POINTS);

function compute(model) {
  const [curve, method, size] = ["curve", "method", "size"].map((key) => model.get(key));
  const wanted = GRID.map(CURVES[curve]);
  const made = WIDTHS.map((n) => GRID.map(METHODS[method](CURVES[curve], n)));
  const errors = made.map((y) => Math.max(...y.map((value, i) => Math.abs(value - wanted[i]))));
  return { curve, method, size, y: made[size], errors };
}

const slopeOf = ({ errors }) => Math.log2(errors[7] / errors[4]) / 3;

function build(drawing, width, height, model) {
  const half = Math.round(height / 2);
  const X = scale([0, 1], [44, width - 10]);
  const N = scale([0, 8], [44, width - 10]);
  const E = scale([LOWEST, 0.3], [height - 30, half + 30]);
  const curve = svg("path", { class: "curve ink", style: "stroke-width: 2" });
  const network = svg("path", { class: "curve blue" });
  const Y = scale([-1.15, 1.15], [half - 20, 24]);
  const errors = svg("path", { class: "curve blue" });
  const guide = svg("path", { class: "curve orange dashed" });
  const dots = WIDTHS.map((_, k) => svg("circle", { r: 4, cx: N(k), class: "blue-fill" }));
  const chosen = svg("circle", { r: 9, class: "handle blue" });
  const text = (x, y, said, kind, anchor = "start") =>
    svg("text", { x, y, class: `small ${kind}`, "text-anchor": anchor }, said);
  const name = text(0, 0, "", "orange halo");
  drawing.append(
    text(44, 14, "the curve, and the network", "strong"),
    axes(X, Y, { x: [0, 0.5, 1], y: [-1, 0, 1] }),
    text(44, half + 18, "largest error against hidden units", "strong"),
    axes(N, E, {
      x: [0, 2, 4, 6, 8],
      y: [-6, -4, -2, 0],
      xText: (k) => String(2 ** k),
      yText: (e) => (e ? `10${raised(e)}` : "1"),
    }),
  );
  clipped(drawing, X, Y, curve, network);
  clipped(drawing, N, E, guide, errors);
  drawing.append(
    ...dots,
    chosen,
    name,
    dragArea(N, E, (px) => write(model, "size", clamp(Math.round(N.back(px)), 0, 8))),
  );
  return (state) => {
    const log = (error) => Math.log10(Math.max(error, 1e-9));
    const f = CURVES[state.curve];
    set(curve, { d: plot(GRID.map((x) => [x, f(x)]), X, Y) });
    set(network, { d: plot(state.y.map((y, i) => [GRID[i], y]), X, Y) });
    set(errors, { d: plot(state.errors.map((error, k) => [k, log(error)]), N, E) });
    dots.forEach((dot, k) => set(dot, { cy: clamp(E(log(state.errors[k])), E(0.3), E(LOWEST)) }));
    set(chosen, { cx: N(state.size), cy: clamp(E(log(state.errors[state.size])), E(0.3), E(LOWEST)) });
    const slope = RATES[state.method][state.curve];
    const start = log(state.errors[6]) + 0.35 - 6 * slope * Math.log10(2);
    const line = (k) => start + k * slope * Math.log10(2);
    set(guide, { d: plot([0, 8].map((k) => [k, line(k)]), N, E) });
    set(name, { x: N(6.2), y: clamp(E(line(6.2)) - 8, half + 42, height - 40) });
    name.textContent = `slope ${fixed(slope, slope % 1 ? 1 : 0)}`;
  };
}

// The slopes that the bounds of the text promise for large widths.
const RATES = {
  steps: { wave: -1, kink: -1, root: -0.5, cliff: -1, rough: -1 },
  line: { wave: -2, kink: -1, root: -0.5, cliff: -2, rough: -1 },
  crowded: { wave: -2, kink: -1, root: -2, cliff: -2, rough: -1 },
};

const CURVE_NAMES = [
  ["wave", "a wave, sin 7x"],
  ["kink", "a kink, |x − 0.37|"],
  ["root", "a root, √x"],
  ["cliff", "a cliff, tanh 40(x − 0.4)"],
  ["rough", "bent at every scale"],
];
const METHOD_NAMES = [
  ["steps", "hard steps"],
  ["line", "ReLUs, even knots"],
  ["crowded", "ReLUs, knots crowded at 0"],
];

const render = (context) =>
  figure(context, {
    label: "Error against width for networks that are written down, and the theoretical slope",
    ask: [
      "Before you change the curve: ",
      "twice as many ReLUs leave a quarter of the error on a wave. And on a root, whose slope at 0 is infinite?",
    ],
    answer: () =>
      "On the root only a factor of √2 is gained, until the knots are crowded where the curve bends most.",
    watch: ["curve", "method", "size"],
    controls: (model) => [
      choice(model, "curve", { label: "curve", options: CURVE_NAMES }),
      choice(model, "method", { label: "network", options: METHOD_NAMES }),
      slider(model, "size", {
        ...{ label: "hidden units", min: 0, max: 8, step: 1 },
        text: (k) => String(2 ** k),
      }),
    ],
    height: (width) => (width < 480 ? 420 : 480),
    compute,
    build,
    describe: (state) =>
      `${2 ** state.size} hidden ${state.size ? "units" : "unit"}: largest error ${scientific(state.errors[state.size])}. From 16 to 128 units the error falls with slope ${fixed(slopeOf(state))}.`,
  });

export default { render };
