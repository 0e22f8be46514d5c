// The controls of a figure that trains `stride` steps at a time, up to `most`: a slider over the
// steps, and the buttons that train or pause, go back to step 0, and draw the start anew.
function trainingSteps(model, root, { most, stride, pause, drawn = "weights" }) {
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
      ["Reset", () => begin(() => {}), "reset"],
      [`Draw new ${drawn}`, () => begin(() => model.set("seed", model.get("seed") + 1)), "seed"],
    ],
    (_, train, back) => {
      timer.pauses(train);
      train.disabled = model.get("steps") >= most;
      back.disabled = model.get("steps") === 0;
    },
    timer.end,
  );
  return { steps, starts };
}
