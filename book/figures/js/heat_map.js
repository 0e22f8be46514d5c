// Functions on the plane as heat maps: blue where positive, orange where negative. They lie on one
// canvas behind the drawing, where much can change in every frame. Their colours are of middle
// lightness and see-through, so they suit a light and a dark page.

const SIDE = 50; // points along each edge of a map
const BLUE = [47, 127, 193];
const ORANGE = [207, 106, 23];
const GREY = [122, 122, 122];

// The middles of SIDE × SIDE cells, row by row from the top.
function gridPlaces(reach, side = SIDE) {
  const places = new Float64Array(2 * side * side);
  for (let i = 0; i < side * side; i++) {
    places[2 * i] = reach * ((2 * (i % side) + 1) / side - 1);
    places[2 * i + 1] = reach * (1 - (2 * Math.floor(i / side) + 1) / side);
  }
  return places;
}

// 256 colours from −1 to 1, each as one number of four bytes.
const COLOURS = new Uint32Array(
  Uint8ClampedArray.from({ length: 4 * 256 }, (_, i) => {
    const value = (2 * (i >> 2)) / 255 - 1;
    return i % 4 === 3 ? 215 * Math.abs(value) ** 0.8 : (value < 0 ? ORANGE : BLUE)[i % 4];
  }).buffer,
);

// Room for a map of `side` × `side` cells.
function makeCells(side) {
  const canvas = html("canvas");
  Object.assign(canvas, { width: side, height: side });
  const context = canvas.getContext("2d");
  const image = context.createImageData(side, side);
  return { canvas, context, image, colours: new Uint32Array(image.data.buffer) };
}

// A canvas under the drawing, in the same pixels: `clear` it, then `paint` maps and `stroke` paths.
function underlay(drawing, width, height) {
  if (drawing.previousElementSibling?.matches("canvas")) drawing.previousElementSibling.remove();
  const sharpness = Math.min(2, window.devicePixelRatio || 1);
  const canvas = html("canvas", { "aria-hidden": "true" });
  Object.assign(canvas, { width: width * sharpness, height: height * sharpness });
  const px = (size) => `${size}px`;
  Object.assign(canvas.style, {
    display: "block",
    width: px(width),
    height: px(height),
    marginBottom: px(-height),
  });
  drawing.before(canvas);
  const context = canvas.getContext("2d");
  context.scale(sharpness, sharpness);
  const rooms = new Map();

  // values[start], values[start + gap], …: SIDE × SIDE of them, of which every `skip`-th along both
  // edges is shown; `to` maps them to [−1, 1]
  const paint = (values, { start = 0, gap = 1, skip = 1, to }, x, y, size) => {
    const side = Math.ceil(SIDE / skip);
    if (!rooms.has(side)) rooms.set(side, makeCells(side));
    const cells = rooms.get(side);
    for (let i = 0, at = 0; i < SIDE; i += skip)
      for (let j = 0; j < SIDE; j += skip, at++)
        cells.colours[at] =
          COLOURS[Math.round(127.5 * (clamp(to(values[start + (i * SIDE + j) * gap]), -1, 1) + 1))];
    cells.context.putImageData(cells.image, 0, 0);
    context.drawImage(cells.canvas, x, y, size, size);
  };
  const stroke = (path, [r, g, b], lineWidth, opacity, dashes) => {
    Object.assign(context, { lineWidth, strokeStyle: `rgba(${r}, ${g}, ${b}, ${opacity})` });
    context.setLineDash(dashes);
    context.stroke(path);
  };
  return { clear: () => context.clearRect(0, 0, width, height), paint, stroke };
}

// The line where the values, side × side of them, pass zero: the path's `d` in a square of `size`.
function zeroLine(values, left, top, size, side = SIDE) {
  const parts = [];
  const cell = size / side;
  for (let i = 0; i + 1 < side; i++) {
    for (let j = 0; j + 1 < side; j++) {
      const at = i * side + j;
      const corners = [values[at], values[at + 1], values[at + side + 1], values[at + side]];
      const above = corners.filter((value) => value > 0).length;
      if (above % 4 === 0) continue;
      const cuts = corners.flatMap((here, corner) => {
        const there = corners[(corner + 1) % 4];
        if (here > 0 === there > 0) return [];
        const [x, y, along, down] = EDGE_OF_CELL[corner];
        const share = here / (here - there);
        const [column, row] = [j + 0.5 + x + share * along, i + 0.5 + y + share * down];
        return [[left + column * cell, top + row * cell]];
      });
      for (let cut = 0; cut + 1 < cuts.length; cut += 2) parts.push(path(cuts.slice(cut, cut + 2)));
    }
  }
  return parts.join("");
}

// From one corner of a cell to the next, clockwise: where it starts, and where it leads.
const EDGE_OF_CELL = [
  [0, 0, 1, 0],
  [1, 0, 0, 1],
  [1, 1, -1, 0],
  [0, 1, 0, -1],
];
