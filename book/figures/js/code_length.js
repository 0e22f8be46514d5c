// Four symbols as columns: as wide as they are frequent, as high as their code words are long.
// Area is the average length of a message's symbol; green is the least possible, the entropy.

const SYMBOLS = ["A", "B", "C", "D"];
const KEYS = ["a", "b", "c", "d"];
const LONGEST = 6; // bits on the upright axis
const [LEAST, MOST] = [0.01, 1]; // of a weight

const SOURCES = {
  halves: ["½, ¼, ⅛, ⅛", [1 / 2, 1 / 4, 1 / 8, 1 / 8]],
  alike: ["all alike, ¼ each", [1 / 4, 1 / 4, 1 / 4, 1 / 4]],
  favourite: ["one favourite: 0.7, 0.1, 0.1, 0.1", [0.7, 0.1, 0.1, 0.1]],
  certain: ["always A", [1, 0, 0, 0]],
};

const bits = (probability) => -Math.log2(probability);
const times = (p, length) => (p > 0 ? p * length : 0);

function compute(model) {
  const p = SOURCES[model.get("source")][1];
  const weights = KEYS.map((key) => model.get(key));
  const q = weights.map((weight) => weight / sum(weights));
  const lengths = q.map(bits);
  const floor = sum(p.map((p_i) => times(p_i, bits(p_i))));
  const average = sum(p.map((p_i, i) => times(p_i, lengths[i])));
  const distance = sum(p.map((p_i, i) => Math.abs(p_i - q[i]))) / 2;
  const excess = sum(p.map((p_i, i) => times(p_i, Math.log2(p_i / q[i]))));
  return { p, q, lengths, floor, average, excess, distance };
}

// The weight that gives symbol i the probability q while the others keep their proportions.
function weightFor(model, i, q) {
  const others = sum(KEYS.filter((_, k) => k !== i).map((key) => model.get(key)));
  return clamp((q / (1 - q)) * others, LEAST, MOST);
}

function build(drawing, width, height, model) {
  const [left, right] = [30, width - 6];
  const X = scale([0, 1], [left, right]);
  const Y = scale([0, LONGEST], [236, 24]);
  const columns = SYMBOLS.map((symbol, i) => {
    const parts = {
      floor: svg("rect", { class: "green-fill", opacity: 0.3 }),
      gap: svg("rect", { class: "orange-fill", opacity: 0.35 }),
      side: svg("line", { class: "grid" }),
      name: svg("text", { y: 253, "text-anchor": "middle", class: "strong" }, symbol),
      share: svg("text", { y: 270, "text-anchor": "middle", class: "small" }),
      top: svg("line", { class: "curve orange" }),
      knob: svg("circle", { r: 8, class: "handle orange" }),
      grip: svg("rect", {
        y: 14,
        height: 230,
        class: "drag-area drag-up",
        "data-drag": KEYS[i],
      }),
    };
    drag(parts.grip, (_, y) => {
      const q = 2 ** -clamp(Y.back(y), 0.05, LONGEST);
      write(model, KEYS[i], Math.round(1000 * weightFor(model, i, q)) / 1000);
    });
    return parts;
  });
  drawing.append(
    svg("text", { x: left, y: 13, class: "strong" }, "bits of each code word"),
    axes(X, Y, { y: [0, 2, 4, 6] }),
  );
  for (const part of ["floor", "gap", "side", "name", "share", "top", "knob", "grip"])
    drawing.append(...columns.map((column) => column[part]));
  const showSum = buildSum(drawing, [left, right], height);

  return (state) => {
    let from = 0;
    columns.forEach((column, i) => {
      showColumn(column, X(from), X(from + state.p[i]), state.p[i], state.lengths[i], Y);
      from += state.p[i];
    });
    showSum(state);
  };
}

function showColumn({ floor, gap, side, name, share, top, knob, grip }, x1, x2, p, length, Y) {
  const [width, middle] = [x2 - x1, (x1 + x2) / 2];
  const best = p > 0 ? bits(p) : 0;
  const shown = Math.min(length, LONGEST);
  set(floor, { x: x1, width, y: Y(best), height: Y(0) - Y(best) });
  // What a word is too long; where it is shorter than the best, green looks out above the bar.
  set(gap, { x: x1, width, y: Y(shown), height: Math.max(0, Y(best) - Y(shown)) });
  set(side, { x1: x2, x2, y1: Y(0), y2: Y(LONGEST) });
  set(name, { x: middle });
  set(share, { x: middle });
  share.textContent = fixed(p, p === 1 / 8 ? 3 : 2);
  set(top, { x1: x1 + 1, x2: x2 - 1, y1: Y(shown), y2: Y(shown) });
  set(knob, { cx: middle, cy: Y(shown) });
  set(grip, { x: x1, width });
  for (const node of [name, share, top, knob, grip])
    node.style.display = p > 0 ? "" : "none"; // a symbol that never comes has no width
}

// The two areas once more, laid end to end: entropy, then what q costs on top of it.
function buildSum(drawing, [left, right], height) {
  const S = scale([0, LONGEST], [left, right]);
  const y = height - 46;
  const floor = svg("rect", { x: left, y, height: 18, class: "green-fill", opacity: 0.45 });
  const excess = svg("rect", { y, height: 18, class: "orange-fill", opacity: 0.5 });
  const mark = svg("text", { y: y + 13, class: "small" });
  drawing.append(
    svg("text", { x: left, y: y - 8, class: "strong green" }, "entropy (green area)"),
    svg(
      "text",
      { x: right, y: y - 8, "text-anchor": "end", class: "strong orange" },
      "KL on top of it",
    ),
    axes(S, scale([0, 1], [y + 18, y]), { x: [0, 2, 4, 6] }),
    floor,
    excess,
    mark,
  );
  return ({ floor: bottom, average }) => {
    set(floor, { width: S(bottom) - left });
    const end = S(Math.min(average, LONGEST));
    set(excess, { x: S(bottom), width: Math.max(0, end - S(bottom)) });
    const late = end > right - 70;
    set(mark, { x: late ? end - 6 : end + 6, "text-anchor": late ? "end" : "start" });
    mark.textContent = `${fixed(average)} bits`;
  };
}

function describe({ q, floor, excess, average, distance }) {
  const shares = q.map((one) => fixed(one)).join(", ");
  const verdict =
    excess < 5e-4
      ? "No code is shorter: q is p."
      : `That is KL = ${fixed(excess, 3)} bits more than it need be.`;
  return (
    `A code made for q = (${shares}) takes ${fixed(average, 3)} bits a symbol, the cross-entropy; ` +
    `the entropy of p is ${fixed(floor, 3)}. ${verdict} Half the sum of |p − q| is ${fixed(distance, 3)}.`
  );
}

const render = (context) =>
  figure(context, {
    label: "Lengths of code words for four symbols, and their average, the cross-entropy",
    ask: [
      "Before you drag an orange bar: ",
      "a shorter word for A makes the others longer. How short can the average become?",
    ],
    answer: ({ floor }) =>
      `No shorter than ${fixed(floor, 2)} bits, the green area, and only when each orange bar lies on the ` +
      "green: q = p. The floor is 0 for one source only, the one that always says A.",
    watch: ["source", ...KEYS],
    controls: (model) => [
      choice(model, "source", {
        label: "source p",
        options: Object.entries(SOURCES).map(([name, [text]]) => [name, text]),
      }),
      ...KEYS.map((key, i) =>
        slider(model, key, {
          label: `weight of ${SYMBOLS[i]} in q`,
          min: LEAST,
          max: MOST,
          step: 0.005,
        }),
      ),
    ],
    height: () => 356,
    compute,
    build,
    describe,
  });

export default { render };
