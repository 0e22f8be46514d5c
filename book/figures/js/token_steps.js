// The steps of a walk through the tiny GPT: what each is called, computes, needs and shows.

// One head's rows of W_qkv: its queries', its keys' and its values'.
function headRows(W, head) {
  const rows = matrix(3 * EACH, WIDTH);
  for (let part = 0; part < 3; part++)
    for (let i = 0; i < EACH; i++)
      rowOf(rows, part * EACH + i).set(rowOf(W, part * WIDTH + head * EACH + i));
  return rows;
}

// Each step: title, equation, what it says, the parameters it uses, and `lines`: the panels of the
// drawing, line by line, as [name, matrix, kind]. Of kind "weight" are parameters; the last panel
// is what comes out.
const opening = [
  {
    title: "Text becomes one-hot rows",
    equation: "row t of O has its 1 at character t",
    says: "Every character of the text is one row with a single 1, at its place in the alphabet of 30.",
    lines: ({ run }) => [[["O", run.one_hot, "letters"]]],
  },
  {
    title: "Embedding: look up a row of E",
    equation: "e = O E",
    says: "A row of E for each character: the same character gets the same 48 numbers wherever it stands.",
    uses: ["embedding"],
    lines: ({ run, params }) => [
      [["O", run.one_hot, "letters"]],
      [
        ["E", params.embedding, "weight"],
        ["e", run.embedded],
      ],
    ],
  },
  {
    title: "Position: sines and cosines",
    equation: "s = sin or cos of t / 10000^(2i/48)",
    says: "Attention alone would not know what comes first. These numbers depend on the place only, and nothing in them is learned.",
    lines: ({ run }) => [[["s", run.positions]]],
  },
  {
    title: "Their sum starts the stream",
    equation: "x = e + s",
    says: "From here on each character has one row of 48 numbers, to which every layer adds: the residual stream.",
    lines: ({ run }) => [
      [
        ["e", run.embedded],
        ["s", run.positions],
      ],
      [["x", run["x.0"]]],
    ],
  },
];

const blockSteps = (l) => {
  const at = (name) => `${name}.${l}`;
  const own = (name) => `${l}.${name}`;
  const head = ({ run, head }) => run.heads[l][head];
  return [
    {
      title: "Layer norm",
      equation: "a = γ (x − mean) / √(variance + 10⁻⁵) + β",
      says: "Each row on its own is brought to mean 0 and spread 1, then scaled and shifted. The stream itself stays as it is.",
      uses: ["norm1.weight", "norm1.bias"].map(own),
      lines: ({ run }) => [[["x", run[at("x")]]], [["a", run[at("a")]]]],
    },
    {
      title: "Query, key and value of the head",
      equation: "[q, k, v] = W a + b",
      says: "Three linear maps of the same row: what it looks for, what it is found by, and what it hands over. Each head has 12 numbers of each.",
      uses: ["self_attn.in_proj_weight", "self_attn.in_proj_bias"].map(own),
      lines: (view) => [
        [
          ["a", view.run[at("a")]],
          ["W", headRows(view.params[own("self_attn.in_proj_weight")], view.head), "weight"],
        ],
        [
          ["q", head(view).Q],
          ["k", head(view).K],
          ["v", head(view).V],
        ],
      ],
    },
    {
      title: "Scores: each query against each key",
      equation: "S = Q Kᵀ / √12",
      says: "A row for every query, a column for every key; blue where they point the same way.",
      lines: (view) => [
        [
          ["q", head(view).Q],
          ["k", head(view).K],
        ],
        [["S", head(view).scores, "square"]],
      ],
    },
    {
      title: "Mask: nobody sees the future",
      equation: "S[t, s] = −∞ where s > t",
      says: "What stands to the right of the diagonal would be the answer itself, so it is struck out.",
      lines: (view) => [
        [
          ["S", head(view).scores, "square"],
          ["masked", head(view).allowed, "square"],
        ],
      ],
    },
    {
      title: "Softmax: scores become weights",
      equation: "P = softmax(S), row by row",
      says: "Every row adds up to 1: how the character shares its attention among itself and those before it.",
      lines: (view) => [
        [
          ["masked", head(view).allowed, "square"],
          ["P", head(view).P, "square"],
        ],
      ],
    },
    {
      title: "Mixing the values",
      equation: "m = P V",
      says: "The rows of V, averaged with these weights: what the head brings back from where it looked.",
      lines: (view) => [
        [
          ["P", head(view).P, "square"],
          ["v", head(view).V],
        ],
        [["m", head(view).mixed]],
      ],
    },
    {
      title: "All heads side by side, projected",
      equation: "o = W_o [m₁, m₂, m₃, m₄] + b_o",
      says: "The four heads' 12 numbers make 48 again, and W_o blends what the heads found.",
      uses: ["self_attn.out_proj.weight", "self_attn.out_proj.bias"].map(own),
      lines: ({ run, params }) => [
        [
          ["[m₁…m₄]", run[at("merged")]],
          ["W_o", params[own("self_attn.out_proj.weight")], "weight"],
        ],
        [["o", run[at("attended")]]],
      ],
    },
    {
      title: "Residual: added to the stream",
      equation: "x ← x + o",
      says: "Attention does not replace the row, it adds to it; where it has nothing to say, the row passes unchanged.",
      lines: ({ run }) => [
        [
          ["x", run[at("x")]],
          ["o", run[at("attended")]],
        ],
        [["x + o", run[at("middle")]]],
      ],
    },
    {
      title: "Layer norm again",
      equation: "c = γ (x − mean) / √(variance + 10⁻⁵) + β",
      says: "As before attention, with a scale and a shift of its own.",
      uses: ["norm2.weight", "norm2.bias"].map(own),
      lines: ({ run }) => [[["x", run[at("middle")]]], [["c", run[at("c")]]]],
    },
    {
      title: "Feed-forward: up to 192 units",
      equation: "h = max(0, W₁ c + b₁)",
      says: "Each row on its own, through 192 units with ReLU. Empty columns are units that nothing in this text wakes.",
      uses: ["linear1.weight", "linear1.bias"].map(own),
      lines: ({ run, params }) => [
        [["c", run[at("c")]]],
        [["W₁ᵀ", transposed(params[own("linear1.weight")]), "weight"]],
        [["h", run[at("h")]]],
      ],
    },
    {
      title: "Feed-forward: down to 48",
      equation: "f = W₂ h + b₂",
      says: "What the units that answered have to add to the stream.",
      uses: ["linear2.weight", "linear2.bias"].map(own),
      lines: ({ run, params }) => [
        [["h", run[at("h")]]],
        [["W₂", params[own("linear2.weight")], "weight"]],
        [["f", run[at("fed")]]],
      ],
    },
    {
      title: "Residual: added to the stream",
      equation: "x ← x + f",
      says:
        l + 1 < LAYERS
          ? "That is one block. The next does the same with weights of its own."
          : "That was the last block.",
      lines: ({ run }) => [
        [
          ["x", run[at("middle")]],
          ["f", run[at("fed")]],
        ],
        [["x + f", run[`x.${l + 1}`]]],
      ],
    },
  ];
};

const ending = [
  {
    title: "The last layer norm",
    equation: "a = γ (x − mean) / √(variance + 10⁻⁵) + β",
    says: "The stream has grown on its way; the read-out gets it at spread 1 again.",
    uses: ["norm.weight", "norm.bias"],
    lines: ({ run }) => [[["x", run[`x.${LAYERS}`]]], [["a", run.last]]],
  },
  {
    title: "Logits: a score for every character",
    equation: "z = W_out a + b_out",
    says: "Thirty numbers a row: how well each character of the alphabet would come next.",
    uses: ["out.weight", "out.bias"],
    lines: ({ run, params }) => [
      [["a", run.last]],
      [
        ["W_out", params["out.weight"], "weight"],
        ["z", run.logits, "letters"],
      ],
    ],
  },
  {
    title: "Softmax: logits become probabilities",
    equation: "p = softmax(z), row by row",
    says: "Every row is now a guess at its next character; in training all of them were marked at once.",
    lines: ({ run }) => [[["z", run.logits, "letters"]], [["p", run.p, "letters"]]],
  },
  {
    title: "The next character",
    equation: "draw from softmax(z / temperature)",
    says: "What is drawn after the last character is written behind the text, and the walk can begin again.",
    bars: true,
    lines: ({ run }) => [[["p", run.p, "letters"]]],
  },
];

const STEPS = [...opening, ...blockSteps(0), ...blockSteps(1), ...ending];
// Where the groups of steps begin, on the strip above the drawing.
const GROUPS = [
  [0, "text in"],
  [opening.length, "block 1"],
  [opening.length + 12, "block 2"],
  [opening.length + 24, "out"],
];
const LAST = STEPS.length - 1;

const size = ({ at }) => at.length;
const countOf = (params, uses = []) => sum(uses.map((name) => size(params[name])));
