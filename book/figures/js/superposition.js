// A function of two variables as sums of curves of sums of curves, term by term.

const LAMBDA = (Math.sqrt(5) - 1) / 2;
const STEPS = 36; // of Kolmogorov's inner functions, at their second rank
const CELLS = 36; // of the maps

const toy = (x, y) => Math.exp(Math.sin(Math.PI * x) + y * y);

// ---- Kolmogorov's construction, one round ----------------------------------------------------

// Linear between the points (xs, ys), constant beyond them.
function between(x, xs, ys) {
  if (x <= xs[0]) return ys[0];
  if (x >= xs.at(-1)) return ys.at(-1);
  let [low, high] = [0, xs.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (xs[middle] <= x) low = middle;
    else high = middle;
  }
  return ys[low] + ((ys[high] - ys[low]) / (xs[high] - xs[low])) * (x - xs[low]);
}

function staircase() {
  const values = Array.from({ length: 8 }, (_, i) => (i - 1) / 6);
  const places = values.flatMap((v) => values.map((w) => v + LAMBDA * w)).sort((a, b) => a - b);
  const apart = Math.min(...places.slice(1).map((place, i) => place - places[i]));
  const epsilon = apart / (8 * (1 + LAMBDA));
  const finer = [];
  values.forEach((v, j) => {
    for (let i = 0; i < 5; i++) finer.push(v + epsilon * i);
    if (j < 7) finer.push((finer.at(-1) + values[j + 1]) / 2);
  });
  return finer;
}

let made = null; // the tables of the five families, made when first asked for

function families() {
  if (made) return made;
  const values = staircase();
  const doubled = values.flatMap((v) => [v, v]);
  made = Array.from({ length: 5 }, (_, q) => {
    const left = values.map((_, i) => (q / 5 - 1) / 6 + i / STEPS);
    const ends = left.flatMap((x) => [x, x + 0.8 / STEPS]);
    const centre = left.map((x) => clamp(x + 0.4 / STEPS, 0, 1) * 2 - 1);
    const squares = values.flatMap((v, j) =>
      values.map((w, k) => [v + LAMBDA * w, toy(centre[j], centre[k]) / 3]),
    );
    squares.sort((a, b) => a[0] - b[0]);
    const [places, heights] = [squares.map(([a]) => a), squares.map(([, g]) => g)];
    const step = (x) => between((x + 1) / 2, ends, doubled);
    return { a: step, b: (y) => LAMBDA * step(y), g: (s) => between(s, places, heights) };
  });
  return made;
}

// ---- the functions and their terms -----------------------------------------------------------

const FUNCTIONS = {
  product: {
    f: (x, y) => x * y,
    terms: () => [
      { a: (x) => x, b: (y) => y, g: (s) => (s * s) / 4 },
      { a: (x) => x, b: (y) => -y, g: (s) => -(s * s) / 4 },
    ],
  },
  maximum: {
    f: Math.max,
    terms: () => [
      { a: (x) => x, b: (y) => y, g: (s) => s / 2 },
      { a: (x) => x, b: (y) => -y, g: (s) => Math.abs(s) / 2 },
    ],
  },
  distance: {
    f: Math.hypot,
    terms: () => [{ a: (x) => x * x, b: (y) => y * y, g: (s) => Math.sqrt(Math.max(s, 0)) }],
  },
  toy: {
    f: toy,
    terms: () => [{ a: (x) => Math.sin(Math.PI * x), b: (y) => y * y, g: Math.exp }],
  },
  kolmogorov: { f: toy, terms: families },
};

function compute(model) {
  const { f, terms } = FUNCTIONS[model.get("name")];
  const [x, y] = [model.get("x"), model.get("y")];
  const values = terms().map(({ a, b, g }) => [a(x), b(y), g(a(x) + b(y))]);
  const added = values.slice(0, model.get("terms"));
  return {
    added: model.get("terms"),
    terms: values,
    sum: sum(added.map(([, , value]) => value)),
    value: f(x, y),
  };
}

// ---- the drawing -----------------------------------------------------------------------------

const places = Array.from({ length: 121 }, (_, i) => i / 60 - 1);

// A small graph in a box: axes, a curve, a dot on it, and a title above.
function graph(drawing, left, top, width, height, colour) {
  const name = svg("text", { x: left, y: top - 6, class: `small ${colour}` });
  const frame = svg("rect", { x: left, y: top, width, height, class: "grid" });
  const curve = svg("path", { class: `curve ${colour}`, style: "stroke-width: 1.8" });
  const drop = svg("path", { class: "axis dashed" });
  const dot = svg("circle", { r: 5, class: `handle ${colour}` });
  drawing.append(frame, name, curve, drop, dot);
  return (title, points, [x, y]) => {
    const ends = (k) => {
      const all = points.map((point) => point[k]);
      const [low, high] = [Math.min(...all), Math.max(...all)];
      const room = 0.08 * (high - low) || 1;
      return [low - room, high + room];
    };
    const X = scale(ends(0), [left, left + width]);
    const Y = scale(ends(1), [top + height, top]);
    name.textContent = title;
    set(curve, { d: plot(points, X, Y) });
    set(drop, { d: `M${X(x)} ${top + height}V${Y(y)}H${left}` });
    set(dot, { cx: X(x), cy: Y(y) });
  };
}

function build(drawing, width, height, model) {
  const gap = 26;
  const side = Math.min(200, (width - 20 - gap) / 2);
  const edge = (width - 2 * side - gap) / 2;
  const maps = [edge, edge + side + gap].map((left, k) => {
    const [X, Y] = square(1, left, 22, side);
    const [node, shade] = shading(X, Y, CELLS, 0.8);
    const cross = svg("circle", { r: 6, class: "handle ink" });
    const name = svg("text", { x: left, y: 14, class: "small strong" });
    const frame = svg("rect", { x: left, y: 22, width: side, height: side, class: "grid" });
    const area = svg("rect", {
      x: left,
      y: 22,
      width: side,
      height: side,
      class: "drag-area drag-plane",
      "data-drag": k ? "sum" : "target",
    });
    drag(area, (px, py) => {
      const on = (value) => Number((Math.round(clamp(value, -1, 1) / 0.05) * 0.05).toFixed(2));
      model.set("x", on(X.back(px)));
      write(model, "y", on(Y.back(py)));
    });
    drawing.append(name, node, frame, cross, area);
    return { X, Y, shade, cross, name };
  });
  const top = 22 + side + 44;
  const wide = (width - 20 - 2 * 22) / 3;
  const low = height - top - 12;
  const [first, second, last] = [0, 1, 2].map((k) =>
    graph(drawing, 10 + k * (wide + 22), top, wide, low, ["blue", "orange", "green"][k]),
  );
  const sign = (x, said) =>
    drawing.append(
      svg("text", { x, y: top + low / 2 + 5, "text-anchor": "middle", class: "strong" }, said),
    );
  sign(10 + wide + 11, "+");
  sign(10 + 2 * wide + 33, "→");
  const caption = svg("text", { x: 10, y: top - 24, class: "small strong" });
  drawing.append(caption);

  let shown = "";
  return ({ terms, added }) => {
    const [name, count] = [model.get("name"), Math.min(added, terms.length)];
    const { f, terms: list } = FUNCTIONS[name];
    const curves = list();
    const now = Math.max(count, 1) - 1;
    if (shown !== `${name} ${count}`) {
      shown = `${name} ${count}`;
      const top = Math.max(...places.flatMap((x) => places.map((y) => Math.abs(f(x, y)))));
      const part = (x, y) =>
        sum(curves.slice(0, count).map(({ a, b, g }) => g(a(x) + b(y)))) / top;
      maps[0].shade((x, y) => f(x, y) / top);
      maps[1].shade(part);
      maps[0].name.textContent = "the function";
      maps[1].name.textContent = `${count} of ${terms.length} term${terms.length > 1 ? "s" : ""}`;
    }
    for (const { X, Y, cross } of maps)
      set(cross, { cx: X(model.get("x")), cy: Y(model.get("y")) });
    const { a, b, g } = curves[now];
    const [u, v, w] = terms[now];
    const fine = name === "kolmogorov" ? samples((x) => x, -1, 1, 360).map(([x]) => x) : places;
    const along = (curve) => fine.map((x) => [x, curve(x)]);
    const sums = [...along(a).map(([, s]) => s), 0];
    const tops = along(b).map(([, s]) => s);
    const [from, to] = [
      Math.min(...sums.slice(0, -1)) + Math.min(...tops),
      Math.max(...sums.slice(0, -1)) + Math.max(...tops),
    ];
    caption.textContent = count ? `term ${now + 1}` : "the first term, not yet added";
    first("of x", along(a), [model.get("x"), u]);
    second("of y", along(b), [model.get("y"), v]);
    last("of the sum", samples(g, from, to, name === "kolmogorov" ? 1500 : 120), [u + v, w]);
  };
}

const MENU = [
  ["product", "product x y"],
  ["maximum", "larger of x and y"],
  ["distance", "distance from the middle"],
  ["toy", "exp(sin πx + y²)"],
  ["kolmogorov", "the same, by Kolmogorov"],
];

const shownTerms = (model) =>
  Math.min(model.get("terms"), FUNCTIONS[model.get("name")].terms().length);

const render = (context) =>
  figure(context, {
    label: "A function of two variables as a sum of curves of sums of curves",
    ask: [
      "Before you add the next term: ",
      "the first term of the product is (x + y)²/4. Where is it wrong, and what must the second one look like?",
    ],
    answer: ({ terms }) =>
      terms.length === 5
        ? "After five terms the map is a mosaic of roughly the right shape, and still far off: that was one round of correction. The inner curves are stairs, and would be the same for any other function."
        : "It is too large by exactly (x − y)²/4, which is again a curve of a sum. Each of these functions needs one or two smooth terms.",
    watch: ["name", "x", "y", "terms"],
    controls: (model) => [
      choice(model, "name", { label: "function", options: MENU }),
      slider(model, "x", { label: "x", min: -1, max: 1, step: 0.05 }),
      slider(model, "y", { label: "y", min: -1, max: 1, step: 0.05 }),
      buttons(
        [
          ["Add the next term", () => write(model, "terms", shownTerms(model) + 1), "more"],
          ["Take one away", () => write(model, "terms", shownTerms(model) - 1), "less"],
        ],
        ({ terms }, more, less) => {
          more.disabled = shownTerms(model) >= terms.length;
          less.disabled = shownTerms(model) <= 0;
        },
      ),
    ],
    height: (width) => Math.min(200, (width - 46) / 2) + (width < 480 ? 200 : 230),
    compute,
    build,
    describe: ({ terms, added, sum: total, value }) => {
      const count = Math.min(added, terms.length);
      const [u, v, w] = terms[Math.max(count, 1) - 1];
      return `Term ${Math.max(count, 1)}: ${fixed(u)} ${v < 0 ? "−" : "+"} ${fixed(Math.abs(v))} = ${fixed(u + v)}, and its curve makes ${fixed(w)} of it. Added so far: ${fixed(total)}; the function is ${fixed(value)}.`;
    },
  });

export default { render };
