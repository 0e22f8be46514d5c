// A small network trained in the page, with the surface of every unit. The path of the training is a
// function of the traits; what has been walked is kept for each figure, so that a step costs a step.

const COARSE = 4; // points along each edge of the grid on which Python repeats the surfaces
const POINTS = 200;
const BEGINNING = ["data", "noise", "share", "features", "hidden", "activation", "start", "seed"];

const benches = new WeakMap();
function benchOf(model) {
  if (!benches.has(model)) benches.set(model, makeBench(model));
  return benches.get(model);
}

function makeBench(model) {
  const bench = { key: "", cost: 0.1, hovered: null, shown: -1 };
  // How many steps fit into half a frame, at most `wanted`.
  bench.pace = (wanted) => clamp(Math.floor(8 / bench.cost), 1, wanted);
  bench.sound = () => Number.isFinite(bench.train.loss);
  bench.follow = () => {
    const key = JSON.stringify(BEGINNING.map((name) => model.get(name)));
    const taken = model.get("taken");
    const goesOn = (one, i) =>
      taken[i] &&
      SETTINGS.every((name) => one[name] === taken[i][name]) &&
      (i + 1 < bench.taken.length ? one.steps === taken[i].steps : one.steps <= taken[i].steps);
    if (key !== bench.key || !bench.taken.every(goesOn)) begin(bench, model, key);
    const began = performance.now();
    const before = bench.trainer.steps;
    taken.forEach((phase, i) => {
      for (let step = bench.taken[i]?.steps ?? 0; step < phase.steps; step++)
        takeStep(bench.trainer, phase);
    });
    bench.taken = taken;
    const done = bench.trainer.steps - before;
    if (done >= 5) bench.cost = (performance.now() - began) / done;
    if (bench.shown !== bench.trainer.steps) evaluate(bench);
  };
  return bench;
}

// From step 0: data, weights, and room for the surfaces.
function begin(bench, model, key) {
  const features = model.get("features");
  const sizes = [features.length, ...model.get("hidden"), 1];
  const seed = model.get("seed");
  const { places, classes } = makePoints(model.get("data"), seed, POINTS, model.get("noise"));
  const rows = makeRows(places, features);
  const cut = Math.round(model.get("share") * POINTS);
  const part = (from, to) => [
    rows.slice(from * features.length, to * features.length),
    classes.slice(from, to),
  ];
  const [activation, start] = [model.get("activation"), model.get("start")];
  const sets = [part(0, cut), part(cut, POINTS)];
  const trainer = makeTrainer(sizes, activation, start, seed, ...sets);
  const room = (side) => {
    const A = spaceFor(sizes, side * side);
    A[0] = makeRows(gridPlaces(REACH, side), features);
    return A;
  };
  Object.assign(bench, { key, trainer, taken: [], shown: -1, places, classes, cut });
  Object.assign(bench, {
    W: trainer.network.W,
    A: room(SIDE),
    coarse: room(COARSE),
    hovered: null,
  });
}

function evaluate(bench) {
  const { network, train, test, steps } = bench.trainer;
  runForward(network, bench.A, SIDE * SIDE);
  runForward(network, bench.coarse, COARSE * COARSE);
  Object.assign(bench, { shown: steps, train: judge(network, train), test: judge(network, test) });
}

function compute(model) {
  const bench = benchOf(model);
  bench.follow();
  const { trainer, coarse, train, test } = bench;
  const surfaces = coarse.map((A) => [...A]);
  surfaces.push(surfaces.pop().map(probability));
  const units = sum(trainer.network.sizes) - 1;
  const look = model.get("look");
  return {
    ...Object.fromEntries([...BEGINNING, ...SETTINGS].map((name) => [name, model.get(name)])),
    speed: model.get("speed"),
    running: model.get("running"),
    look: look < units ? look : -1,
    steps: trainer.steps,
    loss: [train.loss, test.loss],
    accuracy: [train.accuracy, test.accuracy],
    W: trainer.network.W.map((W) => [...W]),
    b: trainer.network.b.map((b) => [...b]),
    surfaces,
  };
}

// ---- drawing -------------------------------------------------------------------------------

function build(drawing, width, height, model) {
  const wide = width >= 600; // side by side, or the surface and the curves below the network
  const size = wide ? Math.round(width * 0.35) : Math.min(width - 60, 270);
  const left = wide ? width - size - 14 : 44;
  const box = wide
    ? { left: 62, right: left - 40, top: 28, bottom: height - 52 }
    : { left: 46, right: width - 2, top: 24, bottom: 258 };
  const top = wide ? 28 : 322;
  const bench = benchOf(model);
  const maps = underlay(drawing, width, height);
  let last = null;
  const hover = (found) => {
    if (JSON.stringify(found) === JSON.stringify(bench.hovered)) return;
    bench.hovered = found;
    if (last) draw(last);
  };
  const pick = (found) => {
    bench.hovered = found?.weight ? found : null;
    if (found?.unit !== undefined) {
      const output = unitsOf(bench.trainer.network.sizes).length - 1;
      write(model, "look", found.unit === output ? -1 : found.unit);
    } else if (last) draw(last);
  };
  const drawNetwork = buildDiagram(drawing, box, { hover, pick });
  const drawSurface = buildSurface(drawing, maps, { left, top, size });
  const chart = [top + size + (wide ? 58 : 62), height - 36];
  drawing.append(...legend(wide ? height - 22 : 276));
  const drawCurves = buildCurves(drawing, [left, left + size], chart);
  const draw = (state) => {
    const output = unitsOf(bench.trainer.network.sizes).length - 1;
    const looked = state.look < 0 ? output : state.look;
    maps.clear();
    drawNetwork(state, bench, maps, looked, bench.hovered);
    drawSurface(state, bench, bench.hovered?.unit ?? looked);
    drawCurves(state, bench.trainer);
  };
  return (state) => draw((last = state));
}

const legend = (y) =>
  ["lines: weights, blue +, orange −, dotted 0", "discs: class 1, p → 1; squares: class 0, p → 0"].map(
    (words, i) => svg("text", { x: 0, y: y + 17 * i, class: "small" }, words),
  );

function buildSurface(drawing, maps, { left, top, size }) {
  const X = scale([-REACH, REACH], [left, left + size]);
  const Y = scale([-REACH, REACH], [top + size, top]);
  const title = svg("text", { x: left, y: top - 8, class: "strong" });
  const points = svg("g");
  const shade = svg("path", { class: "halo", fill: "none" });
  const line = svg("path", { class: "curve ink" });
  const note = { x: left + size, y: top - 8, "text-anchor": "end", class: "small" };
  drawing.append(
    axes(X, Y, { x: [-2, 0, 2], y: [-2, 0, 2], xTitle: "x₁", yTitle: "x₂" }),
    title,
    svg("text", note, "filled: training, hollow: test"),
  );
  clipped(drawing, X, Y, points, shade, line);
  let drawn = null;
  return (state, bench, at) => {
    const unit = unitsOf(bench.trainer.network.sizes)[at];
    title.textContent = unitName(unit, state) + (unit.l ? "(x₁, x₂)" : "");
    const surface = surfaceOf(unit, bench.A, state);
    maps.paint(surface.values, surface, left, top, size);
    const d = zeroLine(weightedSum(unit, bench), left, top, size);
    set(shade, { d });
    set(line, { d });
    if (drawn === bench.places) return;
    drawn = bench.places;
    points.replaceChildren(...scatter(bench, X, Y));
  };
}

// z of a unit over the grid: it passes 0 where the unit bends, or where the output is undecided.
function weightedSum({ l, j }, { A, trainer }) {
  const { sizes, W, b } = trainer.network;
  return Float64Array.from({ length: SIDE * SIDE }, (_, i) => {
    if (l === 0) return A[0][i * sizes[0] + j];
    let z = b[l - 1][j];
    for (let k = 0; k < sizes[l - 1]; k++)
      z += W[l - 1][j * sizes[l - 1] + k] * A[l - 1][i * sizes[l - 1] + k];
    return z;
  });
}

// Class 1 as blue discs, class 0 as orange squares; those kept for the test are hollow.
function scatter({ places, classes, cut }, X, Y) {
  return [...classes.keys()].reverse().map((i) => {
    const [x, y] = [X(places[2 * i]), Y(places[2 * i + 1])];
    const colour = classes[i] ? "blue" : "orange";
    const look =
      i < cut
        ? { class: `${colour}-fill point` }
        : { class: colour, fill: "none", "stroke-width": 1.2, "stroke-opacity": 0.75 };
    return classes[i]
      ? svg("circle", { cx: x, cy: y, r: i < cut ? 3.6 : 2.8, ...look })
      : svg("rect", squareAt(x, y, i < cut ? 3.2 : 2.5, look));
  });
}

const squareAt = (x, y, half, look) => ({
  x: x - half,
  y: y - half,
  width: 2 * half,
  height: 2 * half,
  ...look,
});

function buildCurves(drawing, [left, right], [top, bottom]) {
  const frame = svg("g");
  const Y = scale([0, 1], [bottom, top]);
  const test = svg("path", { class: "curve green" });
  const train = svg("path", { class: "curve ink" });
  const heading = svg("text", { x: left, y: top - 10, class: "small strong" }, "loss");
  const numbers = ["ink", "green"].map((colour, i) =>
    svg("text", {
      x: right - (i ? 0 : (right - left) * 0.43),
      y: top - 10,
      "text-anchor": "end",
      class: `small strong ${colour === "green" ? "green" : ""}`,
    }),
  );
  drawing.append(frame, heading, ...numbers);
  clipped(drawing, scale([0, 1], [left, right]), Y, test, train);
  return ({ steps, loss }, { curve }) => {
    const most = [200, 500, 1000, 2000, 5000, 10000, 20000].find((end) => end >= steps);
    const T = scale([0, most], [left, right]);
    const marks = { x: [0, most / 2, most], y: [0, 0.5, 1] };
    frame.replaceChildren(axes(T, Y, { ...marks, xTitle: `now at step ${steps}` }));
    const thin = Math.ceil(curve.length / 200);
    const shown = curve.filter((_, i) => i % thin === 0);
    shown.push([steps, ...loss]);
    const finite = shown.filter((entry) => entry.every(Number.isFinite));
    [train, test].forEach((line, i) =>
      set(line, {
        d: plot(
          finite.map((entry) => [entry[0], Math.min(entry[1 + i], 2)]),
          T,
          Y,
        ),
      }),
    );
    numbers[0].textContent = `train ${fixed(loss[0], 3)}`;
    numbers[1].textContent = `test ${fixed(loss[1], 3)}`;
  };
}

// ---- in words ------------------------------------------------------------------------------

function formula(unit, state) {
  const { l, j } = unit;
  if (l === 0) return `${unitName(unit, state)} is an input.`;
  const ins = state.W[l - 1].length / state.b[l - 1].length;
  const weights = state.W[l - 1].slice(j * ins, (j + 1) * ins);
  const terms = weights.flatMap((w, k) => (w ? [[w, unitName({ l: l - 1, j: k }, state)]] : []));
  terms.push([state.b[l - 1][j], ""]);
  const inside = terms.map(([value, name], i) => {
    const sign = value < 0 ? "−" : "+";
    const lead = i ? `${sign} ` : value < 0 ? sign : "";
    return `${lead}${fixed(Math.abs(value))} ${name}`.trim();
  });
  const bend = l > state.hidden.length ? "σ" : BENDS[state.activation][0];
  return `${unitName(unit, state)}\u00a0=\u00a0${bend}(${inside.join(" ")}).`;
}

function describe(state) {
  const { steps, loss, accuracy, look, running } = state;
  if (running) return "Training. The read-out comes back when you pause.";
  if (!Number.isFinite(loss[0]))
    return `Step ${steps}: the weights have run away to infinity. Lower the learning rate and press Reset.`;
  const percent = (share) => `${Math.round(100 * share)}\u00a0%`;
  const units = unitsOf([state.features.length, ...state.hidden, 1]);
  return (
    `Step ${steps}: loss ${fixed(loss[0], 3)} on the training data, ${fixed(loss[1], 3)} on the test data; ` +
    `${percent(accuracy[0])} and ${percent(accuracy[1])} right. ` +
    formula(units[look < 0 ? units.length - 1 : look], state)
  );
}

// ---- the prediction --------------------------------------------------------------------------

const OWN = {
  question: "where will the line between the classes run, and which units will draw it?",
  after: 0,
  answer: "",
};
const asked = (model) => model.get("experiments")[model.get("experiment")] ?? OWN;

// The answer waits until the network has gone far enough to show it.
function answer({ steps }, model) {
  const { after, answer } = asked(model);
  return steps >= after ? answer : `Run on: at step ${after} the answer stands here.`;
}

const render = (context) =>
  figure(context, {
    label:
      "A network in training: the surface of every unit over the plane, its weights, the data, and the loss",
    ask: ["Before you press Run: ", () => asked(context.model).question],
    answer: (state) => answer(state, context.model),
    watch: [...BEGINNING, ...SETTINGS, "taken", "look", "speed", "running", "experiment"],
    controls: mainControls,
    settings: playgroundSettings,
    height: (width) =>
      194 + (width >= 600 ? 28 + Math.round(width * 0.35) : 322 + Math.min(width - 60, 270)),
    compute,
    build,
    describe,
  });

export default { render };
