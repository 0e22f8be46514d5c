// A spline to take hold of: control points above, the hills and the knots below.

const END = 8;
const CURVE = 64; // pieces of the curve that Python repeats
const FINE = 320; // pieces of what is drawn
const HUES = ["blue", "orange", "green"];
const REACH = 1.3;

const knotsOf = (model, degree = model.get("degree")) => {
  const ends = (value) => new Array(degree + 1).fill(value);
  return [...ends(0), ...model.get("inner"), ...ends(END)];
};

function compute(model) {
  const p = model.get("degree");
  const knots = knotsOf(model);
  const n = p + 6;
  const c = model.get("coefficients").slice(0, n);
  const at = model.get("at");
  const shares = hillsAt(at, knots, p);
  return {
    point: chosen(model),
    knot: model.get("knot"),
    shares,
    value: inner(shares, c),
    slope: p ? inner(slopesAt(at, knots, p), c) : 0,
    supports: c.map((_, i) => [knots[i], knots[i + p + 1]]),
    curve: samples((x) => inner(hillsAt(x, knots, p), c), 0, END, CURVE).map(([, y]) => y),
  };
}

// Where the control point of a coefficient is drawn: at the mean of the inner knots of its hill.
const greville = (knots, i, p) =>
  p ? sum(knots.slice(i + 1, i + 1 + p)) / p : (knots[i] + knots[i + 1]) / 2;

const chosen = (model) => Math.min(model.get("point"), model.get("degree") + 5);

function moveCoefficient(model, i, value) {
  const all = [...model.get("coefficients")];
  all[i] = rounded(value, -1.2, 1.2, 0.05);
  model.set("point", i);
  write(model, "coefficients", all);
}

// A knot stays between its neighbours, and may come to lie on them.
function moveKnot(model, k, value) {
  const all = [...model.get("inner")];
  all[k] = rounded(value, k ? all[k - 1] : 0.1, k < 4 ? all[k + 1] : END - 0.1, 0.1);
  model.set("knot", k);
  write(model, "inner", all);
}

const rounded = (value, low, high, step) =>
  clamp(Number((Math.round(value / step) * step).toFixed(2)), low, high);

// A visible mark with a larger transparent one to catch; `shape` places the mark.
function handle(mark, name, act) {
  const style = "cursor: grab; touch-action: none";
  const hold = svg("circle", { r: 16, fill: "transparent", "data-drag": name, style });
  drag(hold, act);
  return { node: svg("g", {}, mark, hold), hold };
}

function build(drawing, width, height, model) {
  const right = width - 44; // behind it stands the bar of shares
  const X = scale([0, END], [14, right]);
  const split = Math.round(height * 0.56);
  const Y = scale([-REACH, REACH], [split - 12, 22]);
  const H = scale([0, 1], [height - 54, split + 18]);
  const marks = (n, f) => Array.from({ length: n }, (_, i) => f(i));
  const text = (x, y, said, anchor = "start", kind = "small") =>
    svg("text", { x, y, class: kind, "text-anchor": anchor }, said);

  const part = svg("path", { class: "ink-fill area", style: "opacity: 0.07" });
  const polygon = svg("path", { class: "axis dashed", fill: "none" });
  const curve = svg("path", { class: "curve ink" });
  const strong = svg("path", { class: "curve", style: "stroke-width: 5" }); // where the point acts
  const line = svg("line", { y1: 8, y2: H(0), class: "axis dashed" });
  const dot = svg("circle", { r: 5, class: "handle ink" });
  const fills = marks(9, (i) => svg("path", { class: `${HUES[i % 3]}-fill area` }));
  const hills = marks(9, (i) => svg("path", { class: `curve ${HUES[i % 3]}` }));
  const slices = marks(9, (i) => svg("rect", { class: `${HUES[i % 3]}-fill`, opacity: 0.75 }));
  const frame = svg("rect", { x: right + 16, width: 22, y: H(1), height: H(0) - H(1), class: "grid" });
  const points = marks(9, (i) => {
    const mark = svg("circle", { r: 7, class: `handle ${HUES[i % 3]}` });
    const made = handle(mark, `point-${i}`, (x, y) => moveCoefficient(model, i, Y.back(y)));
    return { ...made, mark };
  });
  const knots = marks(5, (k) => {
    const mark = svg("path", { class: "ink-fill" });
    const made = handle(mark, `knot-${k}`, (x) => moveKnot(model, k, X.back(x)));
    return { ...made, mark };
  });
  const reading = dragArea(X, scale([0, 1], [H(0), H(1)]), (x) =>
    write(model, "at", rounded(X.back(x), 0, END, 0.05)),
  );
  drawing.append(
    svg("line", { x1: X(0), x2: X(END), y1: Y(0), y2: Y(0), class: "grid" }),
    svg("line", { x1: X(0), x2: X(END), y1: H(0), y2: H(0), class: "axis" }),
    svg("line", { x1: X(0), x2: X(END), y1: H(1), y2: H(1), class: "grid" }),
    text(X(0), H(1) - 5, "hills", "start", "small strong"),
    text(width, H(1) - 5, "shares", "end"),
    text(right + 27, H(0) + 15, "knots", "middle"),
    text(X(0), 12, "control points and curve", "start", "small strong halo"),
    ...[0, 2, 4, 6, END].map((x) => text(X(x), height - 4, String(x), "middle")),
    text(width, height - 4, "x", "end"),
    part,
    ...fills,
    ...hills,
    line,
    polygon,
    curve,
    strong,
    frame,
    ...slices,
    reading,
    dot,
    ...knots.map(({ node }) => node),
    ...points.map(({ node }) => node),
  );

  return ({ shares, value, supports, point: now }) => {
    const p = model.get("degree");
    const at = model.get("at");
    const all = knotsOf(model);
    const n = p + 6;
    const c = model.get("coefficients").slice(0, n);
    const hue = HUES[now % 3];
    const table = samples((x) => hillsAt(x, all, p), 0, END, FINE);
    const whole = table.map(([x, N]) => [x, inner(N, c)]);
    const [from, to] = supports[now];
    set(curve, { d: plot(whole, X, Y) });
    set(strong, {
      class: `curve ${hue}`,
      d: plot(
        whole.filter(([x]) => from <= x && x <= to),
        X,
        Y,
      ),
    });
    set(part, { d: `M${X(from)} 8H${X(to)}V${H(0)}H${X(from)}z` });
    hills.forEach((hill, i) => {
      const there = i < n;
      const tops = there ? table.map(([x, N]) => [x, N[i]]) : [];
      const d = there ? plot(tops, X, H) : "";
      set(hill, { d, style: `stroke-width: ${i === now ? 3.5 : 1.5}` });
      set(fills[i], { d: there ? `${d}L${X(END)} ${H(0)}L${X(0)} ${H(0)}z` : "" });
      fills[i].style.opacity = i === now ? 0.35 : 0.06;
    });
    let top = 0;
    slices.forEach((slice, i) => {
      const share = i < n ? shares[i] : 0;
      const [y, h] = [H(top + share), H(0) - H(share)];
      set(slice, { x: right + 16, width: 22, y, height: Math.max(0, h - (h > 2 ? 1 : 0)) });
      top += share;
    });
    const places = c.map((height_, i) => [greville(all, i, p), height_]);
    set(polygon, { d: plot(places, X, Y) });
    points.forEach(({ node, mark, hold }, i) => {
      set(node, { visibility: i < n ? "visible" : "hidden" });
      if (i >= n) return;
      const [x, y] = places[i];
      for (const one of [mark, hold]) set(one, { cx: X(x), cy: Y(y) });
      set(mark, { r: i === now ? 9 : 7 });
    });
    const inside = model.get("inner");
    knots.forEach(({ mark, hold }, k) => {
      const x = X(inside[k]);
      const below = 11 * inside.slice(0, k).filter((one) => one === inside[k]).length;
      const y = H(0) + 3 + below;
      const big = k === model.get("knot") ? 8 : 6;
      set(mark, { d: `M${x} ${y}l${-big} ${big * 1.4}h${2 * big}z` });
      set(hold, { cx: x, cy: y + 8 });
    });
    set(line, { x1: X(at), x2: X(at) });
    set(dot, { cx: X(at), cy: Y(value) });
  };
}

// Sliders for one entry of a list of the model: what a hand can drag, a keyboard can move, too.
function entry(key, get, put, options) {
  const one = { get, set: (_, value) => put(value), save_changes: () => {} };
  return slider(one, key, options);
}

function controls(model) {
  const start = { inner: model.get("inner"), coefficients: model.get("coefficients") };
  const numbers = (n) => Array.from({ length: n }, (_, i) => [i, String(i + 1)]);
  const degrees = ["0: boxes", "1: tents", "2: parabolas", "3: cubics"].map((name, p) => [p, name]);
  const all = (values) => {
    for (const [key, value] of Object.entries(values)) model.set(key, value);
    model.save_changes();
  };
  return [
    choice(model, "degree", { label: "degree", options: degrees }),
    slider(model, "at", { label: "read at", min: 0, max: END, step: 0.05 }),
    choice(model, "point", { label: "point", options: numbers(9) }),
    entry(
      "height",
      () => model.get("coefficients")[chosen(model)],
      (value) => moveCoefficient(model, chosen(model), value),
      { label: "its height", min: -1.2, max: 1.2, step: 0.05 },
    ),
    choice(model, "knot", { label: "knot", options: numbers(5) }),
    entry(
      "place",
      () => model.get("inner")[model.get("knot")],
      (value) => moveKnot(model, model.get("knot"), value),
      { label: "its place", min: 0.1, max: END - 0.1, step: 0.1 },
    ),
    buttons([
      ["Three knots in one", () => all({ inner: [1.4, 4, 4, 4, 6.6], at: 4, knot: 2 }), "triple"],
      ["Reset", () => all(start), "reset"],
    ]),
  ];
}

// How smooth the curve is at the chosen knot: each knot in one place costs a derivative.
function joint(model) {
  const [inside, k] = [model.get("inner"), model.get("knot")];
  const left = model.get("degree") - inside.filter((one) => one === inside[k]).length;
  const kinds = ["has a corner", "keeps its slope, not its bend", "keeps its slope and its bend"];
  return `At knot ${k + 1} it ${left < 0 ? "jumps" : kinds[left]}.`;
}

const render = (context) =>
  figure(context, {
    label: "A spline with its control points, its hills and its knots",
    ask: [
      "Before you drag a control point: ",
      "which part of the curve will move, and what do the shares on the right add up to?",
    ],
    answer: ({ supports }) =>
      `Only where its hill is not 0, over ${supports.length - 5} of the intervals between knots at most; and the shares always fill the bar: they add up to 1.`,
    watch: ["inner", "coefficients", "degree", "at", "point", "knot"],
    controls,
    height: (width) => (width < 480 ? 410 : 460),
    compute,
    build,
    describe: ({ shares, value, slope, supports, point: now }) => {
      const [from, to] = supports[now];
      const felt = shares.flatMap((share, i) =>
        share > 0.0005 ? [`${Math.round(100 * share)}\u00a0% of point ${i + 1}`] : [],
      );
      return `At ${fixed(context.model.get("at"), 2)} the curve is ${fixed(value)}, its slope ${fixed(slope)}: ${felt.join(", ")}. Point ${now + 1} acts from ${fixed(from, 1)} to ${fixed(to, 1)} and nowhere else. ${joint(context.model)}`;
    },
  });

export default { render };
