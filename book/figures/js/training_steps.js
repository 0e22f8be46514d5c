// The controls of a figure that trains `stride` steps at a time, up to `most`: a slider over the
// steps, and the buttons that train or pause, take another seed, and go back to the start.
function trainingSteps(model, root, { most, stride, pause }) {
  const timer = clock(
    root,
    () => {
      write(model, "steps", Math.min(most, model.get("steps") + stride));
      return model.get("steps") < most;
    },
    pause,
  );
  const run = () => (timer.running() ? timer.stop() : timer.start());
  const begin = (change) => {
    timer.stop();
    model.set("steps", 0);
    change();
    model.save_changes();
  };
  const steps = slider(model, "steps", { label: "steps", min: 0, max: most, step: 1, text: String });
  const starts = buttons(
    [
      ["Train", run, "train"],
      ["Another start", () => begin(() => model.set("seed", model.get("seed") + 1)), "seed"],
      ["Back to the start", () => begin(() => {}), "reset"],
    ],
    (_, train, other, back) => {
      train.disabled = model.get("steps") >= most;
      back.disabled = model.get("steps") === 0;
    },
    timer.end,
  );
  return { steps, starts };
}
