// A pad to draw on, and every feature map of a trained net, live.

// The last result of a function of texts and numbers is kept: weights are decoded only once.
function keeping(f) {
  let last = [];
  let result;
  return (...inputs) => {
    if (inputs.some((one, n) => one !== last[n])) [last, result] = [inputs, f(...inputs)];
    return result;
  };
}

const paramsOf = keeping(decoded);
const pixelsOf = keeping((examples, at) => {
  const pixels = bytesOf(examples).subarray(784 * at, 784 * (at + 1));
  return Float64Array.from(pixels, (dark) => dark / 255);
});
const exampleImage = (model) => pixelsOf(model.get("examples"), model.get("example"));

// Of every map its sum and its weighted sum, by which tests compare it with Python's.
const CHECK = Float64Array.from({ length: 784 }, uniform(1));

function sums(values, size) {
  const found = [];
  for (let start = 0; start < values.length; start += size) {
    let [plain, weighted] = [0, 0];
    for (let n = 0; n < size; n++) {
      plain += values[start + n];
      weighted += values[start + n] * CHECK[n];
    }
    found.push([plain, weighted]);
  }
  return found;
}

function imageOf(model) {
  const strokes = model.get("strokes").filter((one) => one.length);
  if (model.get("example") >= 0) {
    const drawn = ink(strokes.map((one) => one.map((v) => 28 * v)));
    return exampleImage(model).map((dark, at) => Math.max(dark, drawn[at]));
  }
  return strokes.length ? centred(strokes) : new Float64Array(784);
}

function compute(model) {
  const params = paramsOf(model.get("weights"));
  const image = imageOf(model);
  const { maps, p, scores } = forward(params, image);
  const layer = model.get("layer");
  const { maps: many, side, jump, field } = LAYERS[layer];
  const [f, i, j] = [
    ["map", many],
    ["row", side],
    ["column", side],
  ].map(([key, most]) => Math.min(model.get(key), most - 1));
  const each = Object.entries(maps).map(([name, values]) => [
    name,
    sums(values, LAYERS[name].side ** 2),
  ]);
  const state = {
    image: [...image],
    p,
    unit: [f, i, j],
    value: maps[layer][(f * side + i) * side + j],
    field: [i * jump - 2, j * jump - 2, field],
    ...lookAt(layer, [f, i, j], params, image, maps),
    sums: { image: sums(image, 784), ...Object.fromEntries(each) },
    layer,
    example: model.get("example"),
    truth: model.get("truth")[model.get("example")],
    strokes: model.get("strokes"),
    pen: [...model.get("pen"), model.get("pen_down")],
  };
  // The drawing needs these too, but they are too many to write out at every move of the pen.
  for (const [name, value] of Object.entries({ maps, params, scores }))
    Object.defineProperty(state, name, { value });
  return state;
}

// ---- drawing -------------------------------------------------------------------------------

const ROWS = ["conv1", "relu1", "pool1", "conv2", "relu2", "pool2"];
const HEADING = 21; // for the words above a layer's maps

function layoutOf(width) {
  const wide = width >= 600;
  const left = wide ? Math.min(360, width / 2) : width; // the column of the pad
  const pad = Math.min(236, left - 124);
  const pitch = (wide ? width - left - 22 : width) / 8;
  const maps = { left: wide ? left + 22 : 0, top: wide ? 0 : pad + 140, pitch };
  maps.height = ROWS.length * HEADING + 9 * pitch;
  const lens = wide ? pad + 142 : maps.top + maps.height + 16;
  return { left, pad, maps, lens, height: Math.max(lens + LENS_HEIGHT, maps.top + maps.height) };
}

function build(drawing, width, height, model) {
  const { clear, picture } = gallery(drawing, width, height);
  const { left, pad: size, maps, lens } = layoutOf(width);
  const parts = [
    buildPad(drawing, picture, size, model),
    buildSeen(drawing, picture, { left: size + 12, size: left - size - 12 }),
    buildClasses(drawing, { top: PADTOP + size + 20, width: left, model }),
    buildMaps(drawing, picture, maps, model),
    buildLens(drawing, picture, { left: 0, top: lens, width: left, model }),
  ];
  // On a phone the buttons are far below the pad, so one that clears stands beside it.
  buildClear(drawing, { left: size + 12, top: PADTOP + size - 32, width: left - size - 12, model });
  return (state) => {
    clear();
    parts.forEach((draw) => draw(state));
  };
}

function buildSeen(drawing, picture, { left, size }) {
  const field = box(0, 0, 0, 0, "curve green");
  const id = freshId();
  drawing.append(
    line(left, 13, size > 125 ? "what the net sees" : "the net sees", "small strong"),
    box(left, PADTOP, size, size, "axis"),
    svg("clipPath", { id }, box(left - 2, PADTOP - 2, size + 4, size + 4)),
    svg("g", { "clip-path": `url(#${id})` }, field),
    line(left, PADTOP + size + 17, "green: the part", "small green"),
    line(left, PADTOP + size + 33, "that counts for the", "small green"),
    line(left, PADTOP + size + 49, "unit looked at", "small green"),
  );
  return ({ image, field: [i, j, span] }) => {
    picture(image, { rows: 28 }, left, PADTOP, size);
    const cell = size / 28;
    const place = { x: left + j * cell, y: PADTOP + i * cell };
    set(field, { ...place, width: span * cell, height: span * cell });
  };
}

function buildClasses(drawing, { top, width, model }) {
  const pitch = width / 10;
  const [high, bottom] = [44, top + 70];
  const heading = line(0, top + 12, "", "small strong");
  const bars = patches(10).map((k) => {
    const x = k * pitch;
    const bar = svg("rect", { x: x + 3, width: pitch - 6, class: "blue-fill" });
    const name = line(x + pitch / 2, bottom + 16, String(k), "small strong", "middle");
    const chosen = box(x + 1, bottom - high, pitch - 2, high + 21, "curve green");
    const hit = svg("rect", {
      ...{ x, y: bottom - high, width: pitch, height: high + 22, class: "drag-area" },
      style: "cursor: pointer",
      "data-class": k,
    });
    drag(hit, () => {
      model.set("layer", "logits");
      write(model, "map", k);
    });
    drawing.append(bar, name, chosen, hit);
    return { bar, chosen };
  });
  drawing.append(
    heading,
    svg("line", { x1: 0, x2: width, y1: bottom, y2: bottom, class: "axis" }),
  );
  return ({ p, layer, unit }) => {
    const first = p.indexOf(Math.max(...p));
    heading.textContent = `probability: it says ${first}, ${percent(p[first])}`;
    bars.forEach(({ bar, chosen }, k) => {
      set(bar, { y: bottom - high * p[k], height: high * p[k] });
      set(chosen, { visibility: layer === "logits" && unit[0] === k ? "visible" : "hidden" });
    });
  };
}

function buildMaps(drawing, picture, { left, top, pitch }, model) {
  const size = pitch - 4;
  const frame = box(0, 0, size + 2, size + 2, "curve green");
  const places = {};
  let y = top;
  for (const layer of ROWS) {
    const { maps, side } = LAYERS[layer];
    drawing.append(line(left, y + 14, `${nameOf(layer)}: ${maps} maps of ${side} × ${side}`));
    y += HEADING;
    places[layer] = patches(maps).map((map) => {
      const place = { x: left + 2 + (map % 8) * pitch, y: y + Math.floor(map / 8) * pitch };
      const hit = svg("rect", { ...place, width: size, height: size, class: "drag-area" });
      set(hit, { style: "cursor: pointer; touch-action: pan-y", "data-map": `${layer} ${map}` });
      drag(hit, (px, py) => {
        const unit = [py - place.y, px - place.x].map((at) =>
          clamp(Math.floor((at / size) * side), 0, side - 1),
        );
        Object.entries({ layer, map, row: unit[0] }).forEach((pair) => model.set(...pair));
        write(model, "column", unit[1]);
      });
      drawing.append(box(place.x, place.y, size, size), hit);
      return place;
    });
    y += (maps / 8) * pitch;
  }
  drawing.append(frame);
  return ({ maps, layer, unit }) => {
    for (const name of ROWS) {
      const { side } = LAYERS[name];
      places[name].forEach((place, map) => {
        const part = { start: map * side * side, rows: side, most: MOST[name] };
        picture(maps[name], part, place.x, place.y, size);
      });
    }
    const place = places[layer]?.[unit[0]];
    set(frame, { visibility: place ? "visible" : "hidden" });
    if (place) set(frame, { x: place.x - 1, y: place.y - 1 });
  };
}

// ---- controls ------------------------------------------------------------------------------

function exampleButtons(model) {
  const nodes = model.get("truth").map((truth, at) => {
    const name = at < 10 ? `test digit ${truth}` : `a misread test digit ${truth}`;
    const style = "min-width: 28px; padding: 0";
    const node = html("button", { type: "button", "aria-label": name, "data-example": at, style });
    node.textContent = truth;
    node.addEventListener("click", () => clearPad(model, at));
    return node;
  });
  const row = (words, list) => {
    const name = html("span", { style: "flex-basis: 100%" }, words);
    return html("div", { class: "ticks", style: "gap: 0 4px" }, name, ...list);
  };
  return {
    nodes: [
      row("digits of the test set", nodes.slice(0, 10)),
      row("and some that the net misreads", nodes.slice(10)),
    ],
    show: ({ example }) =>
      nodes.forEach((node, at) => node.setAttribute("aria-pressed", String(at === example))),
  };
}

// ---- in words ------------------------------------------------------------------------------

const percent = (p) => {
  if (p > 0.999) return "over 99.9\u00a0%";
  return p < 0.001 ? "under 0.1\u00a0%" : `${fixed(100 * p, 1)}\u00a0%`;
};

function describe({ p, layer, unit: [map, row, column], value, example, truth, strokes }) {
  const order = patches(10).sort((a, b) => p[b] - p[a]);
  const known = example >= 0 && !strokes.length;
  const verdict = known && order[0] !== truth ? ` The test digit is a ${truth}: misread.` : "";
  const [first, second] = order.map((k) => `${k} (${percent(p[k])})`);
  return (
    `The net says ${first}, then ${second}.` +
    `${verdict} In ${titleOf(layer, map)}, row ${row + 1}, column ${column + 1}: ${fixed(value)}.`
  );
}

const render = (context) =>
  figure(context, {
    label: "A digit, and the feature maps and class probabilities of a trained convolutional net",
    ask: [
      "Before you draw: ",
      "which of the first eight maps will answer to an upright stroke, and which to a level one?",
    ],
    answer: ({ example, strokes }) =>
      example < 0 && strokes.length
        ? "In ReLU 1, map 5 answers to an upright stroke some seven times as much as to a level " +
          "one, maps 1 and 4 two to three times as much to a level one, and the others to both. " +
          "Nobody told them what to look for."
        : "Press Clear and draw a single stroke to find out.",
    watch: ["example", "strokes", "pen", "pen_down", "layer", "map", "row", "column"],
    controls: (model) => [
      padButtons(model),
      exampleButtons(model),
      choice(model, "layer", {
        label: "look at",
        options: Object.keys(LAYERS).map((layer) => [
          layer,
          layer === "logits" ? "evidence for a class" : nameOf(layer),
        ]),
      }),
      steppers([
        stepper(model, "map", {
          label: "map or class",
          high: ({ layer }) => LAYERS[layer].maps - 1,
          now: ({ unit }) => unit[0],
          text: ({ layer, unit }) => (layer === "logits" ? unit[0] : unit[0] + 1),
        }),
      ]),
      ...["row", "column"].map((key, at) =>
        unitSlider(model, key, {
          label: key,
          high: ({ layer }) => LAYERS[layer].side - 1,
          now: ({ unit }) => unit[1 + at],
          text: ({ unit }) => String(unit[1 + at] + 1),
        }),
      ),
    ],
    height: (width) => layoutOf(width).height,
    compute,
    build,
    describe,
  });

export default { render, forward, decoded };
