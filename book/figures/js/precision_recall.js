// Two bells of scores, a threshold to drag, and what it means: confusion matrix, precision, recall,
// F score, and its place on the precision–recall curve.

const EXAMPLES = 400;
const BETAS = [0.2, 0.25, 0.3, 0.4, 0.5, 0.7, 1, 1.4, 2, 2.5, 3, 4, 5];
const SPAN = [-5, 5]; // of the scores on view
const BINS = 40;

const fScore = (precision, recall, beta) => {
  const weighted = beta ** 2 * precision + recall;
  return weighted === 0 ? 0 : ((1 + beta ** 2) * precision * recall) / weighted;
};

function drawScores(seed, prevalence, separation) {
  const positives = Math.round(prevalence * EXAMPLES);
  const part = (stream, count, shift) =>
    normals(2 * seed + stream, EXAMPLES)
      .subarray(0, count)
      .map((score) => score + shift);
  return [part(0, positives, separation / 2), part(1, EXAMPLES - positives, -separation / 2)];
}

// [threshold, recall, precision] at every score, increasing, and the end point: nothing is called
// positive.
function curveOf(high, low) {
  const all = [...[...high].map((s) => [s, 1]), ...[...low].map((s) => [s, 0])];
  all.sort(([a], [b]) => b - a);
  let hits = 0;
  const points = all.map(([score, label], i) => {
    hits += label;
    return [score, hits / high.length, hits / (i + 1)];
  });
  return [...points.reverse(), [Infinity, 0, 1]];
}

function compute(model) {
  const get = (name) => model.get(name);
  const [separation, prevalence, threshold] = [
    get("separation"),
    get("prevalence"),
    get("threshold"),
  ];
  const [high, low] = drawScores(get("seed"), prevalence, separation);
  const points = curveOf(high, low);
  const beta = get("beta");
  const [, recall, precision] = points.find(([score]) => score >= threshold);
  const scored = points.map(([score, r, p]) => [score, fScore(p, r, beta)]);
  const best = scored.reduce((top, one) => (one[1] > top[1] ? one : top));
  const above = (scores) => scores.filter((score) => score >= threshold).length;
  const [hits, alarms] = [above(high), above(low)];
  return {
    separation,
    prevalence,
    threshold,
    beta,
    counts: [
      [low.length - alarms, alarms],
      [high.length - hits, hits],
    ],
    precision,
    recall,
    accuracy: (hits + low.length - alarms) / EXAMPLES,
    f: fScore(precision, recall, beta),
    best,
    curve: points.filter((_, i) => i % 10 === 0).map(([, r, p]) => [r, p]),
    seed: get("seed"),
  };
}

// ---- drawing -------------------------------------------------------------------------------

function build(drawing, width, height, model) {
  const wide = width >= 600;
  const half = wide ? width * 0.54 : width;
  const drawBells = buildBells(drawing, [8, half - 8], [24, 204], model);
  const drawCounts = buildCounts(drawing, { left: 8, right: half - 8, top: 248 });
  const size = wide ? width - half - 50 : Math.min(width - 60, 280);
  const corner = wide ? { left: half + 40, top: 24 } : { left: 44, top: 446 };
  const drawCurve = buildCurve(drawing, { ...corner, size }, model);
  return (state) => {
    const [high, low] = drawScores(state.seed, state.prevalence, state.separation);
    drawBells(state, high, low);
    drawCounts(state);
    drawCurve(state, curveOf(high, low));
  };
}

// Positives stand up, negatives hang down; what lies right of the threshold is called positive.
function buildBells(drawing, [left, right], [top, bottom], model) {
  const S = scale(SPAN, [left, right]);
  const Y = scale([-1, 1], [bottom, top]);
  const wash = svg("rect", { y: top, height: bottom - top, class: "area green-fill" });
  const bells = [svg("path", { class: "blue-fill" }), svg("path", { class: "orange-fill" })];
  const line = svg("line", { y1: top - 4, y2: bottom + 4, class: "curve green" });
  const knob = svg("circle", { cy: top - 6, r: 8, class: "handle green" });
  const text = (x, y, kind, anchor, words) =>
    svg("text", { x, y, class: `small strong halo ${kind}`, "text-anchor": anchor }, words);
  const called = text(0, bottom + 2, "green", "start", "called positive →");
  drawing.append(wash);
  clipped(drawing, S, Y, ...bells);
  drawing.append(
    svg("line", { x1: left, x2: right, y1: Y(0), y2: Y(0), class: "axis" }),
    ...[-4, -2, 0, 2].map((score) =>
      svg(
        "text",
        { x: S(score), y: bottom + 20, "text-anchor": "middle", class: "small" },
        fixed(score, 0),
      ),
    ),
    svg("text", { x: right, y: bottom + 20, "text-anchor": "end", class: "small" }, "score"),
    text(left, top + 10, "blue", "start", "positives"),
    text(left, bottom - 2, "orange", "start", "negatives"),
    line,
    knob,
    called,
    dragArea(S, Y, (x) => write(model, "threshold", Math.round(clamp(S.back(x), -4, 4) * 20) / 20)),
  );
  return ({ threshold }, high, low) => {
    const counts = [high, low].map(histogram);
    const most = Math.max(...counts.flat(), 1);
    counts.forEach((count, at) => set(bells[at], { d: staircase(count, most, at ? -1 : 1, S, Y) }));
    const x = S(threshold);
    set(wash, { x, width: right - x });
    set(line, { x1: x, x2: x });
    set(knob, { cx: x });
    const room = x < right - 110;
    set(called, { x: room ? x + 6 : right, "text-anchor": room ? "start" : "end" });
  };
}

function histogram(scores) {
  const counts = new Array(BINS).fill(0);
  for (const score of scores) {
    const at = Math.floor(((score - SPAN[0]) / (SPAN[1] - SPAN[0])) * BINS);
    counts[clamp(at, 0, BINS - 1)] += 1;
  }
  return counts;
}

function staircase(counts, most, side, S, Y) {
  const edge = (i) => S(SPAN[0] + (i / BINS) * (SPAN[1] - SPAN[0]));
  const steps = counts.flatMap((count, i) => {
    const y = Y((0.92 * side * count) / most);
    return [
      [edge(i), y],
      [edge(i + 1), y],
    ];
  });
  return `${path([[S.ends[0], Y(0)], ...steps, [S.ends[1], Y(0)]])}Z`;
}

// The confusion matrix: rows are the truth, columns what was called.
function buildCounts(drawing, { left, right, top }) {
  const names = Math.min(96, (right - left) * 0.3);
  const cell = { width: (right - left - names) / 2, height: 52 };
  const at = (i, j) => [left + names + j * cell.width, top + 24 + i * cell.height];
  const words = (x, y, text, kind, anchor = "middle") =>
    svg("text", { x, y, class: kind, "text-anchor": anchor }, text);
  const row = (i, text, kind) => {
    const [, y] = at(i, 0);
    return words(left, y + 31, text, `small strong ${kind}`, "start");
  };
  const column = (j, text) => words(at(0, j)[0] + cell.width / 2, top + 14, text, "small strong");
  drawing.append(column(0, "called negative"), column(1, "called positive"));
  drawing.append(row(0, "negatives", "orange"), row(1, "positives", "blue"));
  const kinds = [
    ["true negatives", "false positives"],
    ["false negatives", "true positives"],
  ];
  const cells = kinds.map((line, i) =>
    line.map((kind, j) => {
      const [x, y] = at(i, j);
      const tint = svg("rect", { x, y, ...cell, class: `${i ? "blue" : "orange"}-fill` });
      const number = words(x + cell.width / 2, y + 25, "", "strong halo");
      drawing.append(
        tint,
        svg("rect", { x, y, ...cell, class: "grid" }),
        number,
        words(x + cell.width / 2, y + 42, kind, "small halo"),
      );
      return { tint, number };
    }),
  );
  return ({ counts }) =>
    cells.forEach((line, i) =>
      line.forEach(({ tint, number }, j) => {
        number.textContent = counts[i][j];
        set(tint, { opacity: (0.45 * counts[i][j]) / Math.max(1, sum(counts[i])) });
      }),
    );
}

function buildCurve(drawing, { left, top, size }, model) {
  const R = scale([0, 1], [left, left + size]);
  const P = scale([0, 1], [top + size, top]);
  const curve = svg("path", { class: "curve blue" });
  const baseline = svg("line", { x1: R(0), x2: R(1), class: "curve orange dashed" });
  const name = svg("text", { x: R(0) + 6, class: "small orange halo" }, "chance: the prevalence");
  const best = svg("circle", { r: 9, class: "curve ink", "stroke-dasharray": "3 3" });
  const point = svg("circle", { r: 8, class: "handle green" });
  const marks = [0, 0.5, 1];
  drawing.append(
    axes(R, P, { x: marks, y: marks }),
    svg("text", { x: left, y: top - 8, class: "strong" }, "precision"),
    svg(
      "text",
      { x: left + size, y: top + size + 34, "text-anchor": "end", class: "strong" },
      "recall",
    ),
  );
  let points = [];
  const pull = (x) => {
    const recall = R.back(x);
    const away = points.slice(0, -1).map(([, r]) => Math.abs(r - recall));
    const [threshold] = points[away.indexOf(Math.min(...away))];
    write(model, "threshold", Math.floor(clamp(threshold, -4, 4) * 100) / 100);
  };
  drawing.append(baseline, name, curve, best, point, dragArea(R, P, pull));
  return ({ prevalence, precision, recall, best: [threshold] }, all) => {
    points = all;
    set(curve, {
      d: plot(
        all.map(([, r, p]) => [r, p]),
        R,
        P,
      ),
    });
    const y = P(Math.round(prevalence * EXAMPLES) / EXAMPLES);
    set(baseline, { y1: y, y2: y });
    set(name, { y: y < top + size - 24 ? y + 16 : y - 7 });
    set(point, { cx: R(recall), cy: P(precision) });
    const [, r, p] = all.find(([score]) => score === threshold);
    set(best, { cx: R(r), cy: P(p) });
  };
}

// ---- in words ------------------------------------------------------------------------------

function describe({ counts, precision, recall, accuracy, beta, f, best, threshold }) {
  const [[, alarms], [missed, hits]] = counts;
  const called = hits + alarms;
  const named = called
    ? `precision = ${hits}/${called} = ${fixed(precision)}`
    : "nothing is called positive, so precision counts as 1";
  return (
    `Threshold ${fixed(threshold)}: ${named}, recall = ${hits}/${hits + missed} = ${fixed(recall)}, ` +
    `accuracy ${fixed(accuracy)}. F with β = ${beta} is ${fixed(f)}. ` +
    `The best threshold for F, ringed with dashes, is ${fixed(best[0])}, where it is ${fixed(best[1])}.`
  );
}

const render = (context) =>
  figure(context, {
    label:
      "Scores of positives and negatives, a threshold, the confusion matrix and the precision–recall curve",
    ask: [
      "Before you make the positives rarer: ",
      "bells and threshold stay where they are. What happens to recall, and what to precision?",
    ],
    answer: () =>
      "Recall stays, but for chance: it looks at the positives only. " +
      "Precision falls with the prevalence, since the same share of ever more negatives is called positive.",
    watch: ["separation", "prevalence", "threshold", "beta", "seed"],
    controls: (model) => [
      slider(model, "threshold", { label: "threshold", min: -4, max: 4, step: 0.05 }),
      slider(model, "prevalence", {
        label: "prevalence",
        min: 0.02,
        max: 0.6,
        step: 0.01,
        text: (share) => `${Math.round(100 * share)} %`,
      }),
      slider(model, "separation", { label: "separation", min: 0, max: 4, step: 0.1 }),
      ladder(model, "beta", "β of the F score", BETAS),
      buttons([["Draw new examples", () => write(model, "seed", model.get("seed") + 1), "seed"]]),
    ],
    height: (width) => (width >= 600 ? 384 : 446 + Math.min(width - 60, 280) + 44),
    compute,
    build,
    describe,
  });

export default { render };
