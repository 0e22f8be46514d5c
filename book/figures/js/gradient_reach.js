// What is left of a gradient on its way back through random nets of three kinds.

const H = 10;
const T = 60;
const LOWEST = -12; // exponents of ten on the axis
const HIGHEST = 6;
const KINDS = [
  ["rnn", "orange", "plain"],
  ["lstm", "blue", "LSTM"],
  ["gru", "green", "GRU"],
];

const sigmoid = (z) => 1 / (1 + Math.exp(-z));
const norm = (...vectors) => Math.sqrt(sum(vectors.flatMap((v) => v.map((x) => x * x))));
const range = (n, f) => Array.from({ length: n }, (_, k) => f(k));

// Row j of the product of rows [from, from + n) of a matrix with H columns and a vector.
const times = (W, n, v) =>
  range(n, (j) => {
    let total = 0;
    for (let k = 0; k < H; k++) total += W[j * H + k] * v[k];
    return total;
  });

const back = (W, v) =>
  range(H, (k) => {
    let total = 0;
    for (let j = 0; j < v.length; j++) total += W[j * H + k] * v[j];
    return total;
  });

const REACH = {
  rnn({ W, drive, v }) {
    const states = [];
    for (let t = 0, h = new Array(H).fill(0); t < T; t++) {
      h = times(W, H, h).map((z, j) => Math.tanh(z + drive(t, j)));
      states.push(h);
    }
    let d = v;
    return states.reverse().map((h) => {
      d = back(W, d.map((x, j) => x * (1 - h[j] ** 2)));
      return norm(d);
    });
  },
  lstm({ W, drive, v, bias }) {
    const steps = [];
    let h = new Array(H).fill(0);
    let c = h;
    for (let t = 0; t < T; t++) {
      const z = times(W, 4 * H, h).map((one, j) => one + drive(t, j));
      const gate = (block, shift = 0) => range(H, (j) => sigmoid(z[block * H + j] + shift));
      const [i, f, o] = [gate(0), gate(1, bias), gate(3)];
      const g = range(H, (j) => Math.tanh(z[2 * H + j]));
      const next = c.map((old, j) => f[j] * old + i[j] * g[j]);
      const u = next.map(Math.tanh);
      steps.push({ i, f, g, o, u, c });
      c = next;
      h = u.map((one, j) => o[j] * one);
    }
    let [dh, dc] = [v, new Array(H).fill(0)];
    return steps.reverse().map((s) => {
      const all = dc.map((x, j) => x + dh[j] * s.o[j] * (1 - s.u[j] ** 2));
      const dz = [
        ...all.map((x, j) => x * s.g[j] * s.i[j] * (1 - s.i[j])),
        ...all.map((x, j) => x * s.c[j] * s.f[j] * (1 - s.f[j])),
        ...all.map((x, j) => x * s.i[j] * (1 - s.g[j] ** 2)),
        ...dh.map((x, j) => x * s.u[j] * s.o[j] * (1 - s.o[j])),
      ];
      dc = all.map((x, j) => x * s.f[j]);
      dh = back(W, dz);
      return norm(dh, dc);
    });
  },
  gru({ W, drive, v, bias }) {
    const steps = [];
    for (let t = 0, h = new Array(H).fill(0); t < T; t++) {
      const s = times(W, 3 * H, h);
      const r = range(H, (j) => sigmoid(s[j] + drive(t, j)));
      const z = range(H, (j) => sigmoid(s[H + j] + drive(t, H + j) + bias));
      const q = s.slice(2 * H);
      const n = range(H, (j) => Math.tanh(drive(t, 2 * H + j) + r[j] * q[j]));
      steps.push({ r, z, q, n, h });
      h = h.map((old, j) => (1 - z[j]) * n[j] + z[j] * old);
    }
    let d = v;
    return steps.reverse().map(({ r, z, q, n, h }) => {
      const a_n = d.map((x, j) => x * (1 - z[j]) * (1 - n[j] ** 2));
      const ds = [
        ...a_n.map((x, j) => x * q[j] * r[j] * (1 - r[j])),
        ...d.map((x, j) => x * (h[j] - n[j]) * z[j] * (1 - z[j])),
        ...a_n.map((x, j) => x * r[j]),
      ];
      d = back(W, ds).map((x, j) => x + d[j] * z[j]);
      return norm(d);
    });
  },
};

function compute(model) {
  const drawn = normals(model.get("seed"), 4 * H + 4 * H * H + T + H);
  const W_ih = drawn.subarray(0, 4 * H);
  const size = model.get("scale") / Math.sqrt(H);
  const W = drawn.subarray(4 * H, 4 * H + 4 * H * H).map((w) => w * size);
  const X = drawn.subarray(4 * H + 4 * H * H, 4 * H + 4 * H * H + T);
  const raw = [...drawn.subarray(drawn.length - H)];
  const v = raw.map((x) => x / norm(raw));
  const given = { W, v, bias: model.get("bias"), drive: (t, j) => 0.5 * W_ih[j] * X[t] };
  return {
    at: model.get("back"),
    sizes: Object.fromEntries(KINDS.map(([key]) => [key, [1, ...REACH[key](given)]])),
  };
}

function build(drawing, width, height, model) {
  const X = scale([T, 0], [44, width - 14]); // the past lies on the left
  const Y = scale([LOWEST, HIGHEST], [height - 44, 28]);
  const text = (x, y, kind, said, anchor = "start") =>
    svg("text", { x, y, class: kind, "text-anchor": anchor }, said);
  const curves = KINDS.map(([key, colour]) => {
    const curve = svg("path", { class: `curve ${colour}`, "data-kind": key });
    const dot = svg("circle", { r: 6, class: `handle ${colour}` });
    const name = text(0, 0, `small halo ${colour}`, "", "start");
    return { key, curve, dot, name };
  });
  const guide = svg("line", { y1: Y(LOWEST), y2: Y(HIGHEST), class: "axis dashed" });
  drawing.append(
    text(0, 14, "strong", "size of the gradient"),
    axes(X, Y, {
      x: [60, 40, 20, 0],
      y: [-12, -9, -6, -3, 0, 3, 6],
      yText: (e) => `10${raised(e)}`,
    }),
    text(width / 2, height - 8, "small", "steps back", "middle"),
    guide,
  );
  clipped(drawing, X, Y, ...curves.map((one) => one.curve));
  drawing.append(...curves.flatMap(({ dot, name }) => [dot, name]));
  drawing.append(
    dragArea(X, Y, (x) => write(model, "back", clamp(Math.round(X.back(x)), 0, T))),
  );

  return ({ sizes, at }) => {
    set(guide, { x1: X(at), x2: X(at) });
    const log = (value) => Math.log10(Math.max(value, 1e-300));
    const ends = curves.map(({ key }) => clamp(log(sizes[key][T - 4]), LOWEST, HIGHEST));
    const order = [0, 1, 2].sort((a, b) => ends[b] - ends[a]);
    let last = -Infinity;
    for (const k of order) {
      const { key, curve, dot, name } = curves[k];
      set(curve, { d: plot(sizes[key].map((size, t) => [t, log(size)]), X, Y) });
      set(dot, { cx: X(at), cy: Y(clamp(log(sizes[key][at]), LOWEST, HIGHEST)) });
      const y = Math.max(Y(ends[k]) - 6, last + 16);
      set(name, { x: X(T) + 6, y: clamp(y, Y(HIGHEST) + 12, Y(LOWEST) - 2) });
      last = y;
      name.textContent = KINDS[k][2];
    }
  };
}

const render = (context) =>
  figure(context, {
    label: "The size of a gradient on its way back through a plain net, an LSTM and a GRU",
    ask: [
      "Before you move the bias: ",
      "at forget bias 0, does the gradient reach farther in the LSTM than in the plain net?",
    ],
    answer: () =>
      "At bias 0 not by much: the gates stand near one half, and after sixty steps little is left in any of the three. From bias 3 on a good part survives.",
    watch: ["bias", "scale", "back", "seed"],
    controls: (model) => [
      slider(model, "bias", { label: "forget bias", min: -2, max: 6, step: 0.25 }),
      slider(model, "scale", { label: "weight scale", min: 0.2, max: 6, step: 0.1 }),
      slider(model, "back", { label: "steps back", min: 0, max: T, step: 1, text: String }),
      buttons([["Draw new nets", () => write(model, "seed", model.get("seed") + 1), "seed"]]),
    ],
    height: (width) => (width < 480 ? 300 : 340),
    compute,
    build,
    describe: ({ sizes, at }) => {
      const one = ([key, , name], k) => `${name} ${scientific(sizes[key][k])}`;
      const left = (k) => KINDS.map((kind) => one(kind, k)).join(", ");
      return `A gradient of length 1, ${at} steps back: ${left(at)}. All ${T} steps back: ${left(T)}.`;
    },
  });

export default { render };
