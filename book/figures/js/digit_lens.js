// One unit of the net, enlarged: its map, what it saw, its weights, and how its value comes about.

const MOST = { conv1: 2.5, relu1: 2.5, pool1: 2.5, conv2: 6, relu2: 3.5, pool2: 4.5, logits: 3 };
const LENS_HEIGHT = 184;

const nameOf = (layer) =>
  ({
    conv1: "convolution 1",
    relu1: "ReLU 1",
    pool1: "pooling 1",
    conv2: "convolution 2",
    relu2: "ReLU 2",
    pool2: "pooling 2",
    logits: "evidence",
  })[layer];

const titleOf = (layer, map) =>
  layer === "logits" ? `evidence for class ${map}` : `${nameOf(layer)}, map ${map + 1}`;

function buildLens(drawing, picture, { left, top, width, model }) {
  const size = 140;
  const from = left + size + 16; // where what it saw begins
  const room = left + width - from;
  const heading = line(left, top + 12, "", "strong");
  const place = { x: left, y: top + 24, width: size, height: size };
  const frame = box(place.x, place.y, size, size, "axis");
  const chosen = box(0, 0, 0, 0, "curve green");
  const area = svg("rect", { ...place, class: "drag-area", "data-drag": "lens" });
  set(area, { style: "cursor: crosshair; touch-action: none" });
  const words = patches(7).map(() => line(from, 0));
  const marks = svg("path", { class: "grid" });
  const best = box(0, 0, 0, 0, "curve green");
  drawing.append(heading, frame, marks, chosen, best, ...words, area);
  drag(area, (x, y) => {
    const { side } = LAYERS[model.get("layer")];
    const [row, column] = [y - place.y, x - place.x].map((at) =>
      clamp(Math.floor((at / size) * side), 0, side - 1),
    );
    model.set("row", row);
    write(model, "column", column);
  });

  // Lines of text at [y, text], the rest empty.
  const say = (lines) =>
    words.forEach((node, n) => {
      const [y, text, x = from] = lines[n] ?? [0, ""];
      set(node, { x, y: place.y + y });
      node.textContent = text;
    });
  const value = (x) => fixed(x);
  const exact = (x) => fixed(x, 3); // where sums are to be seen to hold

  const kinds = {
    conv1({ saw, added, params, unit: [f], value: z }) {
      const side = Math.min(84, (room - 12) / 2);
      picture(saw, { rows: 5 }, from, place.y + 18, side);
      picture(params.W1, { start: 25 * f, rows: 5 }, from + side + 12, place.y + 18, side);
      outline([from, from + side + 12], place.y + 18, side);
      say([
        [11, "it saw"],
        [11, "its kernel", from + side + 12],
        [side + 42, `products add up to ${exact(added[0])}`],
        [side + 60, `${exact(added[0])} ${plus(params.b1[f])} = ${exact(z)}`],
      ]);
    },
    conv2({ saw, added, params, unit: [f], value: z }) {
      const pitch = room / 8;
      const side = pitch - 3;
      const rows = [18, 18 + side + 22];
      patches(8).forEach((c) => {
        const x = from + c * pitch;
        picture(saw, { start: 9 * c, rows: 3, most: 3 }, x, place.y + rows[0], side);
        picture(params.W2, { start: 72 * f + 9 * c, rows: 3 }, x, place.y + rows[1], side);
        picture(added, { start: c, rows: 1, most: 3 }, x, place.y + rows[1] + side + 22, side, 12);
      });
      for (const y of rows) outline(patches(8).map((c) => from + c * pitch), place.y + y, side);
      say([
        [11, "it saw, in the maps below"],
        [rows[1] - 6, "its kernel, 8 slices of 3 × 3"],
        [rows[1] + side + 16, "what each slice adds"],
        [rows[1] + side + 52, `${exact(sum(added))} ${plus(params.b2[f])} = ${exact(z)}`],
      ]);
    },
    relu(state) {
      const z = state.saw[0];
      say([
        [20, `the convolution gave ${value(z)}`],
        [40, z > 0 ? "positive: it stays" : "not positive: it becomes 0"],
      ]);
    },
    pool({ saw, value: most }) {
      const tile = 44;
      picture(saw, { rows: 2, most: 3 }, from, place.y + 18, 2 * tile);
      outline([from], place.y + 18, 2 * tile);
      const winner = saw.indexOf(most);
      set(best, {
        x: from + (winner % 2) * tile,
        y: place.y + 18 + Math.floor(winner / 2) * tile,
        width: tile,
        height: tile,
      });
      say([
        [11, "it saw"],
        ...saw.map((x, n) => [
          18 + Math.floor(n / 2) * tile + 26,
          value(x),
          from + (n % 2) * tile + 9,
        ]),
        [2 * tile + 38, `the largest, ${value(most)}, goes on`],
      ]);
    },
    logits({ saw, added, unit: [k], scores, params }) {
      const pitch = room / 8;
      const side = pitch - 3;
      const at = (n) => [from + (n % 8) * pitch, Math.floor(n / 8) * (side + 3)];
      patches(16).forEach((n) => {
        const [x, y] = at(n);
        picture(saw, { start: n, rows: 1, most: 4 }, x, place.y + 18 + y, side);
        picture(added, { start: n, rows: 1, most: 1.5 }, x, place.y + 38 + 2 * side + 6 + y, side);
      });
      const bottom = 4 * side + 62;
      say([
        [11, "there, the 16 last maps say"],
        [2 * side + 38, `which for a ${k} means`],
        [bottom, `${value(sum(added))} here, ${value(scores[k] - params.b3[k])} in all 36`],
      ]);
    },
  };
  const plus = (b) => `${b < 0 ? "−" : "+"} ${exact(Math.abs(b))}`;
  let outlines = "";
  const outline = (xs, y, side) => {
    outlines += xs.map((x) => `M${x} ${y}h${side}v${side}h${-side}z`).join("");
  };

  return (state) => {
    const [map, row, column] = state.unit;
    const { layer, maps } = state;
    const { side } = LAYERS[layer];
    const cell = size / side;
    heading.textContent = titleOf(layer, map);
    const start = map * side * side;
    picture(maps[layer], { start, rows: side, most: MOST[layer] }, place.x, place.y, size);
    set(chosen, {
      x: place.x + column * cell,
      y: place.y + row * cell,
      width: cell,
      height: cell,
    });
    outlines = "";
    set(best, { width: 0, height: 0 });
    kinds[/relu|pool/.test(layer) ? layer.slice(0, 4) : layer](state);
    set(marks, { d: outlines });
  };
}

// What the unit [f, i, j] of a layer saw below, and what it makes of each part of it.
function lookAt(layer, [f, i, j], { W1, W2, W3 }, image, maps) {
  const cut = (values, channel, side, top, left, k) =>
    patches(k * k).map((n) => {
      const [y, x] = [top + Math.floor(n / k), left + (n % k)];
      const inside = y >= 0 && x >= 0 && y < side && x < side;
      return inside ? values[(channel * side + y) * side + x] : 0;
    });
  const weighed = (seen, W, start) => sum(seen.map((x, n) => x * W[start + n]));
  if (layer === "conv1") {
    const saw = cut(image, 0, 28, i - 2, j - 2, 5);
    return { saw, added: [weighed(saw, W1, 25 * f)] };
  }
  if (layer === "conv2") {
    const windows = patches(8).map((c) => cut(maps.pool1, c, 14, i, j, 3));
    const added = windows.map((seen, c) => weighed(seen, W2, 72 * f + 9 * c));
    return { saw: windows.flat(), added };
  }
  if (layer.startsWith("relu")) {
    const { side } = LAYERS[layer];
    const saw = [maps[`conv${layer[4]}`][(f * side + i) * side + j]];
    return { saw, added: saw };
  }
  if (layer.startsWith("pool")) {
    const below = `relu${layer[4]}`;
    const saw = cut(maps[below], f, LAYERS[below].side, 2 * i, 2 * j, 2);
    return { saw, added: [Math.max(...saw)] };
  }
  const saw = patches(16).map((c) => maps.pool2[(c * 6 + i) * 6 + j]);
  return { saw, added: saw.map((x, c) => x * W3[f * 576 + (c * 6 + i) * 6 + j]) };
}
