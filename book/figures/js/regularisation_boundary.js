// A small network trained anew for every strength of the penalty: its boundary, its weights, and its
// losses on the points it learned from and on others.

const TRAIN = 30;
const TEST = 400;
const UNITS = 12;
const STEPS = 800;
const NOISE = 0.5;
const COARSE = 4; // points along each edge of the grid on which Python repeats the surface
const SIZES = [2, UNITS, 1];
const POWERS = [-4, -0.5]; // of ten, from the weakest penalty to the strongest
const STRENGTHS = Array.from({ length: 29 }, (_, i) => 10 ** (POWERS[0] + i / 8));

// The points of one seed, and the nets already trained on them: penalty and strength → net.
const benches = new WeakMap();
function benchOf(model) {
  const seed = model.get("seed");
  if (benches.get(model)?.seed !== seed) {
    const { places, classes } = makePoints("moons", seed, TRAIN + TEST, NOISE);
    const learned = [places.slice(0, 2 * TRAIN), classes.slice(0, TRAIN)];
    const others = makeSet(SIZES, places.slice(2 * TRAIN), classes.slice(TRAIN));
    const { redraw } = benches.get(model) ?? {};
    benches.set(model, { seed, learned, others, nets: new Map(), redraw });
  }
  return benches.get(model);
}

function netFor(bench, penalty, strength) {
  const key = `${penalty} ${strength}`;
  if (!bench.nets.has(key)) {
    const trainer = makeTrainer(SIZES, "tanh", "random", bench.seed, bench.learned);
    const settings = { rate: 0.5, batch: TRAIN, method: "sgd", penalty, strength };
    for (let step = 0; step < STEPS; step++) takeStep(trainer, settings);
    const { network } = trainer;
    const scores = [judge(network, trainer.train), judge(network, bench.others)];
    bench.nets.set(key, { network, scores });
  }
  return bench.nets.get(key);
}

const room = (side) => {
  const A = spaceFor(SIZES, side * side);
  A[0] = gridPlaces(REACH, side);
  return A;
};
const coarse = room(COARSE);
const fine = room(SIDE);

function compute(model) {
  const [penalty, strength] = [model.get("penalty"), model.get("strength")];
  const { network, scores } = netFor(benchOf(model), penalty, strength);
  runForward(network, coarse, COARSE * COARSE);
  const [W1, W2] = network.W;
  const w = [...W1, ...W2];
  const joins = (out, j) => out !== 0 && (W1[2 * j] !== 0 || W1[2 * j + 1] !== 0);
  return {
    penalty,
    strength,
    seed: model.get("seed"),
    loss: scores.map(({ loss }) => loss),
    accuracy: scores.map(({ accuracy }) => accuracy),
    size: Math.hypot(...w),
    zeros: w.filter((value) => value === 0).length,
    alive: [...W2].filter(joins).length,
    p: [...coarse[2]].map(probability),
    w,
  };
}

// ---- drawing -------------------------------------------------------------------------------

function build(drawing, width, height, model) {
  const wide = width >= 600;
  const size = wide ? 300 : Math.min(width - 50, 290);
  const maps = underlay(drawing, width, height);
  const drawPlane = buildPlane(drawing, maps, { left: 34, top: 26, size });
  const left = wide ? size + 90 : 44;
  const [top, bottom] = wide ? [26, 176] : [size + 84, size + 214];
  const drawLosses = buildLosses(drawing, [left, width - 12], [bottom, top], model);
  const bars = [bottom + 88, height - 12];
  const drawWeights = buildWeights(drawing, [left, width - 12], bars);
  const bench = () => benchOf(model);
  const draw = (state) => {
    drawPlane(state, bench());
    drawLosses(state, bench());
    drawWeights(state);
  };
  let last = null;
  bench().redraw = () => last && drawLosses(last, bench());
  return (state) => draw((last = state));
}

function buildPlane(drawing, maps, { left, top, size }) {
  const X = scale([-REACH, REACH], [left, left + size]);
  const Y = scale([-REACH, REACH], [top + size, top]);
  const points = svg("g");
  const shade = svg("path", { class: "halo", fill: "none" });
  const line = svg("path", { class: "curve ink" });
  drawing.append(
    svg("text", { x: left, y: 14, class: "strong" }, "p(x₁, x₂), what the network says"),
    axes(X, Y, { x: [-2, 0, 2], y: [-2, 0, 2], xTitle: "x₁", yTitle: "x₂" }),
  );
  clipped(drawing, X, Y, points, shade, line);
  return ({ penalty, strength }, bench) => {
    const { network } = netFor(bench, penalty, strength);
    runForward(network, fine, SIDE * SIDE);
    maps.clear();
    maps.paint(fine[2], { to: (z) => 2 * probability(z) - 1 }, left, top, size);
    const d = zeroLine(fine[2], left, top, size);
    set(shade, { d });
    set(line, { d });
    const [places, classes] = bench.learned;
    points.replaceChildren(
      ...[...classes.keys()].map((i) => {
        const [x, y] = [X(places[2 * i]), Y(places[2 * i + 1])];
        const square = { x: x - 4.5, y: y - 4.5, width: 9, height: 9 };
        return classes[i]
          ? svg("circle", { cx: x, cy: y, r: 5, class: "blue-fill point" })
          : svg("rect", { ...square, class: "orange-fill point" });
      }),
    );
  };
}

function buildLosses(drawing, [left, right], [bottom, top], model) {
  const L = scale(POWERS, [left, right]);
  const Y = scale([0, 0.9], [bottom, top]);
  const kinds = ["ink", "green"];
  const heading = (text, x, kind, anchor) =>
    svg("text", { x, y: top - 12, class: `strong ${kind}`, "text-anchor": anchor }, text);
  const curves = kinds.map((kind) => svg("path", { class: `curve ${kind}` }));
  const here = svg("line", { y1: bottom, y2: top, class: "axis" });
  const dots = kinds.map((kind) => svg("circle", { r: 6, class: `handle ${kind}` }));
  const marks = {
    x: [-4, -3, -2, -1],
    xText: (power) => `10${raised(power)}`,
    y: [0, 0.3, 0.6, 0.9],
  };
  drawing.append(
    heading("loss", left, "", "start"),
    heading("thirty points", left + 50, "", "start"),
    heading("new points", right, "green", "end"),
    axes(L, Y, { ...marks, xTitle: "strength λ of the penalty" }),
  );
  clipped(drawing, L, Y, ...curves);
  const pull = (x) => {
    const at = Math.round((L.back(x) - POWERS[0]) * 8);
    write(model, "strength", STRENGTHS[clamp(at, 0, STRENGTHS.length - 1)]);
  };
  drawing.append(here, ...dots, dragArea(L, Y, pull));
  return ({ penalty, strength, loss }, bench) => {
    const x = L(clamp(Math.log10(strength), ...POWERS));
    set(here, { x1: x, x2: x });
    kinds.forEach((_, kind) => {
      const known = STRENGTHS.flatMap((value) => {
        const net = bench.nets.get(`${penalty} ${value}`);
        return net ? [[Math.log10(value), net.scores[kind].loss]] : [];
      });
      set(curves[kind], { d: plot(known, L, Y) });
      set(dots[kind], { cx: x, cy: Y(Math.min(loss[kind], 0.9)) });
    });
  };
}

// Every weight as a bar; one that is exactly 0 as a ring on the line.
function buildWeights(drawing, [left, right], [top, bottom]) {
  const count = 3 * UNITS;
  const X = scale([0, count], [left, right]);
  const Y = scale([-6, 6], [bottom, top]);
  const text = svg("text", { x: left, y: top - 12, class: "strong" });
  const bars = svg("g");
  const names = [
    ["into the hidden units", 0],
    ["out of them", 2 * UNITS],
  ].map(([name, at]) => svg("text", { x: X(at), y: bottom + 4, class: "small" }, name));
  drawing.append(text, svg("line", { x1: left, x2: right, y1: Y(0), y2: Y(0), class: "axis" }));
  drawing.append(bars, ...names);
  return ({ w, zeros }) => {
    text.textContent = `${count} weights, ${zeros || "none"} of them exactly 0`;
    bars.replaceChildren(
      ...w.map((value, i) => {
        const x = X(i + 0.5);
        if (value === 0)
          return svg("circle", { cx: x, cy: Y(0), r: 2.5, class: "ink", fill: "var(--paper)" });
        const y = Y(clamp(value, -6, 6));
        return svg("rect", {
          x: x - 2.5,
          width: 5,
          y: Math.min(y, Y(0)),
          height: Math.abs(y - Y(0)),
          class: value < 0 ? "orange-fill" : "blue-fill",
        });
      }),
    );
  };
}

// ---- controls and words ----------------------------------------------------------------------

// Trains the nets of all other strengths, one in each slice of a frame, so that the curves grow.
function sweep(model, root) {
  let key = "";
  const timer = clock(
    root,
    () => {
      const [bench, penalty] = [benchOf(model), model.get("penalty")];
      const next = STRENGTHS.find((strength) => !bench.nets.has(`${penalty} ${strength}`));
      if (next === undefined) return false;
      netFor(bench, penalty, next);
      bench.redraw?.();
      return true;
    },
    30,
  );
  const show = ({ penalty, seed }) => {
    if (key === `${penalty} ${seed}`) return;
    key = `${penalty} ${seed}`;
    timer.start();
  };
  return { nodes: [], show, end: timer.end };
}

function describe({ penalty, strength, loss, accuracy, size, zeros, alive }) {
  const percent = (share) => `${Math.round(100 * share)}\u00a0%`;
  const count =
    penalty === "l1"
      ? ` ${zeros} of ${3 * UNITS} weights are exactly 0; ${alive} of ${UNITS} hidden units are still in use.`
      : "";
  return (
    `${penalty === "l2" ? "L2" : "L1"} with λ = ${scientific(strength)}: ` +
    `loss ${fixed(loss[0], 3)} on the thirty points (${percent(accuracy[0])} right), ` +
    `${fixed(loss[1], 3)} on ${TEST} new ones (${percent(accuracy[1])} right). ` +
    `Size of the weights ‖w‖ = ${fixed(size)}.${count}`
  );
}

const render = (context) =>
  figure(context, {
    label:
      "The boundary of a small network under a penalty on its weights, its losses, and its weights",
    ask: [
      "Before you move λ: ",
      "a stronger penalty makes the fit to the thirty points worse. Will new points suffer, too?",
    ],
    answer: ({ penalty }) =>
      "Not at first: the folds that fit single points go, and the loss on new points falls. " +
      "Too strong a penalty leaves little but a straight line. " +
      (penalty === "l2"
        ? "L2 makes all weights smaller and none of them 0; compare L1."
        : "L1 sets weights to exactly 0, and units drop out; compare L2."),
    watch: ["penalty", "strength", "seed"],
    controls: (model, root) => [
      choice(model, "penalty", {
        label: "penalty",
        options: [
          ["l2", "L2: λ/2 times the sum of squares"],
          ["l1", "L1: λ times the sum of sizes"],
        ],
      }),
      ladder(model, "strength", "strength λ", STRENGTHS, scientific),
      buttons([["Draw new points", () => write(model, "seed", model.get("seed") + 1), "seed"]]),
      sweep(model, root),
    ],
    height: (width) => (width >= 600 ? 364 : Math.min(width - 50, 290) + 400),
    compute,
    build,
    describe,
  });

export default { render };
