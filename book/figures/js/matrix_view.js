// Matrices, and heat maps of them on the canvas below the drawing: blue where positive, orange where
// negative.

// A matrix: `rows` × `cols` numbers, row by row in `at`.
const matrix = (rows, cols, at = new Float64Array(rows * cols)) => ({ rows, cols, at });
const rowOf = ({ cols, at }, i) => at.subarray(i * cols, (i + 1) * cols);
const listed = (M) => Array.from({ length: M.rows }, (_, i) => Array.from(rowOf(M, i)));

// Columns from … to … of a matrix.
function columnsOf(M, from, to) {
  const part = matrix(M.rows, to - from);
  for (let i = 0; i < M.rows; i++) rowOf(part, i).set(rowOf(M, i).subarray(from, to));
  return part;
}

function transposed(M) {
  const turned = matrix(M.cols, M.rows);
  for (let i = 0; i < M.rows; i++)
    for (let j = 0; j < M.cols; j++) turned.at[j * M.rows + i] = M.at[i * M.cols + j];
  return turned;
}

// `clear()`, then `paint(M, x, y, cell, most)`: every number a square of `cell` pixels, or a rectangle
// of `cell[0]` × `cell[1]`, with the full colour at ±most.
function matrixCanvas(drawing, width, height) {
  const { clear } = underlay(drawing, width, height);
  const context = drawing.previousElementSibling.getContext("2d");
  const rooms = new Map();
  const room = (rows, cols) => {
    const key = `${rows} ${cols}`;
    if (!rooms.has(key)) {
      const canvas = html("canvas");
      Object.assign(canvas, { width: cols, height: rows });
      const own = canvas.getContext("2d");
      const image = own.createImageData(cols, rows);
      rooms.set(key, { canvas, own, image, colours: new Uint32Array(image.data.buffer) });
    }
    return rooms.get(key);
  };
  const paint = (M, x, y, cell, most = largest(M)) => {
    const { canvas, own, image, colours } = room(M.rows, M.cols);
    for (let i = 0; i < colours.length; i++) {
      const share = Number.isFinite(M.at[i]) ? clamp(M.at[i] / most, -1, 1) : 0;
      colours[i] = COLOURS[Math.round(127.5 * (share + 1))];
    }
    own.putImageData(image, 0, 0);
    context.imageSmoothingEnabled = false;
    const [across, down] = Array.isArray(cell) ? cell : [cell, cell];
    context.drawImage(canvas, x, y, M.cols * across, M.rows * down);
  };
  return { clear, paint };
}

// The largest size of an entry; what the mask hides does not count.
const largest = (M) =>
  M.at.reduce((most, x) => (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most), 1e-9);
