// Values on their way through twenty layers, and the gradient on its way back.

const LAYERS = 20;
const WIDTH = 100;
const EXAMPLES = 8;
const BINS = 24;

const sigmoid = (z) => 1 / (1 + Math.exp(-z));

// name: [menu, a(z), a′ from z and a, range of the histogram, what to expect]
const ACTIVATIONS = {
  sigmoid: [
    "sigmoid",
    sigmoid,
    (z, a) => a * (1 - a),
    [0, 1],
    "None on this slider: σ′ is at most 1/4, and layer 1 gets a tiny fraction of the gradient of layer 20.",
  ],
  tanh: [
    "tanh",
    Math.tanh,
    (z, a) => 1 - a * a,
    [-1, 1],
    "A gain near 1. Below it the values shrink to nothing, above it they pile up at −1 and +1 and the gradient grows on its way back.",
  ],
  relu: [
    "ReLU",
    (z) => Math.max(z, 0),
    (z) => (z > 0 ? 1 : 0),
    [0, 4],
    "A gain of √2 ≈ 1.41. ReLU drops half of the variance, so twice the variance has to come in.",
  ],
};

// Inputs, upstream gradient and all weights for one seed. The gain only multiplies the weights,
// so they are drawn once, with standard deviation 1/√fan_in.
const drawn = new Map();
function draw(seed) {
  if (!drawn.has(seed)) {
    const batch = EXAMPLES * WIDTH;
    const all = normals(seed, 2 * batch + LAYERS * WIDTH * WIDTH);
    const weights = all.subarray(2 * batch).map((w) => w / Math.sqrt(WIDTH));
    drawn.clear();
    drawn.set(seed, {
      inputs: all.subarray(0, batch),
      upstream: all.subarray(batch, 2 * batch),
      weights,
    });
  }
  return drawn.get(seed);
}

// rows (EXAMPLES, WIDTH) times the layer's matrix, or its transpose on the way back
function times(rows, weights, layer, gain, transposed) {
  const result = new Float64Array(rows.length);
  const start = layer * WIDTH * WIDTH;
  for (let n = 0; n < rows.length; n += WIDTH) {
    for (let j = 0; j < WIDTH; j++) {
      const row = start + j * WIDTH;
      if (transposed) {
        const r = gain * rows[n + j];
        for (let k = 0; k < WIDTH; k++) result[n + k] += r * weights[row + k];
      } else {
        let total = 0;
        for (let k = 0; k < WIDTH; k++) total += weights[row + k] * rows[n + k];
        result[n + j] = gain * total;
      }
    }
  }
  return result;
}

const mean = (values) => sum(values) / values.length;
const rootMeanSquare = (values) =>
  Math.sqrt(values.reduce((total, v) => total + v * v, 0) / values.length);

function spread(values) {
  const center = mean(values);
  return Math.sqrt(values.reduce((total, v) => total + (v - center) ** 2, 0) / values.length);
}

function histogram(values, [low, high]) {
  const counts = new Array(BINS).fill(0);
  for (const v of values)
    counts[clamp(Math.floor(((v - low) / (high - low)) * BINS), 0, BINS - 1)]++;
  return counts;
}

// The last network is kept, so that looking at its layers one after the other costs nothing.
let kept = { key: "" };
function compute(model) {
  const network = [model.get("activation"), model.get("gain"), model.get("seed")];
  if (kept.key !== String(network)) kept = { key: String(network), ...propagate(...network) };
  const { key, ...state } = kept;
  return { ...state, layer: model.get("layer") };
}

function propagate(activation, gain, seed) {
  const [, f, derivative, range] = ACTIVATIONS[activation];
  const { inputs, upstream, weights } = draw(seed);
  const zs = [];
  const as = [inputs];
  for (let l = 0; l < LAYERS; l++) {
    zs.push(times(as[l], weights, l, gain, false));
    as.push(zs[l].map(f));
  }
  // L = Σ upstream ⊙ aᴸ, so the gradient that enters the last layer is `upstream` itself.
  const gradient = new Array(LAYERS);
  let back = upstream;
  for (let l = LAYERS - 1; l >= 0; l--) {
    const dz = back.map((g, i) => g * derivative(zs[l][i], as[l + 1][i]));
    gradient[l] = rootMeanSquare(dz);
    back = times(dz, weights, l, gain, true);
  }
  const layers = as.slice(1);
  return {
    activation,
    gain,
    gradient,
    mean: layers.map(mean),
    std: layers.map(spread),
    counts: layers.map((values) => histogram(values, range)),
  };
}

const DECADES = [-16, 8]; // the gradient's axis, in powers of ten

function build(drawing, width, height, model) {
  const X = scale([0.5, LAYERS + 0.5], [44, width - 6]);
  const seam = Math.round(height * 0.58);
  const G = scale(DECADES, [height - 36, seam + 30]);
  const frame = svg("g");
  const columns = { y: 22, height: height - 58, width: X(2) - X(1) };
  const band = svg("rect", { class: "area ink-fill", ...columns });
  const bars = svg("path", { class: "blue-fill" });
  const trace = svg("path", { class: "curve orange" });
  const points = Array.from({ length: LAYERS }, () =>
    svg("circle", { r: 3.5, class: "orange-fill" }),
  );
  const powers = axes(X, G, {
    x: [1, 5, 10, 15, 20],
    y: [-16, -8, 0, 8],
    yText: (power) => `10${raised(power)}`,
  });
  drawing.append(
    svg("text", { x: 44, y: 14, class: "strong blue" }, "forward: activations in each layer"),
    svg(
      "text",
      { x: 44, y: seam + 16, class: "strong orange" },
      "backward: gradient at each layer",
    ),
    svg(
      "text",
      { x: (44 + width) / 2, y: height - 2, "text-anchor": "middle", class: "small" },
      "layer",
    ),
    frame,
    band,
    bars,
    powers,
  );
  clipped(drawing, X, scale([0, 1], [height - 30, seam + 24]), trace, ...points);
  drawing.append(
    dragArea(X, scale([0, 1], [height - 36, 28]), (x) =>
      write(model, "layer", clamp(Math.round(X.back(x)), 1, LAYERS)),
    ),
  );

  return ({ activation, counts, gradient, layer }) => {
    set(band, { x: X(layer - 0.5) });
    const range = ACTIVATIONS[activation][3];
    const Y = scale(range, [seam - 12, 28]);
    const [low, high] = range;
    const top = activation === "relu" ? (v) => (v === high ? "≥ 4" : String(v)) : String;
    frame.replaceChildren(axes(X, Y, { y: [low, (low + high) / 2, high], yText: top }));
    set(bars, {
      d: counts
        .map((layer, l) =>
          violin(layer, X(l + 1), 0.47 * (X(2) - X(1)), Y, range, activation === "relu"),
        )
        .join(""),
    });
    const heights = gradient.map((g) => (g > 0 ? Math.log10(g) : -99)); // −99: below the axis
    set(trace, { d: path(heights.map((power, l) => [X(l + 1), G(power)])) });
    points.forEach((point, l) => set(point, { cx: X(l + 1), cy: G(heights[l]) }));
  };
}

// One layer's histogram, standing upright and mirrored. Half of a ReLU's values are exactly 0: that
// bin is cut off at full width, or it would leave the others a hair's width.
function violin(counts, center, half, Y, [low, high], cutFirst) {
  const fullest = Math.max(EXAMPLES, ...counts.slice(cutFirst ? 1 : 0));
  const step = (high - low) / BINS;
  return counts
    .map((count, i) => {
      if (!count) return "";
      const w = Math.max(0.8, half * Math.min(1, count / fullest));
      const [bottom, top] = [Y(low + i * step), Y(low + (i + 1) * step)];
      return `M${(center - w).toFixed(1)} ${bottom.toFixed(1)}V${top.toFixed(1)}h${(2 * w).toFixed(1)}V${bottom.toFixed(1)}Z`;
    })
    .join("");
}

function describe({ gradient, mean, std, layer }) {
  const ratio = gradient[0] / gradient[LAYERS - 1];
  const verdict =
    gradient[0] === 0
      ? "No gradient reaches layer 1."
      : ratio < 0.01
        ? "The gradient vanishes on its way back."
        : ratio > 100
          ? "The gradient explodes on its way back."
          : "Layer 1 gets about as much gradient as layer 20.";
  const here = scientific(gradient[layer - 1] / gradient[LAYERS - 1]);
  return (
    `Layer ${layer}: mean ${scientific(mean[layer - 1])}, standard deviation ${scientific(std[layer - 1])}; ` +
    `its gradient ÷ that of layer ${LAYERS} is ${here}. ${verdict}`
  );
}

const render = (context) =>
  figure(context, {
    label: "Histograms of the activations in twenty layers, and the size of the gradient at each",
    ask: [
      "Before you move the gain: ",
      "weights have standard deviation gain/√100. At which gain can layer 1 still learn, under each activation?",
    ],
    answer: ({ activation }) => ACTIVATIONS[activation][4],
    watch: ["activation", "gain", "seed", "layer"],
    controls: (model) => [
      choice(model, "activation", {
        label: "activation",
        options: Object.entries(ACTIVATIONS).map(([name, [text]]) => [name, text]),
      }),
      slider(model, "gain", { label: "gain", min: 0.1, max: 4, step: 0.01 }),
      slider(model, "layer", {
        label: "layer to read",
        min: 1,
        max: LAYERS,
        step: 1,
        text: String,
      }),
      buttons([["Draw new weights", () => write(model, "seed", model.get("seed") + 1), "seed"]]),
    ],
    height: (width) => (width < 480 ? 380 : 420),
    compute,
    build,
    describe,
  });

export default { render };
