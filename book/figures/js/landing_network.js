// Two spirals, a network with two hidden layers, and the one line by which it carries its error
// back: with the right one it learns, with a mistake it does not. Beside it the gradient that the
// line gives, against what nudging each weight does to the loss.

const SIZES = [2, 8, 8, 1];
const [SEED, POINTS, NOISE] = [4, 100, 0.05];
const SETTINGS = { rate: 0.05, batch: POINTS, method: "adam", penalty: "none", strength: 0 };
const STEPS = 200;
const COARSE = 4; // points along each edge of the grid on which Python repeats the surface
const NUDGE = 1e-5;

// By what the error is multiplied on its way back through a unit, from the unit's activation a.
const SLOPES = {
  hidden_error: (a) => a * (1 - a),
  slope_of_the_sigmoid_forgotten: () => 1,
  sigmoid_instead_of_its_derivative: (a) => a,
  slope_taken_at_A_instead_of_Z: (a) => probability(a) * (1 - probability(a)),
};
for (const [name, slope] of Object.entries(SLOPES)) BENDS[name] = ["sigmoid", probability, slope];

// What has been trained so far, for each figure: line → its weights and its loss after each step.
const benches = new WeakMap();
function benchOf(model) {
  if (!benches.has(model)) {
    const { places, classes } = makePoints("spiral", SEED, POINTS, NOISE);
    benches.set(model, { places, classes, runs: new Map() });
  }
  return benches.get(model);
}

function runOf(bench, line, step) {
  if (!bench.runs.has(line)) {
    const data = [Float64Array.from(bench.places), bench.classes];
    bench.runs.set(line, { trainer: makeTrainer(SIZES, line, "random", SEED, data), kept: [] });
  }
  const run = bench.runs.get(line);
  const { trainer, kept } = run;
  while (kept.length <= step) {
    if (kept.length) takeStep(trainer, SETTINGS);
    const { network, train } = trainer;
    const [W, b] = [network.W, network.b].map((arrays) => arrays.map((array) => array.slice()));
    kept.push({ network: { ...network, W, b }, ...judge(network, train) });
  }
  return run;
}

// The gradient of the first layer's weights: as the line claims, and as nudging each one shows.
function checkGradient(network, { train, D, gradient }) {
  runForward(network, train.A, train.count);
  runBackward(network, train.A, D, train.classes, train.count, gradient);
  const claimed = [...gradient.dW[0]];
  const weights = network.W[0];
  const measured = claimed.map((_, i) => {
    const kept = weights[i];
    const [up, down] = [kept + NUDGE, kept - NUDGE].map((value) => {
      weights[i] = value;
      return judge(network, train).loss;
    });
    weights[i] = kept;
    return (up - down) / (2 * NUDGE);
  });
  const size = Math.max(...[...claimed, ...measured].map(Math.abs));
  const apart = Math.max(...claimed.map((value, i) => Math.abs(value - measured[i])));
  return { claimed, measured, error: apart / size };
}

function surface(network, side) {
  const A = spaceFor(SIZES, side * side);
  A[0] = gridPlaces(REACH, side);
  runForward(network, A, side * side);
  return A[SIZES.length - 1];
}

function compute(model) {
  const [line, step] = [model.get("line"), model.get("step")];
  const { trainer, kept } = runOf(benchOf(model), line, step);
  const { network, loss, accuracy } = kept[step];
  const check = checkGradient(network, trainer);
  return {
    line,
    step,
    loss,
    accuracy,
    p: [...surface(network, COARSE)].map(probability),
    ...check,
    right: check.error < 1e-5,
    running: model.get("running"),
  };
}

// ---- drawing -------------------------------------------------------------------------------

function layout(width) {
  if (width >= 460) {
    const side = Math.min(300, width - 236);
    const left = side + 66;
    return {
      side,
      height: side + 24,
      loss: { left, right: width - 14, top: 24, bottom: 24 + side * 0.36 },
      check: { left, right: width - 4, top: side * 0.36 + 80, bottom: side + 2 },
    };
  }
  const side = Math.min(width, 300);
  const [top, bottom] = [side + 56, side + 150];
  const middle = width / 2;
  return {
    side,
    height: bottom + 22,
    loss: { left: 24, right: middle - 14, top, bottom },
    check: { left: middle + 26, right: width - 4, top, bottom },
  };
}

function build(drawing, width, height, model) {
  const { side, loss, check } = layout(width);
  const bench = benchOf(model);
  const maps = underlay(drawing, width, height);
  const drawPlane = buildPlane(drawing, maps, side, bench);
  const drawLoss = buildLoss(drawing, loss, bench, model);
  const drawCheck = buildCheck(drawing, check);
  return (state) => {
    drawPlane(state);
    drawLoss(state);
    drawCheck(state);
  };
}

// Class 1 as blue discs, class 0 as orange squares.
function buildPlane(drawing, maps, side, { places, classes, runs }) {
  const X = scale([-REACH, REACH], [0, side]);
  const Y = scale([-REACH, REACH], [20 + side, 20]);
  const heading = svg("text", { x: 0, y: 12, class: "strong" });
  const points = [...classes.keys()].map((i) => {
    const [x, y] = [X(places[2 * i]), Y(places[2 * i + 1])];
    return classes[i]
      ? svg("circle", { cx: x, cy: y, r: 4.2, class: "blue-fill point" })
      : svg("rect", { x: x - 3.6, y: y - 3.6, width: 7.2, height: 7.2, class: "orange-fill point" });
  });
  const border = svg("path", { class: "curve ink" });
  const frame = svg("rect", { x: 0, y: 20, width: side, height: side, class: "grid" });
  drawing.append(heading, frame);
  clipped(drawing, X, Y, ...points, border);
  return ({ line, step, accuracy }) => {
    const logits = surface(runs.get(line).kept[step].network, SIDE);
    maps.clear();
    maps.paint(logits, { to: (z) => 2 * probability(z) - 1 }, 0, 20, side);
    set(border, { d: zeroLine(logits, 0, 20, side) });
    heading.textContent = `${Math.round(accuracy * POINTS)} of ${POINTS} points on their side`;
  };
}

// The loss of every line that was tried; the present one is drawn strong, up to the present step.
function buildLoss(drawing, { left, right, top, bottom }, { runs }, model) {
  const T = scale([0, STEPS], [left, right]);
  const Y = scale([0, 0.8], [bottom, top]);
  const others = svg("path", { class: "axis" });
  const curve = svg("path", { class: "curve blue" });
  const dot = svg("circle", { r: 6, class: "handle blue" });
  const heading = svg("text", { x: left - 18, y: top - 12, class: "strong" });
  drawing.append(heading, axes(T, Y, { x: [0, 100, 200], y: [0, 0.4, 0.8] }));
  clipped(drawing, T, Y, others, curve);
  const pull = (x) => {
    write(model, "running", false);
    write(model, "step", Math.round(clamp(T.back(x), 0, STEPS)));
  };
  drawing.append(dot, dragArea(T, Y, pull));
  const ways = (kept) => plot(kept.map(({ loss }, i) => [i, Math.min(loss, 0.85)]), T, Y);
  return ({ line, step, loss }) => {
    heading.textContent = `loss ${fixed(loss, 3)}`;
    set(others, { d: [...runs.values()].map(({ kept }) => ways(kept)).join("") });
    set(curve, { d: ways(runs.get(line).kept.slice(0, step + 1)) });
    set(dot, { cx: T(step), cy: Y(Math.min(loss, 0.8)) });
  };
}

// Each weight is a dot: across what nudging it shows, up what the line claims.
function buildCheck(drawing, { left, right, top, bottom }) {
  const X = scale([-1.15, 1.15], [left, right]);
  const Y = scale([-1.15, 1.15], [bottom, top]);
  const heading = svg("text", { x: left - 18, y: top - 12, class: "strong" });
  const diagonal = svg("path", { class: "ink dashed", d: plot([[-2, -2], [2, 2]], X, Y), fill: "none" });
  const dots = SIZES[0] * SIZES[1];
  const marks = Array.from({ length: dots }, () => svg("circle", { r: 3.6, class: "point" }));
  const across = { x: right, y: bottom + 16, "text-anchor": "end", class: "small" };
  const up = { x: left - 8, y: bottom, class: "small", transform: `rotate(-90 ${left - 8} ${bottom})` };
  drawing.append(
    heading,
    axes(X, Y, { x: [0], y: [0], xText: () => "", yText: () => "" }),
    svg("text", across, "measured slope"),
    svg("text", up, "the line’s slope"),
  );
  clipped(drawing, X, Y, diagonal, ...marks);
  return ({ claimed, measured, error, right: agrees }) => {
    const size = Math.max(...[...claimed, ...measured].map(Math.abs));
    heading.textContent = agrees ? `check: ✓ to ${scientific(error)}` : "check: ✗ off the line";
    marks.forEach((mark, i) =>
      set(mark, {
        cx: X(measured[i] / size),
        cy: Y(claimed[i] / size),
        class: `point ${agrees ? "green-fill" : "orange-fill"}`,
      }),
    );
  };
}

// ---- controls and words ----------------------------------------------------------------------

// The lines to choose from, as code; picking one trains with it from the beginning.
function lineChoice(model, start) {
  const name = freshId();
  const options = model.get("lines").map(({ key, code }) => {
    const input = html("input", { type: "radio", name, value: key });
    input.addEventListener("change", () => {
      write(model, "line", key);
      start();
    });
    return { input, label: html("label", {}, input, html("code", {}, `delta = ${code}`)) };
  });
  const labels = options.map(({ label }) => label);
  const nodes = [html("fieldset", { class: "lines", "aria-label": "the line" }, ...labels)];
  const show = ({ line }) => {
    for (const { input } of options) input.checked = input.value === line;
  };
  return { nodes, show };
}

function controls(model, root) {
  const tick = () => {
    if (!model.get("running")) return false;
    write(model, "step", Math.min(STEPS, model.get("step") + 2));
    if (model.get("step") < STEPS) return true;
    write(model, "running", false);
    return false;
  };
  const timer = clock(root, tick, 40);
  const start = () => {
    write(model, "step", 0);
    write(model, "running", true);
    timer.start();
  };
  const toggle = () => {
    if (!model.get("running")) return start();
    return write(model, "running", false);
  };
  const label = ({ running }, button) => (button.textContent = running ? "Stop" : "Train again");
  return [
    lineChoice(model, start),
    slider(model, "step", { label: "step", min: 0, max: STEPS, step: 1, text: String }),
    buttons([["Train again", toggle, "train"]], label, timer.end),
  ];
}

function describe(lines, { line, step, accuracy, right, error, running }) {
  if (running) return "Training …";
  const { name, advice } = lines.find((one) => one.key === line);
  const there = `After ${step} steps ${Math.round(accuracy * POINTS)} of ${POINTS} points are on their side.`;
  if (!right) return `✗ ${name}. ${advice} ${there}`;
  return (
    `✓ right: it agrees with every nudged weight to ${scientific(error)}. ${there} ` +
    "In the chapter on back-propagation you derive this line, and write it."
  );
}

const render = (context) =>
  figure(context, {
    label: "A network that learns two spirals, or does not, by the line that you pick",
    ask: ["This network does not learn. ", "One line of its back-propagation is wrong: which of the others is right?"],
    watch: ["line", "step", "running"],
    controls,
    height: (width) => layout(width).height,
    compute,
    build,
    describe: (state) => describe(context.model.get("lines"), state),
  });

export default { render };
