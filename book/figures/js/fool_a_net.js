// A test digit whose pixels all move a little, the net's answer before and after, and how many of
// all test digits the net still names rightly when they are moved as far.

const FARTHEST = 0.3;

// Of a model: its decoded weights and, of the digit on view, the pixels and the gradient.
const benches = new WeakMap();
function benchOf(model) {
  const bench = benches.get(model) ?? { params: decoded(model.get("weights")), example: -1 };
  benches.set(model, bench);
  const example = model.get("example");
  if (bench.example !== example) {
    const pixels = bytesOf(model.get("examples")).subarray(784 * example, 784 * (example + 1));
    const image = Float64Array.from(pixels, (dark) => dark / 255);
    const gradient = inputGradient(bench.params, image, model.get("truth")[example]);
    Object.assign(bench, { example, image, gradient, before: forward(bench.params, image).p });
  }
  return bench;
}

function compute(model) {
  const { params, image, gradient, before } = benchOf(model);
  const [epsilon, kind] = [model.get("epsilon"), model.get("kind")];
  const next = uniform(model.get("seed"));
  const coin = () => (next() < 0.5 ? -1 : 1);
  const signs = gradient.map(kind === "sought" ? Math.sign : coin);
  const shown = image.map((dark, at) => clamp(dark + epsilon * signs[at], 0, 1));
  const weigh = uniform(1);
  const state = {
    before,
    after: forward(params, shown).p,
    pixels: [sum([...shown]), sum(Array.from(shown, (dark) => dark * weigh()))],
    changed: sum(Array.from(shown, (dark, at) => Math.abs(dark - image[at]))) / 784,
    truth: model.get("truth")[model.get("example")],
    epsilon,
    kind,
  };
  // The drawing needs these too, but they are too many to write out at every move.
  const move = signs.map((sign) => epsilon * sign);
  for (const [name, value] of Object.entries({ image, move, shown }))
    Object.defineProperty(state, name, { value });
  return state;
}

// ---- drawing -------------------------------------------------------------------------------

const sizeOf = (width) => Math.min(210, (width - 48) / 3);
const layoutOf = (width) => {
  const bars = 20 + sizeOf(width) + 26; // where the bars' heading stands, and the curves' below
  return { size: sizeOf(width), bars, curves: bars + 122, height: bars + 122 + 190 };
};

function build(drawing, width, height, model) {
  const { clear, picture } = gallery(drawing, width, height);
  const { size, bars, curves } = layoutOf(width);
  const parts = [
    buildPictures(drawing, picture, size),
    buildBars(drawing, bars, width),
    buildCurves(drawing, [curves, height], width, model),
  ];
  return (state) => {
    clear();
    parts.forEach((draw) => draw(state));
  };
}

function buildPictures(drawing, picture, size) {
  const lefts = [0, size + 24, 2 * size + 48];
  const middle = 20 + size / 2 + 6;
  drawing.append(
    ...["the digit", "the move", "the sum"].map((words, n) =>
      line(lefts[n], 13, words, "small strong"),
    ),
    ...lefts.map((x) => box(x, 20, size, size, "axis")),
    ...["+", "="].map((sign, n) => line(lefts[n + 1] - 12, middle, sign, "strong", "middle")),
  );
  return ({ image, move, shown }) => {
    picture(image, { rows: 28 }, lefts[0], 20, size);
    picture(move, { rows: 28, most: FARTHEST }, lefts[1], 20, size);
    picture(shown, { rows: 28 }, lefts[2], 20, size);
  };
}

function buildBars(drawing, top, width) {
  const [pitch, high, bottom] = [width / 10, 60, top + 78];
  const heading = line(0, top, "", "small strong");
  drawing.append(heading, svg("line", { x1: 0, x2: width, y1: bottom, y2: bottom, class: "axis" }));
  const all = patches(10).map((k) => {
    const place = { x: k * pitch + 4, width: pitch - 8 };
    const bar = svg("rect", { ...place, class: "blue-fill" });
    const was = svg("rect", { ...place, fill: "none", class: "ink", "stroke-width": 1.5 });
    const name = line((k + 0.5) * pitch, bottom + 16, String(k), "small strong", "middle");
    drawing.append(bar, was, name);
    return { bar, was, name };
  });
  return ({ before, after, truth }) => {
    heading.textContent = "its probabilities; outlined: before the move";
    all.forEach(({ bar, was, name }, k) => {
      set(bar, { y: bottom - high * after[k], height: high * after[k] });
      set(bar, { class: k === truth ? "blue-fill" : "orange-fill" });
      set(was, { y: bottom - high * before[k], height: high * before[k] });
      set(name, { "text-decoration": k === truth ? "underline" : "none" });
    });
  };
}

function buildCurves(drawing, [top, height], width, model) {
  const X = scale([0, FARTHEST], [50, width - 14]);
  const Y = scale([0, 1], [height - 40, top + 40]);
  const accuracy = model.get("accuracy");
  const points = (kind) => accuracy[kind].map((share, n) => [X(n / 40), Y(share)]);
  const curve = { sought: "orange", random: "green" };
  const marker = svg("line", { y1: top + 40, y2: height - 40, class: "axis" });
  const dot = svg("circle", { r: 9 });
  const words = svg(
    "text",
    { x: 0, y: top + 26, class: "small strong" },
    svg("tspan", { class: "orange-fill" }, "moves sought for each"),
    " · ",
    svg("tspan", { class: "green-fill" }, "random signs"),
  );
  drawing.append(
    line(0, top + 9, "of 2,000 test digits moved as far, named rightly:", "small strong"),
    words,
    axes(X, Y, {
      ...{ x: [0, 0.1, 0.2, 0.3], y: [0, 0.5, 1] },
      yText: (share) => `${100 * share}\u00a0%`,
    }),
    ...Object.entries(curve).map(([kind, color]) =>
      svg("path", { d: path(points(kind)), class: `curve ${color}` }),
    ),
    marker,
    dot,
    line((X(0) + X(FARTHEST)) / 2, height - 6, "ε, how far each pixel may move", "small", "middle"),
    dragArea(X, Y, (x) =>
      write(model, "epsilon", Math.round(200 * clamp(X.back(x), 0, FARTHEST)) / 200),
    ),
  );
  return ({ epsilon, kind }) => {
    set(marker, { x1: X(epsilon), x2: X(epsilon) });
    const share = accuracyAt(accuracy[kind], epsilon);
    set(dot, { cx: X(epsilon), cy: Y(share), class: `handle ${curve[kind]}` });
  };
}

// Between the measured distances the curve is straight.
function accuracyAt(shares, epsilon) {
  const at = Math.min(Math.floor(40 * epsilon + 1e-9), shares.length - 2);
  return shares[at] + (40 * epsilon - at) * (shares[at + 1] - shares[at]);
}

const percent = (share) => `${fixed(100 * share, share > 0.0995 && share < 0.9995 ? 0 : 1)}\u00a0%`;

function describe({ before, after, truth, epsilon, kind, changed }) {
  const said = after.indexOf(Math.max(...after));
  const now = `${said} (${percent(after[said])})`;
  if (epsilon === 0) return `The net says ${now}; the digit is a ${truth}. Nothing has moved yet.`;
  const verdict = said === truth ? "rightly still" : "fooled";
  return (
    `ε = ${fixed(epsilon, 3)}, ${kind === "sought" ? "sought" : "random"}: the net says ${now}, ` +
    `${verdict}. The right class, ${truth}, has ${percent(after[truth])}; it had ` +
    `${percent(before[truth])}. A pixel changed by ${fixed(changed, 3)} on average.`
  );
}

const render = (context) =>
  figure(context, {
    label: "A digit that moves along the sign of its gradient, and a trained net's answers",
    ask: [
      "Before you move ε: ",
      "how far must every pixel move, of the way from paper to ink, until the net is fooled? " +
        "And how far, if the signs are random?",
    ],
    answer: () =>
      "Moves that are sought fool the net long before a reader hesitates: half of all test digits " +
      "are lost near ε = 0.1. Random signs of the same size are nearly harmless there.",
    watch: ["example", "epsilon", "kind", "seed"],
    controls: (model) => [
      choice(model, "kind", {
        label: "signs",
        options: [
          ["sought", "of the gradient"],
          ["random", "random"],
        ],
      }),
      slider(model, "epsilon", {
        label: "ε",
        ...{ min: 0, max: FARTHEST, step: 0.005, text: (epsilon) => fixed(epsilon, 3) },
      }),
      buttons(
        [
          ["Next digit", () => another(model), "another"],
          ["Draw new signs", () => write(model, "seed", model.get("seed") + 1), "signs"],
        ],
        ({ kind }, _, signs) => (signs.disabled = kind === "sought"),
      ),
    ],
    height: (width) => layoutOf(width).height,
    compute,
    build,
    describe,
  });

const another = (model) =>
  write(model, "example", (model.get("example") + 1) % model.get("truth").length);

export default { render };
