// Four scores that a reader drags, the probabilities that softmax makes of them at a temperature,
// and the Jacobian as a heat map.

const KEYS = ["z1", "z2", "z3", "z4"];
const LOW = ["₁", "₂", "₃", "₄"];
const LIMIT = 4; // scores go from −4 to 4

function compute(model) {
  const z = KEYS.map((key) => model.get(key));
  const temperature = model.get("temperature");
  const top = Math.max(...z);
  const e = z.map((one) => Math.exp((one - top) / temperature));
  const p = e.map((one) => one / sum(e));
  const entropy = -sum(p.map((one) => (one > 0 ? one * Math.log(one) : 0)));
  const jacobian = p.map((p_i, i) =>
    p.map((p_j, j) => (p_i * (i === j ? 1 : 0) - p_i * p_j) / temperature),
  );
  return { z, temperature, p, jacobian, entropy };
}

function build(drawing, width, height, model) {
  const wide = width >= 600;
  const half = wide ? width * 0.52 : width;
  const showBars = buildBars(drawing, [30, half - 4], model);
  const size = Math.min(wide ? width - half - 50 : width - 44, 240);
  const [left, top] = wide ? [width - 4 - size, 56] : [34, 394];
  const showMap = buildMap(drawing, left, top, size);
  return (state) => {
    showBars(state);
    showMap(state);
  };
}

function buildBars(drawing, [left, right], model) {
  const Z = scale([-LIMIT, LIMIT], [160, 26]);
  const P = scale([0, 1], [306, 206]);
  const X = scale([0, 4], [left, right]);
  const thick = Math.min(44, (X(1) - X(0)) * 0.55);
  drawing.append(
    svg("text", { x: left, y: 13, class: "strong blue" }, "scores z: drag them"),
    axes(X, Z, { y: [-4, 0, 4] }),
    svg("text", { x: left, y: 192, class: "strong orange" }, "probabilities p"),
    axes(X, P, { y: [0, 0.5, 1] }),
  );
  const columns = KEYS.map((key, i) => {
    const middle = X(i + 0.5);
    const parts = {
      score: svg("rect", { x: middle - thick / 2, width: thick, class: "blue-fill", opacity: 0.35 }),
      knob: svg("circle", { cx: middle, r: 8, class: "handle blue" }),
      share: svg("rect", { x: middle - thick / 2, width: thick, class: "orange-fill", opacity: 0.6 }),
      number: svg("text", { x: middle, "text-anchor": "middle", class: "small halo" }),
    };
    const grip = svg("rect", {
      x: X(i),
      y: 20,
      width: X(1) - X(0),
      height: 150,
      class: "drag-area drag-up",
      "data-drag": key,
    });
    drag(grip, (_, y) =>
      write(model, key, Math.round(10 * clamp(Z.back(y), -LIMIT, LIMIT)) / 10),
    );
    drawing.append(
      parts.score,
      parts.knob,
      parts.share,
      parts.number,
      svg("text", { x: middle, y: 324, "text-anchor": "middle", class: "small" }, `class ${i + 1}`),
      grip,
    );
    return parts;
  });
  return ({ z, p }) =>
    columns.forEach(({ score, knob, share, number }, i) => {
      set(score, { y: Math.min(Z(0), Z(z[i])), height: Math.abs(Z(z[i]) - Z(0)) });
      set(knob, { cy: Z(z[i]) });
      set(share, { y: P(p[i]), height: P(0) - P(p[i]) });
      set(number, { y: P(p[i]) - 5 });
      number.textContent = fixed(p[i], 3);
    });
}

function buildMap(drawing, left, top, size) {
  const cell = size / 4;
  const middle = (i) => (i + 0.5) * cell;
  drawing.append(
    svg("text", { x: left, y: top - 28, class: "strong" }, "Jacobian ∂pᵢ/∂zⱼ"),
    ...LOW.flatMap((low, i) => [
      svg("text", { x: left + middle(i), y: top - 8, "text-anchor": "middle" }, `z${low}`),
      svg("text", { x: left - 8, y: top + middle(i) + 4, "text-anchor": "end" }, `p${low}`),
    ]),
  );
  const cells = LOW.map((_, i) =>
    LOW.map((_, j) => {
      const square = svg("rect", {
        x: left + j * cell + 1,
        y: top + i * cell + 1,
        width: cell - 2,
        height: cell - 2,
        rx: 3,
      });
      const number = svg("text", {
        x: left + middle(j),
        y: top + middle(i) + 4,
        "text-anchor": "middle",
        class: "small",
      });
      drawing.append(
        square,
        svg("rect", {
          x: left + j * cell + 1,
          y: top + i * cell + 1,
          width: cell - 2,
          height: cell - 2,
          rx: 3,
          class: "grid",
        }),
        number,
      );
      return { square, number };
    }),
  );
  return ({ jacobian }) =>
    cells.forEach((row, i) =>
      row.forEach(({ square, number }, j) => {
        const value = jacobian[i][j];
        // ¼ is the most that is possible at temperature 1; a faint cell still shows its sign.
        const strength = Math.min(1, Math.abs(value) / 0.25) ** 0.7;
        set(square, {
          class: value < 0 ? "orange-fill" : "blue-fill",
          opacity: 0.5 * strength,
        });
        number.textContent = fixed(value, 3);
      }),
    );
}

function describe({ p, jacobian, entropy, temperature }) {
  const own = jacobian.map((row, i) => row[i]);
  const first = own.indexOf(Math.max(...own));
  return (
    `At temperature ${fixed(temperature, 1)} class ${p.indexOf(Math.max(...p)) + 1} leads with ${fixed(Math.max(...p), 3)}; ` +
    `the entropy of p is ${fixed(entropy, 3)} of at most log 4 = 1.386. ` +
    `Most sensitive to its own score is class ${first + 1}, ∂p/∂z = ${fixed(own[first], 3)}. Every row and every column sums to 0.`
  );
}

const render = (context) =>
  figure(context, {
    label: "Softmax of four scores at a temperature, and its Jacobian as a heat map",
    ask: [
      "Before you drag a score: ",
      "raise z₂ a little. Which probabilities fall, and which of them falls most?",
    ],
    answer: () =>
      "All others fall, each by p₂ times its own share: the leader loses most. Where one class has nearly " +
      "all, every entry is near 0, and no score matters much.",
    watch: [...KEYS, "temperature"],
    controls: (model) => [
      ...KEYS.map((key, i) =>
        slider(model, key, {
          label: `score z${LOW[i]}`,
          min: -LIMIT,
          max: LIMIT,
          step: 0.1,
          text: (value) => fixed(value, 1),
        }),
      ),
      slider(model, "temperature", {
        label: "temperature",
        min: 0.2,
        max: 5,
        step: 0.1,
        text: (value) => fixed(value, 1),
      }),
    ],
    height: (width) => (width >= 600 ? 336 : 402 + Math.min(width - 44, 240)),
    compute,
    build,
    describe,
  });

export default { render };
