// One feature of six examples through batch norm, and the three paths on which its gradient returns.

const N = 6;
const EPS = 1e-3;
const REACH = 4; // x goes from −4 to 4
const PATHS = [
  ["direct", "blue", "direct"],
  ["mean", "orange", "through the mean"],
  ["variance", "green", "through the variance"],
];

const average = (values) => sum(values) / values.length;

function normalised(x) {
  const mean = average(x);
  const rate = 1 / Math.sqrt(average(x.map((v) => (v - mean) ** 2)) + EPS);
  return { hat: x.map((v) => (v - mean) * rate), rate };
}

function compute(model) {
  const drawn = normals(model.get("seed"), 2 * N);
  const gamma = model.get("gamma");
  const x = [...drawn.subarray(0, N - 1), model.get("x")];
  const dy = [...drawn.subarray(N)];
  const { hat, rate } = normalised(x);
  const dbeta = sum(dy);
  const dgamma = sum(dy.map((g, n) => g * hat[n]));
  const paths = {
    direct: dy.map((g) => gamma * rate * g),
    mean: dy.map(() => (-gamma * rate * dbeta) / N),
    variance: hat.map((h) => (-gamma * rate * h * dgamma) / N),
  };
  const on = PATHS.map(([key]) => model.get(key));
  const total = (weights) =>
    hat.map((_, n) => sum(PATHS.map(([key], i) => (weights[i] ? paths[key][n] : 0))));
  return {
    ...paths,
    x,
    on,
    dx: total([true, true, true]),
    chosen: total(on),
    truth: x.map((_, n) => slope(x, dy, gamma, n)),
  };
}

// ∂/∂x_n of Σ dy · y, by trying.
function slope(x, dy, gamma, n, h = 1e-4) {
  const value = (by) => {
    const moved = x.map((v, i) => (i === n ? v + by : v));
    return sum(normalised(moved).hat.map((hat, i) => dy[i] * gamma * hat));
  };
  return (value(h) - value(-h)) / (2 * h);
}

function build(drawing, width, height, model) {
  const X = scale([-REACH, REACH], [14, width - 14]);
  const lineY = 50;
  const left = 40;
  const [bottom, top] = [height - 30, 112];
  const column = (width - left - 6) / N;
  const text = (x, y, kind, said, anchor = "start") =>
    svg("text", { x, y, class: kind, "text-anchor": anchor }, said);
  const dots = Array.from({ length: N }, (_, n) =>
    svg("circle", {
      r: n === N - 1 ? 9 : 6,
      cy: lineY,
      class: n === N - 1 ? "handle ink" : "ink-fill",
    }),
  );
  const numbers = dots.map((_, n) => text(0, lineY - 14, "small", String(n + 1), "middle"));
  drawing.append(
    text(0, 14, "strong", "the feature x of six examples"),
    axes(X, scale([0, 1], [lineY + 8, lineY - 8]), { x: [-4, -2, 0, 2, 4] }),
    svg("line", { x1: 14, x2: width - 14, y1: lineY, y2: lineY, class: "axis" }),
    ...numbers,
    ...dots,
    dragArea(X, scale([0, 1], [lineY + 24, lineY - 24]), (x) =>
      write(model, "x", Math.round(clamp(X.back(x), -REACH, REACH) * 20) / 20),
    ),
    text(0, top - 14, "strong", "gradient dx of each example, 1 to 6"),
  );
  const frame = svg("g");
  drawing.append(frame);
  const columns = dots.map((_, n) => {
    const from = left + n * column;
    const bars = PATHS.map(([, colour], i) =>
      svg("rect", {
        x: from + column * (0.14 + 0.2 * i),
        width: column * 0.17,
        class: `${colour}-fill`,
      }),
    );
    const truth = svg("line", {
      x1: from + 3,
      x2: from + column - 3,
      class: "ink",
      "stroke-width": 3,
    });
    const sumDot = svg("circle", {
      r: 6,
      cx: from + column * 0.82,
      class: "handle ink",
    });
    drawing.append(
      ...bars,
      truth,
      sumDot,
      text(from + column / 2, bottom + 18, "small", String(n + 1), "middle"),
    );
    return { bars, truth, sumDot };
  });

  return (state) => {
    const all = PATHS.flatMap(([key]) => state[key]);
    const most = Math.max(...all.map(Math.abs), ...state.chosen.map(Math.abs), 1e-6);
    const limit = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20].find((size) => size >= most) ?? 50;
    const G = scale([-limit, limit], [bottom, top]);
    frame.replaceChildren(
      axes(scale([0, 1], [left, width - 4]), G, { y: [-limit, -limit / 2, 0, limit / 2, limit] }),
    );
    state.x.forEach((x, n) => {
      set(dots[n], { cx: X(x) });
      set(numbers[n], { x: X(x) });
      const { bars, truth, sumDot } = columns[n];
      bars.forEach((bar, i) => {
        const value = state[PATHS[i][0]][n];
        set(bar, {
          y: Math.min(G(0), G(value)),
          height: Math.abs(G(value) - G(0)),
          opacity: state.on[i] ? 0.85 : 0.15,
        });
      });
      set(truth, { y1: G(state.truth[n]), y2: G(state.truth[n]) });
      set(sumDot, { cy: G(state.chosen[n]) });
    });
  };
}

// Three boxes to tick, one for each path, in its colour.
function ticks(model) {
  const group = html("div", { class: "ticks", role: "group", "aria-label": "paths" });
  const boxes = PATHS.map(([key, colour, said]) => {
    const box = html("input", { type: "checkbox", "data-path": key });
    box.addEventListener("change", () => write(model, key, box.checked));
    group.append(html("label", { style: `color: var(--${colour})` }, box, said));
    return [key, box];
  });
  const show = () => boxes.forEach(([key, box]) => (box.checked = model.get(key)));
  return { nodes: [group], show };
}

function describe({ x, chosen, truth, on, dx }) {
  const off = Math.max(...truth.map((value, n) => Math.abs(value - chosen[n])));
  const size = Math.max(...truth.map(Math.abs));
  const missing = PATHS.filter((_, i) => !on[i]).map(([, , said]) => said);
  const verdict = missing.length
    ? `Missing: ${missing.join(", ")}. The sum is off by up to ${fixed(off, 3)}, ${Math.round((100 * off) / size)}\u00a0% of the largest true entry.`
    : `Nothing is missing: the sum meets the truth. The six entries add up to ${fixed(sum(dx), 3)}, and weighted with x̂ to ${fixed(sum(normalised(x).hat.map((h, n) => h * dx[n])), 3)}.`;
  return `Example 6 stands at x = ${fixed(x[N - 1])}. Circles: sum of the paths switched on. Lines: the truth, by trying. ${verdict}`;
}

const render = (context) =>
  figure(context, {
    label: "Batch norm's three paths: their sum against the gradient found by trying",
    ask: [
      "Before you switch a path on: ",
      "which examples does the path through the mean move most, and which the path through the variance?",
    ],
    answer: () =>
      "The path through the mean moves all alike; the one through the variance moves each in proportion to its x̂, so the examples far from the mean most.",
    watch: ["x", "gamma", "seed", "direct", "mean", "variance"],
    controls: (model) => [
      ticks(model),
      slider(model, "x", { label: "x of example 6", min: -REACH, max: REACH, step: 0.05 }),
      slider(model, "gamma", { label: "γ", min: -2, max: 2, step: 0.05 }),
      buttons([["Draw a new batch", () => write(model, "seed", model.get("seed") + 1), "seed"]]),
    ],
    height: (width) => (width < 480 ? 330 : 370),
    compute,
    build,
    describe,
  });

export default { render };
