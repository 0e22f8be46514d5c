// Overlap of a recalled memory against the load: what the theory says and what networks do.

// The error function by its series, which is exact to rounding for the arguments used here.
function erf(x) {
  if (x > 6) return 1;
  let term = x;
  let total = x;
  for (let n = 1; Math.abs(term) > 1e-17 * total; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    total += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * total;
}

// 1 − erf(x), by a continued fraction where the series would cancel.
function erfc(x) {
  if (x < 2.5) return 1 - erf(x);
  let fraction = x;
  for (let n = 80; n > 0; n--) fraction = x + n / 2 / fraction;
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / fraction;
}

const loadOf = (x) => 0.5 * (erf(x) / x - (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x)) ** 2;

function bisected(falls, low, high) {
  for (let n = 0; n < 60; n++) {
    const middle = (low + high) / 2;
    if (falls(middle)) low = middle;
    else high = middle;
  }
  return low;
}

const EDGE = bisected((x) => loadOf(x + 1e-4) > loadOf(x - 1e-4), 1, 2);
const CAPACITY = loadOf(EDGE);
const MOST_LOAD = 0.25;

// ---- a network of its own ------------------------------------------------------------------

// N times the overlaps in which recall from three of its patterns ends, as a mean share.
function settle(load, n, seed) {
  const count = Math.max(1, Math.floor(load * n + 0.5));
  const next = uniform(seed);
  const X = Array.from({ length: count }, () =>
    Float64Array.from({ length: n }, () => (next() < 0.5 ? 1 : -1)),
  );
  const W = new Float64Array(n * n); // n times the weights: whole numbers
  for (const x of X)
    for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) W[i * n + j] += x[i] * x[j];
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) W[j * n + i] = W[i * n + j];
  const overlaps = X.slice(0, 3).map((x) => {
    const s = x.slice();
    const h = s.map((_, i) => {
      let field = 0;
      for (let j = 0; j < n; j++) field += W[i * n + j] * s[j];
      return field;
    });
    for (let look = 0; look < 30 * n; look++) {
      const i = look % n;
      if (h[i] * s[i] >= 0) continue;
      s[i] = -s[i];
      for (let j = 0; j < n; j++) h[j] += 2 * s[i] * W[i * n + j];
    }
    return s.reduce((total, one, i) => total + one * x[i], 0) / n;
  });
  return sum(overlaps) / overlaps.length;
}

const known = new Map();
function settled(trial) {
  const key = trial.join(" ");
  if (!known.has(key)) known.set(key, settle(...trial));
  return known.get(key);
}

function compute(model) {
  const load = model.get("load");
  const holds = load < CAPACITY;
  const x = holds ? bisected((x) => loadOf(x) > load, EDGE, 12) : 0;
  const overlap = erf(x);
  return {
    load,
    overlap,
    first: Math.sqrt(load),
    spread: holds ? overlap / (x * Math.SQRT2) : 0,
    firstWrong: 0.5 * erfc(1 / Math.sqrt(2 * load)),
    wrong: holds ? (1 - overlap) / 2 : 0.5,
    measured: model.get("trials").map(settled),
  };
}

// ---- drawing -------------------------------------------------------------------------------

function buildOverlap(drawing, width, model) {
  const X = scale([0, MOST_LOAD], [40, width - 12]);
  const Y = scale([0, 1.05], [190, 26]);
  const upper = samples((x) => x, EDGE, 5, 120).map(([x]) => [loadOf(x), erf(x)]);
  const firstLook = samples((a) => 1 - erfc(1 / Math.sqrt(2 * a)), 0.004, MOST_LOAD, 120);
  const [x, top, floor] = [X(CAPACITY), Y(erf(EDGE)), Y(0)];
  const dots = svg("g");
  const rule = svg("line", { y1: Y.ends[1], y2: floor, class: "ink", "stroke-width": 1.5 });
  const handle = svg("circle", { r: 9, class: "handle blue" });
  drawing.append(
    svg("text", { x: 0, y: 13, class: "strong" }, "overlap at rest"),
    svg("text", { x: width - 12, y: 13, "text-anchor": "end", class: "small orange" }, "dots: measured"),
    axes(X, Y, { x: [0, 0.05, 0.1, 0.15, 0.2, 0.25], y: [0, 0.5, 1], xTitle: "load α" }),
    svg("path", { d: plot(firstLook, X, Y), class: "curve green dashed" }),
    svg("path", { d: plot(upper, X, Y), class: "curve blue" }),
    svg("line", { x1: x, x2: x, y1: top, y2: floor, class: "blue dashed" }),
    svg("text", { x: x + 6, y: floor - 8, class: "small halo" }, "0.138"),
    rule,
    dots,
    handle,
    dragArea(X, Y, (x) =>
      write(model, "load", Math.round(1000 * clamp(X.back(x), 0.01, MOST_LOAD)) / 1000),
    ),
  );
  return ({ load, overlap, measured }) => {
    const trials = model.get("trials");
    dots.replaceChildren(
      ...trials.map(([a, n], k) =>
        svg("circle", {
          ...{ cx: X(a), cy: Y(measured[k]), r: n > 500 ? 6 : n > 200 ? 4.5 : 3 },
          class: "orange-fill",
          opacity: 0.8,
        }),
      ),
    );
    set(rule, { x1: X(load), x2: X(load) });
    set(handle, { cx: X(load), cy: Y(overlap) });
  };
}

function buildBells(drawing, width, top, bottom) {
  const X = scale([-1.2, 2.8], [40, width - 12]);
  const bell = (spread, centre) => (u) =>
    Math.exp(-((u - centre) ** 2) / 2 / spread ** 2) / spread / Math.sqrt(2 * Math.PI);
  const curves = ["green", "blue"].map((colour) => ({
    tail: svg("path", { class: `area ${colour}-fill`, style: "opacity: 0.5" }),
    line: svg("path", { class: `curve ${colour}${colour === "green" ? " dashed" : ""}` }),
  }));
  const grid = svg("g");
  drawing.append(
    svg("text", { x: 0, y: top - 26, class: "strong" }, "the fields: below 0, a unit is wrong"),
    svg("text", { x: 40, y: top - 8, class: "small green" }, "dashed: first look"),
    svg("text", { x: width - 12, y: top - 8, "text-anchor": "end", class: "small blue" }, "at rest"),
    grid,
    ...curves.flatMap(({ tail, line }) => [tail, line]),
  );
  return ({ first, spread, overlap }) => {
    const most = bell(first, 0)(0);
    const Y = scale([0, 1.05 * most], [bottom, top]);
    grid.replaceChildren(axes(X, Y, { x: [-1, 0, 1, 2], xTitle: "field" }));
    const show = ({ tail, line }, width, centre) => {
      const f = bell(width, centre);
      set(line, { d: width ? plot(samples(f, -1.2, 2.8), X, Y) : "" });
      const left = width ? [[-1.2, 0], ...samples(f, -1.2, 0, 60), [0, 0]] : [];
      set(tail, { d: plot(left, X, Y) });
    };
    show(curves[0], first, 1);
    show(curves[1], spread, overlap);
  };
}

function build(drawing, width, height, model) {
  const overlap = buildOverlap(drawing, width, model);
  const bells = buildBells(drawing, width, 268, height - 22);
  return (state) => {
    overlap(state);
    bells(state);
  };
}

const percent = (share) => `${fixed(100 * share, share < 0.001 ? 3 : share < 0.1 ? 2 : 0)}\u00a0%`;

function describe({ load, overlap, firstWrong, wrong, measured }) {
  const first = `Load ${fixed(load, 3)}: at the first look ${percent(firstWrong)} of a memory's units are wrong. `;
  const end = overlap
    ? `At rest ${percent(wrong)} are, so the overlap is ${fixed(overlap, 3)}.`
    : "The errors make noise that makes more errors, and no memory is left.";
  const count = measured.length;
  const last = count ? ` ${count} networks measured, the last at ${fixed(measured[count - 1])}.` : "";
  return first + end + last;
}

function controls(model) {
  const trials = () => model.get("trials");
  const measure = () => {
    const fresh = Math.max(0, ...trials().map(([, , seed]) => seed)) + 1;
    write(model, "trials", [...trials(), [model.get("load"), model.get("units"), fresh]]);
  };
  return [
    slider(model, "load", {
      ...{ label: "load α = P/N", min: 0.01, max: MOST_LOAD, step: 0.001 },
      text: (v) => fixed(v, 3),
    }),
    choice(model, "units", {
      label: "units N",
      options: [100, 300, 1000].map((n) => [n, String(n)]),
    }),
    buttons(
      [
        ["Measure here", measure, "measure"],
        ["Clear the dots", () => write(model, "trials", []), "clear"],
      ],
      ({ measured }, one, clear) => {
        one.disabled = measured.length >= 60;
        clear.disabled = measured.length === 0;
      },
    ),
  ];
}

const render = (context) =>
  figure(context, {
    label: "How well a Hopfield network recalls, against its load",
    ask: [
      "Before you drag the load: ",
      "at the first look less than half a percent of the units are wrong at 0.138. What happens just beyond it?",
    ],
    answer: () =>
      "The bell at rest jumps away: from 1.6 % wrong units to a lost memory. Small networks have a softer edge than the theory's infinite one.",
    watch: ["load", "units", "trials"],
    controls,
    height: () => 390,
    compute,
    build,
    describe,
  });

export default { render };
