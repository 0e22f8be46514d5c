// The tiny GPT's forward pass; book/figures/tiny_gpt.py is its other half, which also trained it.

const ALPHABET = " abcdefghijklmnopqrstuvwxyz,.'";
const [LAYERS, HEADS, WIDTH, HIDDEN, CONTEXT] = [2, 4, 48, 192, 32];
const EACH = WIDTH / HEADS; // numbers in a head's query, key and value
const EPS = 1e-5;

// ---- parameters ----------------------------------------------------------------------------

// Weights as torch keeps them, (out, in); a vector is a matrix of one row.
const BLOCK_SHAPES = {
  "norm1.weight": [1, WIDTH],
  "norm1.bias": [1, WIDTH],
  "self_attn.in_proj_weight": [3 * WIDTH, WIDTH],
  "self_attn.in_proj_bias": [1, 3 * WIDTH],
  "self_attn.out_proj.weight": [WIDTH, WIDTH],
  "self_attn.out_proj.bias": [1, WIDTH],
  "norm2.weight": [1, WIDTH],
  "norm2.bias": [1, WIDTH],
  "linear1.weight": [HIDDEN, WIDTH],
  "linear1.bias": [1, HIDDEN],
  "linear2.weight": [WIDTH, HIDDEN],
  "linear2.bias": [1, WIDTH],
};
const PARAMETER_SHAPES = [
  ["embedding", [ALPHABET.length, WIDTH]],
  ...Array.from({ length: LAYERS }, (_, l) =>
    Object.entries(BLOCK_SHAPES).map(([name, shape]) => [`${l}.${name}`, shape]),
  ).flat(),
  ["norm.weight", [1, WIDTH]],
  ["norm.bias", [1, WIDTH]],
  ["out.weight", [ALPHABET.length, WIDTH]],
  ["out.bias", [1, ALPHABET.length]],
];

// One byte a weight, in base 64, and for each matrix the number that its bytes are multiplied by.
function decode({ codes, scales }) {
  const bytes = Int8Array.from(atob(codes), (c) => c.charCodeAt(0));
  const params = {};
  let start = 0;
  PARAMETER_SHAPES.forEach(([name, [rows, cols]], i) => {
    const end = start + rows * cols;
    const at = Float64Array.from(bytes.subarray(start, end), (byte) => byte * scales[i]);
    params[name] = matrix(rows, cols, at);
    start = end;
  });
  return params;
}

const decoded = new Map();
function paramsOf(model) {
  const net = model.get("net");
  if (!decoded.has(net.codes)) decoded.set(net.codes, decode(net));
  return decoded.get(net.codes);
}

// ---- the steps -----------------------------------------------------------------------------

// Z = X Wᵀ + b
function linear(X, W, b) {
  const Z = matrix(X.rows, W.rows);
  for (let i = 0; i < X.rows; i++)
    for (let j = 0; j < W.rows; j++) {
      let total = b.at[j];
      for (let k = 0, x = i * X.cols, w = j * W.cols; k < X.cols; k++)
        total += X.at[x + k] * W.at[w + k];
      Z.at[i * Z.cols + j] = total;
    }
  return Z;
}

const add = (A, B) =>
  matrix(
    A.rows,
    A.cols,
    A.at.map((a, i) => a + B.at[i]),
  );

function layerNorm(X, gamma, beta) {
  const Y = matrix(X.rows, X.cols);
  for (let i = 0; i < X.rows; i++) {
    const row = rowOf(X, i);
    const mean = sum(Array.from(row)) / X.cols;
    const variance = sum(Array.from(row, (x) => (x - mean) ** 2)) / X.cols;
    const rate = 1 / Math.sqrt(variance + EPS);
    row.forEach((x, j) => (Y.at[i * X.cols + j] = gamma.at[j] * (x - mean) * rate + beta.at[j]));
  }
  return Y;
}

// Row by row; an entry of −∞ gets 0.
function softmaxRows(S) {
  const P = matrix(S.rows, S.cols);
  for (let i = 0; i < S.rows; i++) {
    const row = rowOf(S, i);
    const most = Math.max(...row);
    const e = row.map((s) => Math.exp(s - most));
    const total = sum(Array.from(e));
    rowOf(P, i).set(e.map((one) => one / total));
  }
  return P;
}

function sinusoids(T, d) {
  const P = matrix(T, d);
  for (let t = 0; t < T; t++)
    for (let i = 0; i < d; i += 2) {
      const angle = t / 10000 ** (i / d);
      P.at[t * d + i] = Math.sin(angle);
      P.at[t * d + i + 1] = Math.cos(angle);
    }
  return P;
}

// One head: scores, the scores that the mask leaves, weights, and what is mixed of the values.
function attend(Q, K, V, masked) {
  const none = matrix(1, Q.rows);
  const keys = matrix(
    K.rows,
    K.cols,
    K.at.map((k) => k / Math.sqrt(K.cols)),
  );
  const scores = linear(Q, keys, none);
  const allowed = matrix(
    Q.rows,
    Q.rows,
    scores.at.map((s, i) => (masked && i % Q.rows > Math.floor(i / Q.rows) ? -Infinity : s)),
  );
  const P = softmaxRows(allowed);
  return { Q, K, V, scores, allowed, P, mixed: linear(P, transposed(V), matrix(1, V.cols)) };
}

// Everything the net computes for a row of ids, by the names of the Python half; `heads[l][h]` = 0
// switches a head off.
function forwardGPT(params, ids, { masked = true, heads = null } = {}) {
  const T = ids.length;
  const run = { one_hot: matrix(T, ALPHABET.length), embedded: matrix(T, WIDTH), heads: [] };
  ids.forEach((id, t) => {
    run.one_hot.at[t * ALPHABET.length + id] = 1;
    rowOf(run.embedded, t).set(rowOf(params.embedding, id));
  });
  run.positions = sinusoids(T, WIDTH);
  let x = (run["x.0"] = add(run.embedded, run.positions));
  for (let l = 0; l < LAYERS; l++) {
    const p = (name) => params[`${l}.${name}`];
    const a = layerNorm(x, p("norm1.weight"), p("norm1.bias"));
    const joint = linear(a, p("self_attn.in_proj_weight"), p("self_attn.in_proj_bias"));
    const merged = matrix(T, WIDTH);
    run.heads[l] = Array.from({ length: HEADS }, (_, h) => {
      const [Q, K, V] = [0, 1, 2].map((part) => {
        const from = part * WIDTH + h * EACH;
        return columnsOf(joint, from, from + EACH);
      });
      const head = attend(Q, K, V, masked);
      const on = heads ? heads[l][h] : 1;
      for (let t = 0; t < T; t++)
        rowOf(merged, t).set(
          rowOf(head.mixed, t).map((m) => on * m),
          h * EACH,
        );
      return head;
    });
    const attended = linear(merged, p("self_attn.out_proj.weight"), p("self_attn.out_proj.bias"));
    const middle = add(x, attended);
    const c = layerNorm(middle, p("norm2.weight"), p("norm2.bias"));
    const z = linear(c, p("linear1.weight"), p("linear1.bias"));
    const h = matrix(
      T,
      HIDDEN,
      z.at.map((one) => Math.max(0, one)),
    );
    const fed = linear(h, p("linear2.weight"), p("linear2.bias"));
    x = add(middle, fed);
    const step = { a, merged, attended, middle, c, h, fed };
    for (const [name, value] of Object.entries(step)) run[`${name}.${l}`] = value;
    run[`x.${l + 1}`] = x;
  }
  run.last = layerNorm(x, params["norm.weight"], params["norm.bias"]);
  run.logits = linear(run.last, params["out.weight"], params["out.bias"]);
  run.p = softmaxRows(run.logits);
  return run;
}
