// Back through the net of digit_net.js: how its cross-entropy changes with every pixel. It repeats
// `input_gradient` of book/figures/generative.py.

// The gradient goes to the first of the four that equals the largest.
function unpool(dY, X, maps, side) {
  const out = side / 2;
  const dX = new Float64Array(maps * side * side);
  dY.forEach((d, at) => {
    const j = at % out;
    const corner = 2 * ((at - j) / out) * side + 2 * j;
    const four = [corner, corner + 1, corner + side, corner + side + 1];
    dX[four.reduce((best, one) => (X[one] > X[best] ? one : best))] = d;
  });
  return dX;
}

const through = (dY, Z) => dY.map((d, at) => (Z[at] > 0 ? d : 0));

// dY (filters, out, out) → dX (maps, side, side), with out = side − k + 1
function unconvolve(dY, maps, side, W, filters, k) {
  const out = side - k + 1;
  const dX = new Float64Array(maps * side * side);
  for (let f = 0; f < filters; f++)
    for (let c = 0; c < maps; c++)
      for (let u = 0; u < k; u++)
        for (let v = 0; v < k; v++) {
          const w = W[((f * maps + c) * k + u) * k + v];
          for (let i = 0; i < out; i++) {
            const from = (f * out + i) * out;
            const to = (c * side + i + u) * side + v;
            for (let j = 0; j < out; j++) dX[to + j] += w * dY[from + j];
          }
        }
  return dX;
}

function inputGradient(params, image, label) {
  const { W1, W2, W3 } = params;
  const { maps, p } = forward(params, image);
  const dP2 = new Float64Array(576);
  p.forEach((share, k) => {
    const d = share - (k === label ? 1 : 0);
    for (let n = 0; n < 576; n++) dP2[n] += d * W3[k * 576 + n];
  });
  const dC2 = through(unpool(dP2, maps.relu2, 16, 12), maps.conv2);
  const dP1 = unconvolve(dC2, 8, 14, W2, 16, 3);
  const dC1 = through(unpool(dP1, maps.relu1, 8, 28), maps.conv1);
  const padded = unconvolve(dC1, 1, 32, W1, 8, 5);
  return Float64Array.from({ length: 784 }, (_, at) => {
    const j = at % 28;
    return padded[((at - j) / 28 + 2) * 32 + j + 2];
  });
}
