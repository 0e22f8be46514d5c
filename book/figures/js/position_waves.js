// Sinusoidal positions as waves, one position that the reader moves and another at a distance, and
// the product of that position with all.

const PLACES = 96;

function sinusoid(t, d) {
  return Array.from({ length: d }, (_, j) => {
    const angle = t / 10000 ** ((j - (j % 2)) / d);
    return j % 2 ? Math.cos(angle) : Math.sin(angle);
  });
}

const product = (a, b) => sum(a.map((one, i) => one * b[i]));

function compute(model) {
  const d = 2 ** model.get("width");
  const position = model.get("position");
  const here = sinusoid(position, d);
  const curve = Array.from({ length: PLACES }, (_, t) => product(here, sinusoid(t, d)));
  const other = position + model.get("distance");
  return { d, position, other, here, curve, product: curve[other] };
}

function build(drawing, width, height, model) {
  const canvas = matrixCanvas(drawing, width, height);
  const [left, top, high] = [34, 24, 160];
  const right = width - 9;
  const X = scale([0, PLACES], [left, right]);
  const base = height - 38;
  const area = svg("rect", {
    x: left,
    y: top,
    width: right - left,
    height: base - top,
    class: "drag-area",
    "data-drag": "position",
  });
  drag(area, (x) => write(model, "position", clamp(Math.floor(X.back(x)), 0, 63)));
  const column = (colour) =>
    svg("rect", { y: top, width: X(1) - X(0), height: high, class: colour, fill: "none" });
  const marks = [column("ink"), column("green")];
  const names = ["fast", "slow"].map((said, i) => {
    const place = { x: left - 5, y: top + (i ? high - 2 : 12), "text-anchor": "end" };
    return svg("text", { ...place, class: "small" }, said);
  });
  const curve = svg("path", { class: "curve ink" });
  const grid = svg("g");
  const dots = [
    svg("circle", { r: 6, class: "ink-fill" }),
    svg("circle", { r: 6, class: "green-fill" }),
  ];
  const heading = svg("text", { x: left, y: 14, class: "strong" });
  drawing.append(
    heading,
    svg("text", { x: left, y: top + high + 24, class: "strong" }, "product with every position"),
    ...names,
    ...marks,
    grid,
    curve,
    ...dots,
    area,
  );
  let painted = null;

  return (state) => {
    const { d, position, other } = state;
    heading.textContent = `positions 0 to ${PLACES - 1}, ${d} numbers each`;
    if (painted?.rows !== d) {
      painted = matrix(d, PLACES);
      for (let t = 0; t < PLACES; t++)
        sinusoid(t, d).forEach((value, j) => (painted.at[j * PLACES + t] = value));
      canvas.clear();
      canvas.paint(painted, left, top, [X(1) - X(0), high / d], 1);
    }
    const low = Math.min(-d / 4, ...state.curve);
    const Y = scale([low, d / 2], [base, top + high + 36]);
    grid.replaceChildren(axes(X, Y, { x: [0, 32, 64, 96], y: [0, d / 4, d / 2], xTitle: "position" }));
    const middle = (t) => X(t + 0.5);
    set(curve, { d: path(state.curve.map((value, t) => [middle(t), Y(value)])) });
    [position, other].forEach((t, i) => {
      set(marks[i], { x: X(t), "stroke-width": 2 });
      set(dots[i], { cx: middle(t), cy: Y(state.curve[t]) });
    });
  };
}

const describe = ({ d, position, other, product }) =>
  `Position ${position} times position ${other}, ${other - position} further on: ${fixed(product, 4)}. ` +
  `It is the sum of cos(ωᵢ · ${other - position}) over ${d === 2 ? "one frequency ωᵢ" : `${d / 2} frequencies ωᵢ`}, in which ${position} does not occur. ` +
  `A position times itself is ${d / 2}.`;

const render = (context) =>
  figure(context, {
    label: "Sinusoidal positions, and the product of one position with all",
    ask: [
      "Before you move the position: ",
      "the other, framed green, keeps its distance. What will the product of the two do?",
    ],
    answer: () =>
      "It stays: the curve is carried along without changing its shape. Only the distance matters, because each pair of sine and cosine is turned by an angle that belongs to the distance.",
    watch: ["position", "distance", "width"],
    controls: (model) => [
      slider(model, "position", { label: "position", min: 0, max: 63, step: 1, text: String }),
      slider(model, "distance", { label: "distance", min: 0, max: 32, step: 1, text: String }),
      choice(model, "width", {
        label: "numbers d",
        options: Array.from({ length: 6 }, (_, e) => [e + 1, String(2 ** (e + 1))]),
      }),
    ],
    height: (width) => (width < 480 ? 374 : 404),
    compute,
    build,
    describe,
  });

export default { render };
